//! How we appear to a server, and what we may connect to.

use std::net::IpAddr;

use clap::builder::FalseyValueParser;
use smtp_core::proto::HelloName;

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
    /// Connect also to addresses of this machine or link that a DNS MX names
    #[arg(long, env = env::ALLOW_PRIVATE, hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub allow_private: bool,
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
