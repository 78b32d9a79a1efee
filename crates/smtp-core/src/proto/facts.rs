//! What a session has learnt.

use super::{AuthFacts, Capabilities, Quirks, Reply, Timing, TlsFacts};

/// What a session has learnt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The greeting, of whatever code.
    pub banner: Option<Reply>,
    /// The answer to EHLO, or to HELO where that was taken.
    pub ehlo: Option<Hello>,
    /// The refusal of EHLO, where HELO was tried after it.
    pub ehlo_refusal: Option<Reply>,
    /// The refusal of STARTTLS.
    pub starttls_refusal: Option<Reply>,
    /// What the handshake has shown.
    pub tls: Option<TlsFacts>,
    /// The answer to EHLO inside TLS.
    pub ehlo_tls: Option<Hello>,
    /// The login, where one was begun.
    pub auth: Option<AuthFacts>,
    /// The mail transaction, as far as it came.
    pub transaction: Option<Transaction>,
    /// Whether QUIT went unanswered, and what came instead of 221 if anything; `None` if it was
    /// answered or never sent.
    pub quit_unanswered: Option<Option<Reply>>,
    /// Violations that were tolerated.
    pub quirks: Quirks,
    /// Whether any reply had bytes that are not UTF-8.
    pub invalid_utf8: bool,
    /// The time each phase took.
    pub timing: Timing,
}

/// The replies of a mail transaction, as far as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transaction {
    /// To MAIL.
    pub mail: Option<Reply>,
    /// To each RCPT, in the order of the recipients.
    pub rcpt: Vec<Option<Reply>>,
    /// To DATA.
    pub data: Option<Reply>,
    /// To the final dot.
    pub dot: Option<Reply>,
    /// In LMTP the reply to the final dot for each recipient (RFC 2033 section 4.2), in the order
    /// of the recipients; empty in SMTP.
    pub delivered: Vec<Option<Reply>>,
}

impl Transaction {
    /// Whether any recipient was accepted.
    pub fn has_recipient(&self) -> bool {
        self.rcpt.iter().flatten().any(Reply::is_positive)
    }
}

/// The accepted greeting of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Which command was accepted.
    pub verb: Verb,
    /// The reply to it.
    pub reply: Reply,
    /// What the reply offers; nothing after HELO.
    pub capabilities: Capabilities,
}

/// The command a client greets with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// RFC 5321 section 4.1.1.1.
    Ehlo,
    /// The same, for servers that know no extension.
    Helo,
    /// LMTP's (RFC 2033 section 4.1).
    Lhlo,
}

impl Verb {
    /// The command word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ehlo => "EHLO",
            Self::Helo => "HELO",
            Self::Lhlo => "LHLO",
        }
    }
}
