//! The answer of `smtp-send`.

use schemars::JsonSchema;
use serde::Serialize;
use tool_core::record::{AttemptRecord, AuthRecord, RecipientRecord, ReplyRecord, TlsRecord};

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
    "from",
    "recipients",
    "message_id",
    "queue_id",
    "size_bytes",
    "reply",
    "tls",
    "auth",
    "attempts",
];

/// What became of a message.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Answer {
    /// The address the connection left from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_ip: Option<String>,
    /// The name we gave in EHLO.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helo: Option<String>,
    /// The envelope sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Each recipient and its verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipients: Option<Vec<RecipientRecord>>,
    /// The Message-ID without its brackets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The name under which the server queued it, if its reply says one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_id: Option<String>,
    /// Octets with CRLF, without dot-stuffing and the final dot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// The reply to the final dot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<ReplyRecord>,
    /// What the TLS handshake has shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsRecord>,
    /// The login that was tried: by which mechanism, and as whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthRecord>,
    /// Every address that was tried, in order, if there was more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Vec<AttemptRecord>>,
}
