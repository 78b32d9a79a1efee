//! The answer of `smtp-ping`.

use schemars::JsonSchema;
use serde::Serialize;
use tool_core::record::{
    AttemptRecord, AuthRecord, BannerRecord, HelloRecord, IprevWord, RecipientRecord, TlsRecord,
};

/// The keys of head and answer that are written here.
pub(crate) const WRITES: &[&str] = &[
    "domain",
    "domain_unicode",
    "address",
    "host",
    "ip",
    "port",
    "preference",
    "local_ip",
    "helo",
    "banner",
    "ehlo",
    "ehlo_tls",
    "tls",
    "auth",
    "from",
    "recipients",
    "attempts",
    "ptr",
    "iprev",
    "names",
    "quirks",
    "client_addr_seen",
    "reused",
];

/// What a server says.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Answer {
    /// The address the connection left from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_ip: Option<String>,
    /// The name we gave in EHLO.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helo: Option<String>,
    /// The greeting, of whatever code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub banner: Option<BannerRecord>,
    /// The answer to EHLO, or to HELO where that was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ehlo: Option<HelloRecord>,
    /// The answer to EHLO inside TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ehlo_tls: Option<HelloRecord>,
    /// What the TLS handshake has shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsRecord>,
    /// The login that was tried: by which mechanism, and as whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthRecord>,
    /// The sender that was asked with (`--rcpt`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What the server said about each recipient (`--rcpt`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipients: Option<Vec<RecipientRecord>>,
    /// With `--first`: every address that was tried, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Vec<AttemptRecord>>,
    /// The names of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ptr: Option<Vec<String>>,
    /// Whether one of them leads back (RFC 8601).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iprev: Option<IprevWord>,
    /// Which of the server's names agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<NamesRecord>,
    /// Violations of the protocol that were tolerated, a word each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quirks: Vec<&'static str>,
    /// Our address, as the server's EHLO reply repeats it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_addr_seen: Option<String>,
    /// Whether this is the result of the same server earlier in the run (`--reuse`).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reused: bool,
}

/// The names that a server goes by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NamesRecord {
    /// The name that was asked for; for an address its confirmed PTR name, else the banner's.
    pub expected: String,
    /// Where the same name was seen.
    pub agree: Vec<&'static str>,
    /// Where another was.
    pub differ: Vec<&'static str>,
}
