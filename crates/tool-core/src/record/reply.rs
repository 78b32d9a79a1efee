//! A reply of an SMTP server.

use schemars::JsonSchema;
use serde::Serialize;
use smtp_core::proto::Reply;

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReplyRecord {
    /// The reply code.
    pub code: u16,
    /// The enhanced status code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enhanced: Option<String>,
    /// The lines without their codes, joined by LF.
    pub text: String,
}

impl ReplyRecord {
    /// A reply to a command that may carry an enhanced code; greetings and EHLO replies do not.
    pub fn new(reply: &Reply) -> Self {
        Self { code: reply.code, enhanced: reply.enhanced().map(|e| e.to_string()), text: reply.text() }
    }

    /// A greeting (RFC 2034 section 4: no enhanced code there).
    pub fn plain(reply: &Reply) -> Self {
        Self { enhanced: None, ..Self::new(reply) }
    }
}
