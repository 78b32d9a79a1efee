//! What a record's TLSA records and MTA-STS policy come to, when the certificate is seen.

use schemars::JsonSchema;
use serde::Serialize;
use smtp_core::proto::{DaneFault, DaneVerdict, StsFault, StsMode, StsVerdict, TlsFacts, VerifyError};

use super::tls::{tls_findings, verify_code, verify_message};
use super::{Finding, Severity};
use crate::Code;

/// What TLSA records come to (RFC 7672).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DaneRecord {
    /// `unusable`: TLS is demanded, but no record says of whom.
    pub result: DaneWord,
    /// Usage, selector and matching type of the record that is met, as `3 1 1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matched: Option<String>,
    /// Why none is met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Code>,
}

/// The results of DANE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DaneWord {
    /// A record is met.
    Pass,
    /// None is.
    Fail,
    /// None can be.
    Unusable,
}

impl DaneWord {
    /// The word used in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unusable => "unusable",
        }
    }
}

/// What an MTA-STS policy comes to (RFC 8461).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StsRecord {
    /// Whether it is met.
    pub result: StsWord,
    /// The mode of the policy.
    pub mode: StsModeWord,
    /// Why it is not met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Code>,
}

/// The results of MTA-STS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StsWord {
    /// It is met.
    Pass,
    /// It is not.
    Fail,
}

impl StsWord {
    /// The word used in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
        }
    }
}

/// The modes of a policy that ask for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StsModeWord {
    /// Nothing is handed over where it is not met.
    Enforce,
    /// It is only said.
    Testing,
}

impl StsModeWord {
    /// The word used in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Testing => "testing",
        }
    }
}

impl DaneRecord {
    pub(super) fn new(verdict: DaneVerdict) -> Self {
        let (result, matched, error) = match verdict {
            DaneVerdict::Pass(usage, selector, matching) => {
                (DaneWord::Pass, Some(format!("{usage} {selector} {matching}")), None)
            }
            DaneVerdict::Fail(DaneFault::NoMatch) => (DaneWord::Fail, None, Some(Code::TlsTlsaInvalid)),
            DaneVerdict::Fail(DaneFault::Certificate(error)) => {
                (DaneWord::Fail, None, Some(verify_code(error)))
            }
            DaneVerdict::Unusable => (DaneWord::Unusable, None, None),
        };
        Self { result, matched, error }
    }
}

impl StsRecord {
    pub(super) fn new(verdict: StsVerdict) -> Self {
        Self {
            result: if verdict.fault.is_none() { StsWord::Pass } else { StsWord::Fail },
            mode: match verdict.mode {
                StsMode::Enforce => StsModeWord::Enforce,
                StsMode::Testing => StsModeWord::Testing,
            },
            error: verdict.fault.map(sts_code),
        }
    }
}

fn sts_code(fault: StsFault) -> Code {
    match fault {
        StsFault::Host => Code::TlsStsPolicyInvalid,
        StsFault::Certificate(_) => Code::TlsStsWebpkiInvalid,
    }
}

/// Code and sentence of a certificate that meets no TLSA record.
pub(super) fn dane_error(fault: DaneFault, facts: Option<&TlsFacts>) -> (Code, String) {
    let message = match fault {
        DaneFault::NoMatch => "the certificate meets none of the host's TLSA records".to_owned(),
        DaneFault::Certificate(VerifyError::NotTrusted | VerifyError::SelfSigned | VerifyError::Other) => {
            "a TLSA record names an authority in the chain, which does not vouch for the certificate"
                .to_owned()
        }
        DaneFault::Certificate(error) => {
            format!("a TLSA record names the authority, but {}", verify_message(error, facts))
        }
    };
    (Code::TlsTlsaInvalid, message)
}

/// Code and sentence of a policy that is enforced and not met.
pub(super) fn sts_error(fault: StsFault, facts: Option<&TlsFacts>) -> (Code, String) {
    let message = match fault {
        StsFault::Host => {
            "the MTA-STS policy of the domain, which is enforced, does not name the host".to_owned()
        }
        StsFault::Certificate(error) => {
            format!("the MTA-STS policy of the domain is enforced, and {}", verify_message(error, facts))
        }
    };
    (sts_code(fault), message)
}

/// What is odd about a certificate, where it was not demanded to be better.
pub(super) fn certificate_findings(facts: &TlsFacts) -> Vec<Finding> {
    let vouched = matches!(facts.dane, Some(DaneVerdict::Pass(..)));
    let faults = tls_findings(facts).map(|finding| {
        if !vouched {
            return finding;
        }
        let words = match finding.code {
            Code::TlsSelfSigned => "self-signed",
            _ => &finding.message,
        };
        let message = format!("{words}; the DANE record vouches for it");
        Finding { severity: Severity::Info, message, ..finding }
    });
    faults.chain(facts.sts.and_then(|sts| sts_finding(sts, vouched))).collect()
}

/// A policy that is not met, and does not decide: where it does, the error of the same code stands in its place.
fn sts_finding(verdict: StsVerdict, vouched: bool) -> Option<Finding> {
    let fault = verdict.fault?;
    let message = match (verdict.mode, fault) {
        (StsMode::Enforce, StsFault::Certificate(_)) if vouched => {
            "a sender that knows MTA-STS but not DANE refuses this certificate"
        }
        (StsMode::Enforce, StsFault::Host) if vouched => {
            "a sender that knows MTA-STS but not DANE does not use this host: the policy does not name it"
        }
        (_, StsFault::Certificate(_)) => "the certificate does not meet the MTA-STS policy of the domain",
        (_, StsFault::Host) => "the MTA-STS policy of the domain does not name the host",
    };
    Some(Finding::new(sts_code(fault), message))
}
