//! Why a question, or a request, got no answer.

use std::sync::Arc;
use std::time::Duration;

use crate::{DomainName, Security};

/// What stood in the way of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The name does not exist.
    NxDomain,
    /// The name exists and has no record of the type asked for.
    NoData,
    /// The aliases of the name lead back to themselves, or on and on.
    CnameLoop,
    /// SERVFAIL, or another code that says the server could not tell.
    ServFail,
    /// REFUSED: the server does not answer this client, or not for this name.
    Refused,
    /// An answer came, and fails validation (DNSSEC): it is not used.
    Bogus,
    /// No answer in time.
    Timeout,
    /// What came does not answer the question: another id, another question, not DNS.
    BadAnswer,
    /// No server could be asked at all.
    Unreachable,
}

impl Problem {
    /// Whether trying again later may give another answer.
    pub fn is_temporary(self) -> bool {
        !matches!(self, Self::NxDomain | Self::NoData | Self::CnameLoop)
    }
}

/// An extended error of the resolver (RFC 8914).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ede {
    /// The INFO-CODE.
    pub code: u16,
    /// The EXTRA-TEXT, lossily as UTF-8; untrusted.
    pub text: String,
}

/// A question without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupError {
    /// What stood in the way.
    pub problem: Problem,
    /// What the resolver said about it.
    pub ede: Vec<Ede>,
    /// The server that said so, as `udp://192.0.2.53:53`.
    pub resolver: Option<Arc<str>>,
    /// Why the server could not be asked, or what it sent instead; untrusted.
    pub detail: Option<String>,
    /// The limit that fired.
    pub limit: Option<Duration>,
    /// The aliases that were followed before.
    pub cname: Vec<DomainName>,
    /// What DNSSEC says of a denial, if somebody trustworthy said it.
    pub security: Option<Security>,
    /// How long a denial may be kept, in seconds (RFC 2308 section 5).
    pub lasts: u32,
}

impl LookupError {
    /// An error without further evidence.
    pub fn new(problem: Problem) -> Self {
        Self {
            problem,
            ede: Vec::new(),
            resolver: None,
            detail: None,
            limit: None,
            cname: Vec::new(),
            security: None,
            lasts: 0,
        }
    }
}

/// Why there is no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpError {
    /// Another status than 200.
    Status(u16),
    /// A redirect, which is not followed.
    Redirect(u16),
    /// Not all of the answer came within this limit.
    Timeout(Duration),
    /// No connection could be made.
    Unreachable(String),
    /// TLS failed, or the certificate does not verify.
    Tls(String),
    /// The body is longer than 64 KiB.
    TooLong,
    /// What came is not HTTP.
    NotHttp(String),
}
