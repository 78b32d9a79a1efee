//! What a domain announces of MTA-STS and TLSRPT, as records say it.

use dns_core::policy::{Announced, Mode, PolicyFault, StsPolicy, TextFault};
use dns_core::{LookupError, Problem};
use schemars::JsonSchema;
use serde::Serialize;
use smtp_core::proto::Sts;

use super::{EdeRecord, Error, Finding};
use crate::Code;

/// What was found out about a domain's policy of MTA-STS.
#[derive(Debug, Clone, PartialEq)]
pub enum StsAnswer {
    /// None is announced.
    None,
    /// What is announced counts as none.
    Broken(TextFault),
    /// Whether one is announced could not be found out.
    NotKnown(LookupError),
    /// One is announced, by this id.
    Announced {
        /// The id.
        id: String,
        /// The policy, or why there is none.
        policy: Result<StsPolicy, StsFailure>,
    },
}

/// Why there is no policy, though one is announced.
#[derive(Debug, Clone, PartialEq)]
pub enum StsFailure {
    /// It could not be fetched.
    Fetch(Error),
    /// What was fetched is none.
    Document(PolicyFault),
}

/// The policy of a domain (RFC 8461). Empty if it announces none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StsPolicyRecord {
    /// What its announcement is called; another id says that the policy is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What follows where it is not met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<StsPolicyModeWord>,
    /// How long it may be kept, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// The hosts that it names; `*.` is any one label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mx: Option<Vec<String>>,
    /// The exchanges that it does not name, though it asks for something.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmatched: Vec<String>,
    /// Why it could not be found out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<StsPolicyErrorRecord>,
}

/// The modes of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StsPolicyModeWord {
    /// Nothing is handed over where it is not met.
    Enforce,
    /// It is only reported.
    Testing,
    /// It asks for nothing.
    None,
}

impl StsPolicyModeWord {
    /// The word used in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Testing => "testing",
            Self::None => "none",
        }
    }
}

impl From<Mode> for StsPolicyModeWord {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Enforce => Self::Enforce,
            Mode::Testing => Self::Testing,
            Mode::None => Self::None,
        }
    }
}

/// Why a policy could not be found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StsPolicyErrorRecord {
    /// The condition.
    pub code: Code,
    /// One lower-case sentence.
    pub message: String,
    /// The resolver's extended errors (RFC 8914).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ede: Vec<EdeRecord>,
}

impl From<Error> for StsPolicyErrorRecord {
    fn from(error: Error) -> Self {
        Self { code: error.code, message: error.message, ede: error.ede }
    }
}

/// Where a domain wants reports on TLS (RFC 8460).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TlsrptRecord {
    /// Mail addresses and web servers, as URLs; empty if it wants none.
    pub rua: Vec<String>,
}

/// What is asked for.
const STS_TXT: &str = "the MTA-STS record of the domain";
const TLSRPT_TXT: &str = "the TLSRPT record of the domain";

impl StsAnswer {
    /// As a record has it; `exchanges` are the hosts of the route.
    pub fn record<'a>(&self, exchanges: impl Iterator<Item = &'a str>) -> StsPolicyRecord {
        match self {
            Self::None | Self::Broken(_) => StsPolicyRecord::default(),
            Self::NotKnown(error) => {
                StsPolicyRecord { error: Some(not_known(error).into()), ..StsPolicyRecord::default() }
            }
            Self::Announced { id, policy: Err(failure) } => StsPolicyRecord {
                id: Some(id.clone()),
                error: Some(failure.cause().into()),
                ..StsPolicyRecord::default()
            },
            Self::Announced { id, policy: Ok(policy) } => {
                let is_unmatched =
                    |host: &&str| policy.mode != Mode::None && !Sts::is_named(host, &policy.mx);
                StsPolicyRecord {
                    id: Some(id.clone()),
                    mode: Some(policy.mode.into()),
                    max_age: Some(policy.max_age),
                    mx: Some(policy.mx.clone()),
                    unmatched: exchanges.filter(is_unmatched).map(str::to_owned).collect(),
                    error: None,
                }
            }
        }
    }

    /// Why it is not known what a sender to `domain` has to keep to: who asked for the policy must not go on as if
    /// there were none.
    pub fn error(&self, domain: &str) -> Option<Error> {
        let url = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
        match self {
            Self::NotKnown(error) => Some(not_known(error)),
            Self::Announced { policy: Err(failure @ StsFailure::Fetch(_)), .. } => {
                let Error { message, ede, limit, .. } = failure.cause();
                let message =
                    format!("the MTA-STS policy, which is announced, could not be fetched: {message}");
                let error = Error::new(Code::TlsStsPolicyFetchError, "http", message);
                let hint = format!("curl -v {url}; without --mta-sts the route alone is looked up");
                Some(Error { ede, limit, ..error.with_hint(hint) })
            }
            Self::Announced { policy: Err(StsFailure::Document(fault)), .. } => {
                let message = format!("what was fetched is no MTA-STS policy: {fault}");
                let error = Error::new(Code::TlsStsPolicyInvalid, "http", message);
                Some(error.with_hint(format!("curl {url}; without --mta-sts the route alone is looked up")))
            }
            _ => None,
        }
    }

    /// What is odd about it; with `is_tolerated` also that which [`Self::error`] says.
    pub fn findings(&self, domain: &str, record: &StsPolicyRecord, is_tolerated: bool) -> Vec<Finding> {
        if let Self::Broken(fault) = self {
            let message = format!("the MTA-STS record counts as none: {fault}");
            return vec![Finding::new(Code::TlsStsPolicyInvalid, message).host(format!("_mta-sts.{domain}"))];
        }
        let unnamed = |host: &String| {
            Finding::new(Code::TlsStsPolicyInvalid, "the MTA-STS policy does not list this exchange")
                .host(host)
        };
        let tolerated = match self {
            Self::NotKnown(error) if is_tolerated => {
                let message = "whether there is an MTA-STS policy could not be looked up now";
                Some(Finding::lookup(error, STS_TXT, message).host(format!("_mta-sts.{domain}")))
            }
            _ if is_tolerated => self
                .error(domain)
                .map(|error| Finding { ede: error.ede, ..Finding::new(error.code, error.message) }),
            _ => None,
        };
        tolerated.into_iter().chain(record.unmatched.iter().map(unnamed)).collect()
    }
}

