//! Records: the one mapping from facts to JSON.
//!
//! Only what is here and each tool's `data` is serialised; the cores' types are not.

mod attempt;
mod auth;
mod error;
mod finding;
mod generic;
mod policy;
mod recipient;
mod reply;
mod reverse;
mod route;
mod signs;
mod smtp;
mod sts;
mod tls;
mod tlsa;

use std::net::IpAddr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::jsonl::Body;

pub use attempt::AttemptRecord;
pub use auth::AuthRecord;
pub use error::{EdeRecord, Error, ErrorRecord};
pub use finding::{Finding, FindingItem, Findings, Severity};
pub use generic::generic_finding;
pub use policy::{DaneRecord, DaneWord, StsModeWord, StsRecord, StsWord};
pub use recipient::{RecipientRecord, recipients_error};
pub use reply::ReplyRecord;
pub use reverse::{IprevWord, iprev_finding, non_public, reverse_error};
pub use route::{HostRecord, PtrRecord, route_error, route_findings};
pub use signs::submission_finding;
pub use smtp::{BannerRecord, HelloRecord, phase_timing, session_error, session_findings};
pub use sts::{
    StsAnswer, StsFailure, StsPolicyErrorRecord, StsPolicyModeWord, StsPolicyRecord, TlsrptRecord, tlsrpt,
};
pub use tls::{CertificateRecord, IssuerRecord, TlsRecord, certificate_ending};
pub use tlsa::{DnssecBy, DnssecWord, TlsaErrorRecord, TlsaRecord, tlsa_error, tlsa_finding};

/// Whether the target works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It works.
    Ok,
    /// It definitely does not.
    Fail,
    /// It could not be found out now.
    Unknown,
}

impl Status {
    /// The word used in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

/// The keys that say what a record is about. Each tool writes some of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Head {
    /// The domain whose mail is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The same with its U-labels, where it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_unicode: Option<String>,
    /// The mail address that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The server's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The server's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The family of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<FamilyWord>,
    /// The server's port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The preference of its MX record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preference: Option<u16>,
    /// The word as it was given, at most 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
}

impl Head {
    /// The domain and the mail address that an input says it is about.
    pub fn of(input: &Body) -> Self {
        let Body::Object(object) = input else { return Self::default() };
        Self {
            domain: object.string("domain"),
            domain_unicode: object.string("domain_unicode"),
            address: object.string("address"),
            ..Self::default()
        }
    }
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FamilyWord {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl FamilyWord {
    /// That of an address.
    pub const fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }

    /// As people write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
        }
    }
}

/// Durations by phase, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TimingMs(Vec<(&'static str, f64)>);

impl TimingMs {
    /// Each phase with its milliseconds, in the order in which they were.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, f64)> + '_ {
        self.0.iter().copied()
    }

    /// Adds phases with their milliseconds.
    pub fn extend(&mut self, phases: impl Iterator<Item = (&'static str, f64)>) {
        self.0.extend(phases);
    }

    /// Puts phases that were side by side into this order; others come behind.
    pub fn arrange(&mut self, order: &[&str]) {
        self.0.sort_by_key(|(phase, _)| order.iter().position(|known| known == phase).unwrap_or(order.len()));
    }

    /// Adds a phase.
    pub fn add(&mut self, phase: &'static str, took: Duration) {
        self.0.push((phase, millis(took)));
    }
}

impl Serialize for TimingMs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (phase, took) in &self.0 {
            map.serialize_entry(phase, took)?;
        }
        map.end()
    }
}

impl JsonSchema for TimingMs {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TimingMs".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "additionalProperties": { "type": "number", "minimum": 0 }
        })
    }
}

/// Milliseconds with microseconds behind the point.
pub fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// A whole record of a tool whose answer is `A`, in the order of its keys.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Record<A> {
    /// The tool that wrote it.
    pub tool: &'static str,
    /// The version of the contract.
    pub v: u8,
    /// Whether the target works.
    pub status: Status,
    #[serde(flatten)]
    #[allow(missing_docs, reason = "the keys document themselves")]
    pub head: Head,
    #[serde(flatten)]
    #[allow(missing_docs, reason = "the keys document themselves")]
    pub answer: A,
    /// When this tool took the target up: RFC 3339, UTC.
    pub time: String,
    /// Why the status is not `ok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorRecord>,
    /// What is odd but does not decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingItem>,
    /// How long each phase took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timing_ms: Option<TimingMs>,
}

/// The version of the contract.
pub const VERSION: u8 = 1;

/// The keys that every tool writes around its own.
pub const COMMON_KEYS: &[&str] = &["tool", "v", "status", "input", "time", "error", "findings", "timing_ms"];

impl<A: Serialize> Record<A> {
    /// This tool's own keys, as an object.
    ///
    /// # Errors
    /// When an answer cannot be JSON.
    pub fn to_json(&self) -> serde_json::Result<String> {
        crate::json::to_string(self)
    }
}

/// The carried keys as they came, as the rest of an object that is not empty, its end included.
///
/// # Errors
/// When a key cannot be JSON.
pub fn carried_tail(carried: &[(String, Box<RawValue>)]) -> serde_json::Result<String> {
    let mut tail = String::new();
    for (key, value) in carried {
        tail.push(',');
        tail.push_str(&crate::json::to_string(key)?);
        tail.push(':');
        tail.push_str(value.get());
    }
    tail.push('}');
    Ok(tail)
}
