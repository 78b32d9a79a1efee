//! How we appear to a server, and what we may connect to.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use smtp_core::proto::{HelloName, Limits, Verb};

use super::{SUBMISSIONS, TlsOptions};
use crate::env;

/// The options of the tools that speak SMTP.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Shared options")]
pub struct SessionOptions {
    /// The name to give in EHLO [default: the host's name, else the literal of its address]
    #[arg(long, visible_alias = "helo", value_name = "NAME", env = env::EHLO, hide_env_values = true, value_parser = parse_name)]
    pub ehlo: Option<HelloName>,
    /// The address to connect from
    #[arg(long, value_name = "ADDRESS", env = env::SOURCE, hide_env_values = true)]
    pub source: Option<IpAddr>,
    /// Speak LMTP (RFC 2033); the port is then 24
    #[arg(long)]
    pub lmtp: bool,
    /// The most sessions with one address at a time [default: 1; smtp-send: as many as -j]
    #[arg(long, value_name = "N")]
    pub per_host: Option<NonZeroU32>,
    /// Connect also to addresses of this machine or link that a DNS MX names
    #[arg(long, env = env::ALLOW_PRIVATE, hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub allow_private: bool,
}

impl SessionOptions {
    /// The command to greet with.
    pub fn verb(&self) -> Verb {
        if self.lmtp { Verb::Lhlo } else { Verb::Ehlo }
    }

    /// The port to connect to where none is named.
    pub fn default_port(&self, tls: &TlsOptions) -> u16 {
        const SMTP: u16 = 25;
        /// Reserved for any private mail system; what LMTP is found at.
        const LMTP: u16 = 24;
        match (self.lmtp, tls.is_implicit()) {
            (true, _) => LMTP,
            (false, true) => SUBMISSIONS,
            (false, false) => SMTP,
        }
    }
}

/// The same limit for every reply; that to QUIT decides nothing, so it is not waited for long.
pub fn reply_limits(reply: Duration) -> Limits {
    const QUIT: Duration = Duration::from_secs(5);
    Limits { quit: reply.min(QUIT), ..Limits::uniform(reply) }
}

fn parse_name(text: &str) -> Result<HelloName, String> {
    HelloName::new(text).map_err(|error| error.to_string())
}

/// The name of this host, if it can be a public one.
pub fn own_name() -> Option<HelloName> {
    let name = rustix::system::uname().nodename().to_str().ok()?.to_ascii_lowercase();
    let public = name.contains('.') && !name.starts_with("localhost.") && !name.ends_with(".localhost");
    HelloName::new(&name).ok().filter(|_| public)
}
