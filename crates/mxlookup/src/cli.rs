//! The options of `mxlookup`.

use std::path::PathBuf;

use clap::Command;
use clap::builder::FalseyValueParser;
use dns_core::ResolverConfig;
use dns_core::net::TrustAnchors;
use tool_core::cli::{DnsOptions, TrustOptions, parse_port};
use tool_core::env;

use crate::policy::Policies;

/// What is the tool's alone.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Domains, mail addresses or address literals; none or `-`: one a line from stdin
    #[arg(value_name = "DOMAIN")]
    pub targets: Vec<String>,
    /// Sort hosts of equal preference by name instead of shuffling them
    #[arg(long)]
    pub stable: bool,
    /// Look up the MX only, not the addresses of the hosts
    #[arg(long, conflicts_with = "ptr")]
    pub no_addresses: bool,
    /// Look up the names of the addresses, and whether they lead back
    #[arg(long)]
    pub ptr: bool,
    /// Look up what certificate each host says it has (DANE, RFC 7672), where the host is signed
    #[arg(long, conflicts_with = "no_addresses")]
    pub tlsa: bool,
    /// Look up what TLS the domain asks of those who send to it (MTA-STS, RFC 8461), and fetch that policy
    #[arg(long)]
    pub mta_sts: bool,
    /// Look up where the domain wants reports on TLS (RFC 8460)
    #[arg(long)]
    pub tlsrpt: bool,
    /// Fetch policies from this port
    #[arg(long, value_name = "PORT", env = env::HTTPS_PORT, hide_env_values = true, default_value = "443", value_parser = parse_port)]
    pub https_port: u16,
    /// Fetch policies also from addresses of this machine or link
    #[arg(long, env = env::ALLOW_PRIVATE, hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub allow_private: bool,
    /// Believe what the DNS servers say of DNSSEC (the AD bit) [default: one on this machine, or as resolv.conf says]
    #[arg(long, conflicts_with = "dnssec")]
    pub trust_ad: bool,
    /// Validate every answer from the root down (DNSSEC), whoever gives it
    #[arg(long)]
    pub dnssec: bool,
    /// Validate from the DNSKEY and DS records in this file instead of the root's keys
    #[arg(long, value_name = "FILE", requires = "dnssec")]
    pub trust_anchor: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "documented where it is defined")]
    pub dns: DnsOptions,
    #[command(flatten)]
    #[allow(missing_docs, reason = "documented where it is defined")]
    pub trust: TrustOptions,
}

/// What the options come to.
#[derive(Debug)]
pub struct Job {
    pub(crate) stable: bool,
    pub(crate) addresses: bool,
    pub(crate) ptr: bool,
    pub(crate) tlsa: bool,
    pub(crate) policies: Policies,
    pub(crate) resolver: ResolverConfig,
    /// Where validation begins (`--dnssec`).
    pub(crate) anchors: Option<TrustAnchors>,
    pub(crate) families: dns_core::Families,
}

/// Adds what help says beside the options.
pub fn describe(command: Command) -> Command {
    command.about("Where does mail for this domain go?").after_long_help(
        "Examples:\n  \
         mxlookup port25.com\n  \
         mxlookup user@bücher.example\n  \
         mxlookup port25.com | smtp-ping\n  \
         mxlookup --dnssec --tlsa port25.com | smtp-ping\n  \
         mxlookup --mta-sts --tlsrpt port25.com | smtp-ping\n  \
         mxlookup < domains.txt | jq -r 'select(.status == \"fail\") | [.domain, .error.code] | @tsv'\n  \
         mxlookup --dns 9.9.9.9 --ptr port25.com\n  \
         mxlookup --dns tls://dns.quad9.net@9.9.9.9 port25.com\n\n\
         Exit codes: 0 every domain has a route, 1 one has none, 75 one could not be looked up now,\n\
         2 wrong usage, 74 output failed, 130 interrupted.",
    )
}
