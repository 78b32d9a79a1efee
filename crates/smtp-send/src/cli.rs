//! The options of `smtp-send`.

use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command, ValueEnum};
use dns_core::ResolverConfig;
use dns_core::http::Trust;
use dns_core::net::config_with;
use smtp_core::net::LazyTls;
use smtp_core::proto::{AuthPlan, HelloName, Limits, Mailbox, Phase};
use tool_core::cli::{
    AuthOptions, Common, DnsOptions, SessionOptions, TlsOptions, UsageError, own_name, parse_duration,
    parse_port, reply_limits,
};
use tool_core::env;
use tool_core::jsonl::Body;
use tool_core::target::TargetOptions;

use crate::message::{Header, Text};

/// The most that is read of a message or a body, in bytes.
const MAX_MESSAGE: u64 = 256 << 20;

/// What is the tool's alone.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Recipients, a message each; or records from stdin (`-`)
    #[arg(value_name = "RECIPIENT")]
    pub targets: Vec<String>,
    /// A recipient (repeatable, or separated by commas)
    #[arg(short, long, value_name = "ADDRESS", value_delimiter = ',')]
    pub to: Vec<String>,
    /// A recipient of a copy
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    pub cc: Vec<String>,
    /// A recipient whom no header names
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    pub bcc: Vec<String>,
    /// The envelope sender, `<>` for none [default: $USER at the host's name]
    #[arg(short, long, value_name = "ADDRESS", env = env::FROM, hide_env_values = true)]
    pub from: Option<String>,
    /// The server to hand the message to, instead of the MX of each recipient's domain
    #[arg(short, long, value_name = "HOST[:PORT]")]
    pub server: Option<String>,
    /// The port to connect to [default: 25; 465 with --implicit, 24 with --lmtp]
    #[arg(short, long, value_name = "PORT", value_parser = parse_port, env = env::PORT, hide_env_values = true)]
    pub port: Option<u16>,
    /// The subject
    #[arg(long, value_name = "TEXT")]
    pub subject: Option<String>,
    /// The text; `@FILE` reads a file, `-` stdin
    #[arg(long, value_name = "TEXT")]
    pub body: Option<String>,
    /// A header of its own, as `Name: value` (repeatable)
    #[arg(long, visible_alias = "add-header", value_name = "HEADER")]
    pub header: Vec<String>,
    /// The whole message, headers included; `@FILE` reads a file, `-` stdin
    #[arg(short, long, value_name = "TEXT", conflicts_with_all = ["body", "subject", "header"])]
    pub data: Option<String>,
    /// Take leave after this phase, before the message is sent
    #[arg(long, value_name = "PHASE", value_enum)]
    pub quit_after: Option<QuitAfter>,
    /// The most time to wait for the connection
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    pub connect_timeout: Duration,
    /// The most time to wait for each reply [default: those of RFC 5321 section 4.5.3.2]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub reply_timeout: Option<Duration>,
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

/// A phase of `--quit-after`, in swaks's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the words are the documentation")]
pub enum QuitAfter {
    Banner,
    FirstEhlo,
    Tls,
    Ehlo,
    Auth,
    Mail,
    Rcpt,
}

impl QuitAfter {
    fn phase(self) -> Phase {
        match self {
            Self::Banner => Phase::Banner,
            Self::FirstEhlo => Phase::Ehlo,
            Self::Tls => Phase::Tls,
            Self::Ehlo => Phase::EhloTls,
            Self::Auth => Phase::Auth,
            Self::Mail => Phase::Mail,
            Self::Rcpt => Phase::Rcpt,
        }
    }
}

/// What the options come to.
#[derive(Debug)]
pub struct Job {
    pub(crate) to: Vec<String>,
    pub(crate) cc: Vec<String>,
    pub(crate) bcc: Vec<String>,
    /// The sender of the command line, which counts before a record's.
    pub(crate) from: Option<String>,
    /// The sender of the environment, or the default, which counts after it.
    pub(crate) default_from: Option<String>,
    pub(crate) server: Option<Body>,
    pub(crate) subject: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) headers: Vec<Header>,
    pub(crate) data: Option<Vec<u8>>,
    pub(crate) quit_after: Option<Phase>,
    pub(crate) connect_timeout: Duration,
    pub(crate) limits: Limits,
    pub(crate) hello: Option<HelloName>,
    pub(crate) session: SessionOptions,
    pub(crate) target: TargetOptions,
    pub(crate) auth: Option<AuthPlan>,
    pub(crate) tls: TlsOptions,
    pub(crate) client: LazyTls,
    pub(crate) resolver: ResolverConfig,
    pub(crate) transcript: bool,
}

