//! The options of `myip`.

use std::time::Duration;

use clap::Command;
use clap::builder::FalseyValueParser;
use dns_core::http::Trust;
use dns_core::net::config;
use dns_core::{DomainName, Families, ResolverConfig};
use tool_core::cli::{Common, DnsOptions, TrustOptions, UsageError, parse_duration};
use tool_core::env;

use crate::claim;
use crate::via::{Via, built_in};

/// What is the tool's alone.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Addresses, or records with an `ip`, to look up; `-`: one a line from stdin; none: this machine
    #[arg(value_name = "ADDRESS")]
    pub targets: Vec<String>,
    /// Ask this source instead of the built-in ones: a URL, dns:NAME@SERVER[:PORT][/TYPE], stun:HOST[:PORT] or interface (repeatable)
    #[arg(long, value_name = "SOURCE", env = env::VIA, hide_env_values = true, value_delimiter = ',')]
    pub via: Vec<Via>,
    /// How many sources must name the same address; never more than there are
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    pub quorum: u32,
    /// Wait for all sources, not only for enough of them
    #[arg(long)]
    pub all: bool,
    /// Print the name to give in EHLO and nothing else; that of the IPv4 address unless -6
    #[arg(long, conflicts_with_all = ["targets", "json", "text"])]
    pub name: bool,
    /// Check a name for EHLO: whether it leads to the address, and is a PTR name of it
    #[arg(long, value_name = "NAME", value_parser = claim::read)]
    pub helo: Option<DomainName>,
    /// The most time to wait for the connection to a source
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_duration)]
    pub connect_timeout: Duration,
    /// Take also addresses that are not public
    #[arg(long, env = env::ALLOW_PRIVATE, hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub allow_private: bool,
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
    /// The sources named instead of the built-in ones.
    via: Vec<Via>,
    quorum: usize,
    pub(crate) all: bool,
    pub(crate) name: bool,
    pub(crate) helo: Option<DomainName>,
    pub(crate) connect_timeout: Duration,
    pub(crate) allow_private: bool,
    pub(crate) resolver: ResolverConfig,
    pub(crate) trust: Trust,
    pub(crate) families: Families,
    /// Whether the families are asked for, route or not.
    pub(crate) family_named: bool,
    pub(crate) verbose: bool,
    pub(crate) quiet: bool,
}

impl Job {
    pub(crate) fn new(options: Options, common: &Common) -> Result<Self, UsageError> {
        let trust = options.trust.read(Trust::file)?.unwrap_or_else(Trust::system);
        let resolver = ResolverConfig { trust: trust.clone(), ..config(&options.dns.dns) };
        let families = match (options.name, common.families()) {
            // One line, so one family.
            (true, Families { v4: true, .. }) => Families { v4: true, v6: false },
            (_, families) => families,
        };
        let mut via: Vec<Via> = Vec::new();
        for source in options.via {
            // One source is one word, however often it is named.
            if !via.contains(&source) {
                via.push(source);
            }
        }
        Ok(Self {
            via,
            quorum: usize::try_from(options.quorum).unwrap_or(usize::MAX),
            all: options.all,
            name: options.name,
            helo: options.helo,
            connect_timeout: options.connect_timeout,
            allow_private: options.allow_private,
            resolver,
            trust,
            families,
            family_named: families.v4 != families.v6,
            verbose: common.verbose,
            quiet: common.quiet,
        })
    }

    /// The sources for a family: those that can be asked over it, or all if none can.
    pub(crate) fn sources(&self, v6: bool) -> Vec<Via> {
        if self.via.is_empty() {
            return built_in(v6);
        }
        let fitting: Vec<Via> = self.via.iter().filter(|via| fits(via, v6)).cloned().collect();
        if fitting.is_empty() { self.via.clone() } else { fitting }
    }

    /// Whether IPv6 was not ruled out, neither by options nor by the addresses of the sources.
    pub(crate) fn asks_over_ipv6(&self) -> bool {
        self.families.v6
            && !self.family_named
            && (self.via.is_empty() || self.via.iter().any(|via| fits(via, true)))
    }

    /// How many of so many sources must agree.
    pub(crate) fn quorum(&self, sources: usize) -> usize {
        self.quorum.min(sources).max(1)
    }
}

/// Whether a source can be asked over a family, as far as it tells.
fn fits(via: &Via, v6: bool) -> bool {
    via.address().is_none_or(|(ip, _)| ip.is_ipv6() == v6)
}

/// Adds what help says beside the options.
pub fn describe(command: Command) -> Command {
    command.about("How does the world see this machine?").after_long_help(
        "Without a target the sources are asked for the public address of this machine, one record a\n\
         family; standard input is read only with `-`.\n\n\
         Examples:\n  \
         myip\n  \
         smtp-ping --ehlo \"$(myip --name)\" mail.port25.com\n  \
         myip 192.0.2.25 2001:db8::25\n  \
         mxlookup port25.com | smtp-ping | myip -\n  \
         myip --helo mail.example.com\n  \
         myip --all --via https://icanhazip.com --via dns:myip.opendns.com@resolver1.opendns.com\n  \
         myip -6 --via stun:stun.example.net --via https://ip.example.net/\n\n\
         Exit codes: 0 every address has a name that leads back, 1 one has not, 75 one could not be found\n\
         out now, 2 wrong usage, 74 output failed, 130 interrupted.",
    )
}
