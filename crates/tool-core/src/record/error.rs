//! The error of a record.

use std::time::Duration;

use dns_core::{HttpError, LookupError, Problem};
use schemars::JsonSchema;
use serde::Serialize;

use super::{ReplyRecord, Status, millis};
use crate::Code;

/// Why a target is not `ok`, before it is known which tool says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    /// The condition.
    pub code: Code,
    /// What was being done or waited for.
    pub phase: &'static str,
    /// One lower-case sentence.
    pub message: String,
    /// The server's words.
    pub reply: Option<ReplyRecord>,
    /// The operating system's error number.
    pub errno: Option<i32>,
    /// The resolver's extended errors.
    pub ede: Vec<EdeRecord>,
    /// The limit that fired.
    pub limit: Option<Duration>,
    /// The input line it is about.
    pub line: Option<u64>,
    /// What to try next.
    pub hint: Option<String>,
    /// Definite for a probe, but mail is tried again: then it is `unknown`.
    pub is_retried: bool,
}

/// The most characters of what somebody else says.
const MOST_DETAIL: usize = 300;

impl Error {
    /// An error without evidence.
    pub fn new(code: Code, phase: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            code,
            phase,
            message,
            reply: None,
            errno: None,
            ede: Vec::new(),
            limit: None,
            line: None,
            hint: None,
            is_retried: false,
        }
    }

    /// An input that names nothing to work on.
    pub fn unusable(message: impl Into<String>) -> Self {
        Self::new(Code::InputUnusable, "input", message)
    }

    /// An input that tries to smuggle a line.
    pub fn injection(message: impl Into<String>) -> Self {
        Self::new(Code::InputInjection, "input", message)
    }

    /// With what to try next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A question to the DNS that failed; `what` was asked for, as in "the MX of the domain".
    pub fn lookup(error: &LookupError, what: &str) -> Self {
        let (code, message) = match error.problem {
            Problem::NxDomain => (Code::DnsNxdomain, "the domain does not exist".to_owned()),
            Problem::NoData => {
                (Code::DnsNodata, "the domain has neither an MX nor an address record".to_owned())
            }
            Problem::CnameLoop => (Code::DnsCnameLoop, "the aliases of the name lead in a circle".to_owned()),
            Problem::ServFail => {
                (Code::DnsServfail, format!("the resolver could not get an answer for {what}"))
            }
            Problem::Bogus => {
                (Code::DnsBogus, format!("the answer for {what} fails validation (DNSSEC) and is not used"))
            }
            Problem::Refused => (Code::DnsRefused, format!("the resolver refuses to answer for {what}")),
            Problem::Timeout => {
                let limit =
                    error.limit.map(|limit| format!(" within {}", in_words(limit))).unwrap_or_default();
                (Code::DnsTimeout, format!("no answer for {what}{limit}"))
            }
            Problem::BadAnswer => {
                (Code::DnsBadAnswer, format!("what the resolver sent is no answer for {what}"))
            }
            Problem::Unreachable => (Code::DnsResolverUnreachable, "no resolver could be reached".to_owned()),
        };
        let message = match &error.detail {
            // A certificate may have thousands of names.
            Some(detail) => format!("{message}: {}", detail.chars().take(MOST_DETAIL).collect::<String>()),
            None => message,
        };
        let ede = error.ede.iter().map(|ede| EdeRecord { code: ede.code, text: ede.text.clone() }).collect();
        Self { ede, limit: error.limit, ..Self::new(code, "dns", message) }
    }

    /// A document that could not be fetched.
    pub fn http(error: &HttpError) -> Self {
        let mut limit = None;
        let (code, message) = match error {
            HttpError::Status(status) => (Code::HttpStatus, format!("answered {status}")),
            HttpError::Redirect(status) => {
                (Code::HttpRedirect, format!("answered {status}, a redirect, which is not followed"))
            }
            HttpError::Timeout(most) => {
                limit = Some(*most);
                (Code::HttpTimeout, format!("no complete answer within {}", in_words(*most)))
            }
            HttpError::Unreachable(cause) => (Code::HttpUnreachable, format!("no connection: {cause}")),
            HttpError::Tls(cause) => (Code::HttpTls, format!("TLS failed: {cause}")),
            HttpError::TooLong => (Code::HttpBadBody, "the body is longer than 64 KiB".to_owned()),
            HttpError::NotHttp(cause) => (Code::HttpBadBody, format!("what came is not HTTP: {cause}")),
        };
        Self { limit, ..Self::new(code, "http", message) }
    }

    /// The status it gives.
    pub fn status(&self) -> Status {
        self.judge().0
    }

    fn judge(&self) -> (Status, bool) {
        match self.is_retried {
            true => (Status::Unknown, true),
            false => self.code.judge(self.reply.as_ref().map(|reply| reply.code)),
        }
    }

    /// As the error of `tool`'s record.
    pub fn into_record(self, tool: &'static str) -> ErrorRecord {
        let (_, temporary) = self.judge();
        ErrorRecord {
            tool,
            code: self.code,
            phase: self.phase,
            temporary,
            message: self.message,
            reply: self.reply,
            errno: self.errno,
            ede: self.ede,
            limit_ms: self.limit.map(millis),
            line: self.line,
            hint: self.hint,
        }
    }
}

/// A duration as a sentence has it: `10 s`, `500 ms`.
pub(super) fn in_words(duration: Duration) -> String {
    let ms = duration.as_millis();
    match ms % 1000 {
        0 => format!("{} s", ms / 1000),
        _ if ms > 10_000 => format!("{:.1} s", duration.as_secs_f64()),
        _ => format!("{ms} ms"),
    }
}

/// The error of a record.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ErrorRecord {
    /// The tool that found it.
    pub tool: &'static str,
    /// The condition.
    pub code: Code,
    /// What was being done or waited for.
    pub phase: &'static str,
    /// Whether trying again may tell.
    pub temporary: bool,
    /// One lower-case sentence.
    pub message: String,
    /// The server's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<ReplyRecord>,
    /// The operating system's error number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errno: Option<i32>,
    /// The resolver's extended errors (RFC 8914).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ede: Vec<EdeRecord>,
    /// The limit that fired, in milliseconds.
    #[serde(serialize_with = "whole", skip_serializing_if = "Option::is_none")]
    pub limit_ms: Option<f64>,
    /// The input line it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// What to try next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// `10000`, not `10000.0`.
fn whole<S: serde::Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) if value.fract() == 0.0 => serializer.serialize_u64(*value as u64),
        Some(value) => serializer.serialize_f64(*value),
        None => serializer.serialize_none(),
    }
}

/// An extended error of the resolver (RFC 8914).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EdeRecord {
    /// The INFO-CODE.
    pub code: u16,
    /// The EXTRA-TEXT.
    pub text: String,
}