impl Job {
    pub(crate) fn new(options: Options, common: &Common, matches: &ArgMatches) -> Result<Self, UsageError> {
        let typed = |option| matches.value_source(option) == Some(ValueSource::CommandLine);
        for (option, addresses) in [("to", &options.to), ("cc", &options.cc), ("bcc", &options.bcc)] {
            for address in addresses {
                check_address(option, address)?;
            }
        }
        if let Some(from) = &options.from {
            check_address("from", from)?;
        }
        let whole = is_whole_job(&options);
        if whole && options.to.is_empty() {
            return Err(UsageError("there is no recipient: --to".to_owned()));
        }
        if options.subject.as_ref().is_some_and(|subject| subject.contains(['\r', '\n', '\0'])) {
            return Err(UsageError("--subject: a line end or NUL in a header (input.injection)".to_owned()));
        }
        let headers = options.header.iter().map(|text| Header::parse(text));
        let headers = headers
            .collect::<Result<_, _>>()
            .map_err(|problem| UsageError(format!("--header: {problem}")))?;
        let default_port = options.session.default_port(&options.tls);
        let port_typed = typed("port");
        let hello = options.session.ehlo.clone().or_else(own_name);
        let (from, default_from) = match (options.from, typed("from")) {
            (Some(from), true) => (Some(from), None),
            (Some(from), false) => (None, Some(from)),
            (None, _) => (None, default_sender()),
        };
        if from.is_none() && default_from.is_none() && whole {
            return Err(UsageError(
                "this machine has no full name to make a sender of: --from ADDRESS".to_owned(),
            ));
        }
        let auth = options.auth.plan("smtp-send", common.quiet, matches)?;
        if auth.is_some() && whole && options.server.is_none() {
            return Err(UsageError("a login needs a server: --server".to_owned()));
        }
        let client = LazyTls::new(options.tls.settings()?)?;
        let resolver = config_with(&options.dns.dns, || options.tls.trust.read(Trust::file))?;
        Ok(Self {
            to: options.to,
            cc: options.cc,
            bcc: options.bcc,
            from,
            default_from,
            server: options.server.map(Body::Word),
            subject: options.subject,
            body: options.body.map(|text| read_text("body", text)).transpose()?,
            headers,
            data: options.data.map(|text| read_bytes("data", text)).transpose()?,
            quit_after: options.quit_after.map(QuitAfter::phase),
            connect_timeout: options.connect_timeout,
            limits: options.reply_timeout.map_or_else(rfc_limits, reply_limits),
            hello,
            target: TargetOptions {
                ports: options.port.filter(|_| port_typed).map(|port| vec![port]),
                default_ports: vec![options.port.filter(|_| !port_typed).unwrap_or(default_port)],
                families: common.families(),
                family_named: common.ipv4 != common.ipv6,
                allow_private: options.session.allow_private,
            },
            session: options.session,
            auth,
            tls: options.tls,
            client,
            resolver,
            transcript: common.verbose,
        })
    }
}

/// Whether stdin holds no targets: the message comes from it, or all is said on the command line
/// (so that a `while read` loop keeps its input), or nobody could write to it.
pub(crate) fn is_whole_job(options: &Options) -> bool {
    let message_from_stdin = [&options.data, &options.body].into_iter().flatten().any(|text| text == "-");
    let stdin_is_no_input = || {
        let stdin = std::io::stdin();
        let is_device = rustix::fs::fstat(&stdin).is_ok_and(|stat| {
            rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::CharacterDevice
        });
        stdin.is_terminal() || is_device
    };
    message_from_stdin || (!options.to.is_empty() && (options.server.is_some() || stdin_is_no_input()))
}

/// The limits of RFC 5321 section 4.5.3.2; QUIT has none there and decides nothing.
fn rfc_limits() -> Limits {
    const MINUTE: Duration = Duration::from_secs(60);
    Limits {
        banner: 5 * MINUTE,
        reply: 5 * MINUTE,
        data: 2 * MINUTE,
        block: 3 * MINUTE,
        dot: 10 * MINUTE,
        quit: Duration::from_secs(5),
        total: None,
    }
}

fn default_sender() -> Option<String> {
    let host = own_name()?;
    let user =
        std::env::var("USER").ok().filter(|user| !user.is_empty()).unwrap_or_else(|| "postmaster".to_owned());
    Some(format!("{user}@{host}"))
}

fn check_address(option: &str, address: &str) -> Result<(), UsageError> {
    let problem = |error| UsageError(format!("--{option} {address:?}: {error}"));
    Mailbox::parse(address).map(drop).map_err(|error| problem(error.to_string()))
}

/// `@FILE` is a file, `-` is stdin, anything else the bytes themselves.
fn read_bytes(option: &str, text: String) -> Result<Vec<u8>, UsageError> {
    let source: Box<dyn Read> = match text.strip_prefix('@') {
        _ if text == "-" => Box::new(std::io::stdin()),
        None => return Ok(text.into_bytes()),
        Some(path) => {
            let path = PathBuf::from(path);
            let file = std::fs::File::open(&path);
            Box::new(file.map_err(|error| {
                UsageError(format!("--{option}: failed to open {}: {error}", path.display()))
            })?)
        }
    };
    let mut bytes = Vec::new();
    let read = source.take(MAX_MESSAGE + 1).read_to_end(&mut bytes);
    read.map_err(|error| UsageError(format!("--{option}: failed to read: {error}")))?;
    if bytes.len() as u64 > MAX_MESSAGE {
        return Err(UsageError(format!("--{option}: more than {} MiB", MAX_MESSAGE >> 20)));
    }
    Ok(bytes)
}

fn read_text(option: &str, text: String) -> Result<String, UsageError> {
    let bytes = read_bytes(option, text)?;
    Text::from_bytes(bytes).map_err(|_| UsageError(format!("--{option}: the text is not valid UTF-8")))
}

/// Adds what help says beside the options.
pub fn describe(command: Command) -> Command {
    command.about("Does a message get through?").after_long_help(
        "A record of mxlookup is a route: one message goes along it, to the first host that takes\n\
         it. A record of smtp-ping is one server: `mxlookup d | smtp-ping | smtp-send --to x@d` sends\n\
         a message through each.\n\n\
         Examples:\n  \
         smtp-send --to support@port25.com --from me@example.com --body hello\n  \
         smtp-send --to support@port25.com --server mail.port25.com --data @message.eml\n  \
         mxlookup port25.com | smtp-ping --first | smtp-send --to support@port25.com\n  \
         smtp-send --to support@port25.com --quit-after rcpt -v\n  \
         smtp-send --to support@port25.com --server mail.port25.com:587 --auth-user me --auth-password-file FILE\n\n\
         Exit codes: 0 every recipient was accepted, 1 one was refused, 75 one could not be delivered to now,\n\
         2 wrong usage, 74 output failed, 130 interrupted.",
    )
}
