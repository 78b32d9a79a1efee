//! What DNSSEC says, and what certificate it says a host has.

use dns_core::{DomainName, LookupError, Security, Tlsa, TlsaAnswer};
use schemars::JsonSchema;
use serde::Serialize;

use super::{EdeRecord, Error, Finding, HostRecord};
use crate::Code;

/// What DNSSEC says of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DnssecWord {
    /// Signed, from a trust anchor down.
    Secure,
    /// Not signed, and proved not to be where that was validated.
    Insecure,
    /// Fails validation, so that it is not used.
    Bogus,
    /// Below none of the trust anchors.
    Indeterminate,
}

impl DnssecWord {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secure => "secure",
            Self::Insecure => "insecure",
            Self::Bogus => "bogus",
            Self::Indeterminate => "indeterminate",
        }
    }
}

impl From<Security> for DnssecWord {
    fn from(security: Security) -> Self {
        match security {
            Security::Secure => Self::Secure,
            Security::Insecure => Self::Insecure,
            Security::Bogus => Self::Bogus,
            Security::Indeterminate => Self::Indeterminate,
        }
    }
}

/// Who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DnssecBy {
    /// The resolver, whose word is taken (the AD bit, RFC 6840 section 5.8).
    Resolver,
    /// The tool, which validated it (`--dnssec`).
    Validation,
}

/// A TLSA record (RFC 6698 section 2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TlsaRecord {
    /// What the data is of: 2 an authority of the service's own, 3 its certificate.
    pub usage: u8,
    /// 0 the whole certificate, 1 its public key.
    pub selector: u8,
    /// 0 the thing itself, 1 its SHA-256, 2 its SHA-512.
    pub matching: u8,
    /// What is compared, in hex.
    pub data: String,
}

impl From<&Tlsa> for TlsaRecord {
    fn from(tlsa: &Tlsa) -> Self {
        let data = tlsa.data.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { usage: tlsa.usage, selector: tlsa.selector, matching: tlsa.matching, data }
    }
}

/// Why a host's TLSA records could not be found out. No tool that reads it uses the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TlsaErrorRecord {
    /// `tls.dnssec_invalid`.
    pub code: Code,
    /// One lower-case sentence.
    pub message: String,
    /// The resolver's extended errors (RFC 8914).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ede: Vec<EdeRecord>,
}

impl HostRecord {
    /// Takes in what the DNS says of the host's certificate.
    pub fn set_tlsa(&mut self, answer: &TlsaAnswer) {
        match answer {
            TlsaAnswer::Insecure => {}
            TlsaAnswer::None => self.tlsa = Some(Vec::new()),
            TlsaAnswer::Found { base, records } => {
                self.tlsa = Some(records.iter().map(TlsaRecord::from).collect());
                self.tlsa_base = Some(base.to_string()).filter(|base| *base != self.exchange);
            }
            TlsaAnswer::Failed(error) => {
                let Error { message, ede, .. } = Error::lookup(error, "the TLSA records of the host");
                self.tlsa_error = Some(TlsaErrorRecord { code: Code::TlsDnssecInvalid, message, ede });
            }
        }
    }
}

/// The finding about a host whose TLSA records could not be looked up.
pub fn tlsa_finding(host: &DomainName, error: &LookupError) -> Finding {
    let message = "the TLSA records could not be looked up now: the host is not used";
    Finding::lookup(error, "the TLSA records of the host", message).host(host)
}

/// The error of a route none of whose hosts can be used, since the TLSA records of `host` could not be looked up.
pub fn tlsa_error(host: &HostRecord, error: &TlsaErrorRecord, domain: &str) -> Error {
    let message = format!(
        "the TLSA records of {} could not be looked up, and no other exchange can be used: {}",
        host.exchange, error.message
    );
    let hint = format!(
        "compare with another resolver that validates: mxlookup --tlsa --trust-ad --dns 9.9.9.9 {domain}"
    );
    Error { ede: error.ede.clone(), ..Error::new(Code::TlsDnssecInvalid, "dns", message).with_hint(hint) }
}
