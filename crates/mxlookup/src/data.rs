//! The answer of `mxlookup`.

use schemars::JsonSchema;
use serde::Serialize;
use tool_core::record::{DnssecBy, DnssecWord, HostRecord, StsPolicyRecord, TlsrptRecord};

/// The keys of head and answer that are written here.
pub(crate) const WRITES: &[&str] = &[
    "domain",
    "domain_unicode",
    "address",
    "implicit",
    "null_mx",
    "mx",
    "dnssec",
    "dnssec_by",
    "cname",
    "mta_sts",
    "tlsrpt",
    "resolver",
];

/// Where mail goes.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Answer {
    /// There is no MX: the domain's own address counts (RFC 5321 section 5.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub implicit: Option<bool>,
    /// The domain takes no mail (RFC 7505).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_mx: Option<bool>,
    /// The hosts, in the order in which a sender tries them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mx: Option<Vec<HostRecord>>,
    /// What DNSSEC says of the MX, or of there being none; absent unless somebody trustworthy said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dnssec: Option<DnssecWord>,
    /// Who says so, here and of each host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dnssec_by: Option<DnssecBy>,
    /// The aliases of the domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cname: Option<Vec<String>>,
    /// The domain's policy of MTA-STS (RFC 8461); empty if it announces none, absent if not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mta_sts: Option<StsPolicyRecord>,
    /// Where the domain wants reports on TLS (RFC 8460); absent if not asked for or not to be found out now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tlsrpt: Option<TlsrptRecord>,
    /// The server that answered for the MX.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolver: Option<String>,
}
