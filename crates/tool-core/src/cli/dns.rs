//! Which DNS servers are asked.

use dns_core::Server;

use crate::env;

/// The options of the tools that ask the DNS.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Shared options")]
pub struct DnsOptions {
    /// Ask this DNS server instead of the system's: ADDRESS[:PORT], udp://…, tcp://…, tls://HOST[:PORT],
    /// https://HOST[:PORT][/PATH]; HOST: ADDRESS, NAME or NAME@ADDRESS (repeatable)
    #[arg(long, value_name = "SERVER", env = env::DNS, hide_env_values = true, value_delimiter = ',')]
    pub dns: Vec<Server>,
}
