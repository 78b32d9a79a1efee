//! The tools that exist, and a target of each kind for every one of them: a new tool gets the
//! contract tests by a line here.

use clap::Command;
use serde_json::Value;
use tool_core::Tool as _;
use tool_core::record::COMMON_KEYS;

/// A tool of the family.
pub(crate) struct Member {
    pub(crate) name: &'static str,
    /// What makes it read its targets from stdin.
    pub(crate) from_stdin: &'static [&'static str],
    /// A word that comes to `ok`.
    pub(crate) ok: &'static str,
    /// A word that comes to `fail`.
    pub(crate) fail: &'static str,
    /// A word that comes to `unknown` at once.
    pub(crate) unknown: &'static str,
    /// A word that keeps it waiting.
    pub(crate) slow: &'static str,
    /// Whether what is under way is reported although nobody reads stdout.
    pub(crate) reports_always: bool,
    /// An object that comes to `ok`, without its closing brace.
    pub(crate) object: &'static str,
    pub(crate) schema: fn() -> Value,
    pub(crate) command: fn() -> Command,
    writes: &'static [&'static str],
}

impl Member {
    /// Every key that it can write.
    pub(crate) fn writes(&self) -> Vec<&'static str> {
        [COMMON_KEYS, self.writes].concat()
    }
}

/// All of them.
pub(crate) const FAMILY: &[Member] = &[
    Member {
        name: "mxlookup",
        reports_always: false,
        from_stdin: &[],
        ok: "port25.com",
        fail: "nosuch.example",
        unknown: "broken.example",
        slow: "timeout.example",
        object: r#"{"domain":"port25.com""#,
        schema: tool_core::schema::<mxlookup::MxLookup>,
        command: || tool_core::command::<mxlookup::MxLookup>(mxlookup::describe),
        writes: mxlookup::MxLookup::WRITES,
    },
    Member {
        name: "myip",
        reports_always: false,
        from_stdin: &["-"],
        ok: "127.63.149.30",
        fail: "127.63.5.1",
        unknown: "127.63.5.5",
        slow: "127.63.5.6",
        object: r#"{"ip":"127.63.149.30""#,
        schema: tool_core::schema::<myip::MyIp>,
        command: || tool_core::command::<myip::MyIp>(myip::describe),
        writes: myip::MyIp::WRITES,
    },
    Member {
        name: "smtp-ping",
        reports_always: false,
        from_stdin: &[],
        ok: "mail.port25.com",
        fail: "nosuch.example",
        unknown: "mx.busy.example",
        slow: "mx.silent.example",
        object: r#"{"host":"mail.port25.com""#,
        schema: tool_core::schema::<smtp_ping::SmtpPing>,
        command: || tool_core::command::<smtp_ping::SmtpPing>(smtp_ping::describe),
        writes: smtp_ping::SmtpPing::WRITES,
    },
    Member {
        name: "smtp-send",
        reports_always: true,
        from_stdin: &[],
        ok: "good@sink.example",
        fail: "someone@nosuch.example",
        unknown: "someone@busy.example",
        slow: "someone@silent.example",
        object: r#"{"to":"good@sink.example""#,
        schema: tool_core::schema::<smtp_send::SmtpSend>,
        command: || tool_core::command::<smtp_send::SmtpSend>(smtp_send::describe),
        writes: smtp_send::SmtpSend::WRITES,
    },
];