impl StsFailure {
    fn cause(&self) -> Error {
        match self {
            Self::Fetch(error) => error.clone(),
            Self::Document(fault) => {
                Error::new(Code::HttpBadBody, "http", format!("the body is no policy: {fault}"))
            }
        }
    }
}

fn not_known(error: &LookupError) -> Error {
    let mapped = Error::lookup(error, STS_TXT);
    match error.problem {
        // Where that leads to is not the answer that there is none.
        Problem::CnameLoop => Error { code: Code::DnsBadAnswer, ..mapped },
        _ => mapped,
    }
}

/// Where reports are wanted, as a record has it, and what is odd about that. Nothing rests on it.
pub fn tlsrpt(answer: &Announced<Vec<String>>, domain: &str) -> (Option<TlsrptRecord>, Option<Finding>) {
    let none = Some(TlsrptRecord::default());
    let host = format!("_smtp._tls.{domain}");
    match answer {
        Announced::None => (none, None),
        Announced::Found(rua) => (Some(TlsrptRecord { rua: rua.clone() }), None),
        Announced::Broken(fault) => {
            let message = format!("the TLSRPT record counts as none: {fault}");
            (none, Some(Finding::new(Code::TlsTlsrptInvalid, message).host(host)))
        }
        Announced::Failed(error) => {
            let message = "the TLSRPT record could not be looked up now";
            (None, Some(Finding::lookup(error, TLSRPT_TXT, message).host(host)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(mode: Mode) -> StsAnswer {
        let policy = StsPolicy { mode, max_age: 1, mx: vec!["*.a.example".to_owned()] };
        StsAnswer::Announced { id: "1".to_owned(), policy: Ok(policy) }
    }

    #[test]
    fn exchanges_that_a_policy_does_not_name() {
        let hosts = ["mx.a.example", "a.example", "x.mx.a.example"];
        for (mode, unmatched) in
            [(Mode::Enforce, &hosts[1..]), (Mode::Testing, &hosts[1..]), (Mode::None, &[])]
        {
            let (answer, domain) = (answer(mode), "a.example");
            let record = answer.record(hosts.into_iter());
            assert_eq!(record.unmatched, unmatched, "{mode:?}");
            assert_eq!(
                (answer.error(domain), answer.findings(domain, &record, true).len()),
                (None, unmatched.len())
            );
        }
    }

    #[test]
    fn what_is_not_known_is_an_error_unless_there_is_another() {
        let lost = |problem| StsAnswer::NotKnown(LookupError::new(problem));
        for (answer, code) in [
            (lost(Problem::ServFail), Code::DnsServfail),
            (lost(Problem::Unreachable), Code::DnsResolverUnreachable),
            (lost(Problem::CnameLoop), Code::DnsBadAnswer),
        ] {
            let error = answer.error("a.example").unwrap();
            assert_eq!((error.code, error.status()), (code, crate::record::Status::Unknown));
            let record = answer.record([].into_iter());
            assert_eq!((record.error.as_ref().map(|error| error.code), record.mode), (Some(code), None));
            assert_eq!(answer.findings("a.example", &record, false), []);
            let [finding] = answer.findings("a.example", &record, true).try_into().unwrap();
            assert!(finding.code.as_finding().is_some());
        }
    }

    #[test]
    fn empty_is_none_and_absent_is_not_known() {
        let json = |record: &StsPolicyRecord| serde_json::to_string(record).unwrap();
        assert_eq!(json(&StsAnswer::None.record(["a"].into_iter())), "{}");
        assert_eq!(tlsrpt(&Announced::None, "a.example"), (Some(TlsrptRecord { rua: Vec::new() }), None));
        let (record, finding) = tlsrpt(&Announced::Failed(LookupError::new(Problem::Timeout)), "a.example");
        assert_eq!((record, finding.unwrap().code), (None, Code::DnsTimeout));
    }
}
