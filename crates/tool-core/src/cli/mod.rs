//! Options that mean the same in every tool, each defined once.

mod auth;
mod dns;
mod session;
mod tls;
mod value;

use std::io::IsTerminal;
use std::num::NonZeroU32;
use std::time::Duration;

use dns_core::Families;

pub use auth::AuthOptions;
pub use dns::DnsOptions;
pub use session::{SessionOptions, own_name, reply_limits};
pub use tls::{Level, SUBMISSIONS, TlsOptions, TrustOptions};
pub use value::{UsageError, parse_duration, parse_port};

use crate::Code;

/// The options of every tool.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Shared options")]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Common {
    /// Use IPv4 only
    #[arg(short = '4')]
    pub ipv4: bool,
    /// Use IPv6 only
    #[arg(short = '6')]
    pub ipv6: bool,
    /// The most targets worked on at a time, up to 10000
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub concurrency: u32,
    /// Begin at most N targets a second
    #[arg(long, value_name = "N")]
    pub rate: Option<NonZeroU32>,
    /// The most time a target may take: 10, 10s, 500ms, 2m
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub timeout: Duration,
    /// Keep the order of the input, within a window of ten times -j
    #[arg(long)]
    pub ordered: bool,
    /// Take records that come in as `unknown` as targets again
    #[arg(long)]
    pub retry: bool,
    /// The longest input line taken, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20, value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    pub max_line: u64,
    /// Write JSON Lines, as in a pipe
    #[arg(long, conflicts_with = "text")]
    pub json: bool,
    /// Write text, as on a terminal
    #[arg(long)]
    pub text: bool,
    /// Say on stderr what is done, word by word
    #[arg(short = 'v', long, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Say nothing on stderr
    #[arg(short = 'q', long)]
    pub quiet: bool,
    /// When to use colour; NO_COLOR is honoured too
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
    /// Exit with 0 whatever the targets came to
    #[arg(long)]
    pub exit_zero: bool,
    /// Print the JSON schema of the records, and end
    #[arg(long)]
    pub schema: bool,
    /// Say what a code means and what to do, and end
    #[arg(long, value_name = "CODE", value_parser = parse_code)]
    pub explain: Option<Code>,
}

/// When the text view is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Common {
    /// Whether stdout gets the readable view.
    pub fn is_text(&self) -> bool {
        self.text || (!self.json && std::io::stdout().is_terminal())
    }

    /// Whether the readable view is coloured (<https://no-color.org>).
    pub fn is_coloured(&self) -> bool {
        match self.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                std::io::stdout().is_terminal()
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        }
    }

    /// The families asked for; both unless one is named.
    pub fn families(&self) -> Families {
        match (self.ipv4, self.ipv6) {
            (true, false) => Families { v4: true, v6: false },
            (false, true) => Families { v4: false, v6: true },
            _ => Families::default(),
        }
    }
}

fn parse_code(word: &str) -> Result<Code, String> {
    word.parse().map_err(|_| {
        let area = word.split('.').next().unwrap_or_default();
        let near: Vec<&str> = Code::ALL
            .iter()
            .map(|code| code.as_str())
            .filter(|code| code.split('.').next() == Some(area))
            .collect();
        match near.is_empty() {
            true => "no such code".to_owned(),
            false => format!("no such code; those of {area}: {}", near.join(" ")),
        }
    })
}
