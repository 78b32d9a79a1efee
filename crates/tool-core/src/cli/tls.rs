//! Whether and how sessions are encrypted.

use std::path::PathBuf;

use clap::ValueEnum;
use smtp_core::proto::{TlsLevel, TlsPlan};

use crate::env;

/// The options of the tools that verify certificates.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Shared options")]
pub struct TrustOptions {
    /// Trust the certificates of this PEM file instead of the system's
    #[arg(long, value_name = "FILE", env = env::CA, hide_env_values = true)]
    pub ca: Option<PathBuf>,
}

/// The options of the tools that speak SMTP.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Shared options")]
pub struct TlsOptions {
    /// What is demanded of TLS
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t = Level::May)]
    pub tls: Level,
    /// TLS from the first byte; also on port 465
    #[arg(long)]
    pub implicit: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "documented where it is defined")]
    pub trust: TrustOptions,
}

/// A level of `--tls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Do not use STARTTLS.
    None,
    /// Use it where it is offered.
    #[value(alias = "auto")]
    May,
    /// Hand nothing over without TLS.
    #[value(alias = "starttls")]
    Require,
    /// Hand nothing over without a certificate that verifies.
    Verify,
    /// The same as `--implicit --tls require`.
    #[value(hide = true)]
    Implicit,
}

/// The port of SMTP with TLS from the first byte (RFC 8314 section 7.3).
pub const SUBMISSIONS: u16 = 465;

impl TlsOptions {
    /// What a session to this port is to do. `pass_over`: a STARTTLS refused in order does not
    /// end a session that may go on in clear.
    pub fn plan(&self, port: u16, pass_over: bool) -> TlsPlan {
        let level = match self.tls {
            Level::None => TlsLevel::None,
            Level::May => TlsLevel::May,
            Level::Require | Level::Implicit => TlsLevel::Require,
            Level::Verify => TlsLevel::Verify,
        };
        TlsPlan { level, implicit: self.is_implicit() || port == SUBMISSIONS, pass_over }
    }

    /// Whether TLS from the first byte was asked for.
    pub fn is_implicit(&self) -> bool {
        self.implicit || self.tls == Level::Implicit
    }
}
