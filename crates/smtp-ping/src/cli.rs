//! The options of `smtp-ping`.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use dns_core::ResolverConfig;
use dns_core::http::Trust;
use dns_core::net::config_with;
use smtp_core::net::LazyTls;
use smtp_core::proto::{AuthPlan, HelloName, Limits, Mailbox, Verb};
use tool_core::cli::{
    AuthOptions, Common, DnsOptions, SessionOptions, TlsOptions, UsageError, own_name, parse_duration,
    parse_port, reply_limits,
};
use tool_core::target::TargetOptions;
use tool_core::{env, read_mailbox};

use crate::expect::Expectations;
use crate::reuse::Results;

/// The most recipients of a transaction.
const MOST_RECIPIENTS: usize = 1_000;

/// What is the tool's alone.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Hosts, or records of mxlookup; none or `-`: one a line from stdin
    #[arg(value_name = "HOST[:PORT]")]
    pub targets: Vec<String>,
    /// The ports to connect to, a record for each [default: 25; 465 with --implicit, 24 with --lmtp]
    #[arg(short, long, value_name = "PORT,…", value_delimiter = ',', value_parser = parse_port, env = env::PORT, hide_env_values = true)]
    pub port: Vec<u16>,
    /// Stop at the first address that works: exactly one record
    #[arg(long)]
    pub first: bool,
    /// Ask whether this recipient is accepted, without sending (repeatable); `-`: the record's `address`
    #[arg(long, value_name = "ADDRESS")]
    pub rcpt: Vec<String>,
    /// The sender to ask with
    #[arg(long, value_name = "ADDRESS", default_value = "<>", value_parser = parse_mailbox)]
    pub from: Mailbox,
    /// The most time to wait for the connection
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    pub connect_timeout: Duration,
    /// The most time to wait for each reply, the greeting included
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    pub reply_timeout: Duration,
    /// Ask the same host, address and port once in a run, and give the first result again
    #[arg(long)]
    pub reuse: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "documented where it is defined")]
    pub expect: Expectations,
    /// Do not look up the names of the addresses
    #[arg(long)]
    pub no_ptr: bool,
    /// Fail if a certificate of the server ends within N days
    #[arg(long, value_name = "N")]
    pub warn_days: Option<u32>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "documented where it is defined")]
    pub session: SessionOptions,
    #[command(flatten)]
    #[allow(missing_docs, reason = "documented where it is defined")]
    pub auth: AuthOptions,
    #[command(flatten)]
    #[allow(missing_docs, reason = "documented where it is defined")]
    pub dns: DnsOptions,
    #[command(flatten)]
    #[allow(missing_docs, reason = "documented where it is defined")]
    pub tls: TlsOptions,
}

/// What the options come to.
#[derive(Debug)]
pub struct Job {
    pub(crate) target: TargetOptions,
    pub(crate) first: bool,
    /// The results so far, with `--reuse`.
    pub(crate) known: Option<Results>,
    pub(crate) verb: Verb,
    pub(crate) per_host: u32,
    /// The name given, or the host's own; else the literal of the connection's address.
    pub(crate) hello: Option<HelloName>,
    /// Whom to ask for; `None` is the record's `address`.
    pub(crate) rcpt: Vec<Option<Mailbox>>,
    pub(crate) from: Mailbox,
    pub(crate) expect: Expectations,
    pub(crate) auth: Option<AuthPlan>,
    pub(crate) tls: TlsOptions,
    pub(crate) client: LazyTls,
    pub(crate) connect_timeout: Duration,
    pub(crate) limits: Limits,
    pub(crate) ptr: bool,
    /// Within how many days no certificate may end (`--warn-days`).
    pub(crate) warn_days: Option<u32>,
    pub(crate) source: Option<IpAddr>,
    pub(crate) resolver: ResolverConfig,
    pub(crate) transcript: bool,
}

impl Job {
    pub(crate) fn new(options: Options, common: &Common, matches: &ArgMatches) -> Result<Self, UsageError> {
        let typed = matches.value_source("port") == Some(ValueSource::CommandLine);
        let (ports, default_ports) = match (options.port.is_empty(), typed) {
            (true, _) => (None, vec![options.session.default_port(&options.tls)]),
            (false, true) => (Some(options.port.clone()), options.port),
            (false, false) => (None, options.port),
        };
        if options.rcpt.len() > MOST_RECIPIENTS {
            return Err(UsageError(format!("--rcpt: at most {MOST_RECIPIENTS} recipients are asked for")));
        }
        let rcpt = options.rcpt.iter().map(|word| match word.as_str() {
            "-" => Ok(None),
            word => parse_mailbox(word)
                .map(Some)
                .map_err(|problem| UsageError(format!("--rcpt {word:?}: {problem}"))),
        });
        let rcpt = rcpt.collect::<Result<_, _>>()?;
        let client = LazyTls::new(options.tls.settings()?)?;
        let resolver = config_with(&options.dns.dns, || options.tls.trust.read(Trust::file))?;
        let target = TargetOptions {
            ports,
            default_ports,
            families: common.families(),
            family_named: common.ipv4 != common.ipv6,
            allow_private: options.session.allow_private,
        };
        Ok(Self {
            target,
            first: options.first,
            known: options.reuse.then(Results::default),
            verb: options.session.verb(),
            per_host: options.session.per_host.map_or(1, NonZeroU32::get),
            hello: options.session.ehlo.or_else(own_name),
            rcpt,
            from: options.from,
            expect: options.expect,
            auth: options.auth.plan("smtp-ping", common.quiet, matches)?,
            tls: options.tls,
            client,
            connect_timeout: options.connect_timeout,
            limits: reply_limits(options.reply_timeout),
            ptr: !options.no_ptr,
            warn_days: options.warn_days,
            source: options.session.source,
            resolver,
            transcript: common.verbose,
        })
    }
}

fn parse_mailbox(text: &str) -> Result<Mailbox, String> {
    read_mailbox(text).map_err(|error| error.to_string())
}

/// Adds what help says beside the options.
pub fn describe(command: Command) -> Command {
    command.about("Does this server speak SMTP, and what does it say?").after_long_help(
        "Examples:\n  \
         smtp-ping mail.port25.com\n  \
         smtp-ping -p 25,587 mail.port25.com\n  \
         smtp-ping --tls verify --warn-days 14 mail.port25.com\n  \
         smtp-ping --rcpt postmaster@port25.com mail.port25.com\n  \
         mxlookup port25.com | smtp-ping\n  \
         mxlookup port25.com | smtp-ping --first\n  \
         mxlookup port25.com | jq -c '.mx[0]' | smtp-ping -v\n\n\
         Exit codes: 0 every address works, 1 one definitely does not, 75 one could not be found out now,\n\
         2 wrong usage, 74 output failed, 130 interrupted.",
    )
}
