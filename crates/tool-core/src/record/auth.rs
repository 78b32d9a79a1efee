//! What became of a login, as records say it.

use schemars::JsonSchema;
use serde::Serialize;
use smtp_core::proto::{AuthFacts, Cause, Facts, Failure, Reply};

use super::{Finding, ReplyRecord, Severity};
use crate::Code;
use crate::text::clean;

/// A login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AuthRecord {
    /// The mechanism that was used last.
    pub mechanism: String,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

impl AuthRecord {
    /// From what was tried.
    pub fn new(auth: &AuthFacts) -> Self {
        Self { mechanism: auth.mechanism.clone(), user: auth.user.clone() }
    }
}

/// Code and sentence of a login that failed.
pub(super) fn auth_error(failure: &Failure, facts: Option<&Facts>) -> (Code, String) {
    let auth = facts.and_then(|facts| facts.auth.as_ref());
    let mechanism = auth.map_or("", |auth| auth.mechanism.as_str());
    let reply = failure.reply.as_ref().map(|reply| reply.code);
    let with = reply.map(|code| format!(" with {code}")).unwrap_or_default();
    // What the server says within the mechanism tells more than the reply that follows it.
    let words = auth.and_then(|auth| auth.words.as_deref());
    let words = words.map(|words| format!(": {}", clean(words))).unwrap_or_default();
    match failure.cause {
        // RFC 4954 section 6: 530 to AUTH asks for TLS.
        Cause::AuthRejected if reply == Some(530) && facts.is_some_and(|facts| facts.tls.is_none()) => {
            (Code::TlsRequired, "the server demands TLS before a login".to_owned())
        }
        Cause::AuthRejected => {
            (Code::AuthRejected, format!("the login by {mechanism} is refused{with}{words}"))
        }
        Cause::AuthDeferred => {
            (Code::AuthDeferred, format!("the login by {mechanism} is put off{with}{words}"))
        }
        Cause::AuthNotVerified => (
            Code::AuthServerNotVerified,
            format!("the server has not shown by {mechanism} that it knows the password"),
        ),
        Cause::AuthInClear => (
            Code::AuthCleartextRefused,
            format!(
                "only mechanisms that show the password are offered ({}), and there is no TLS",
                offered(facts)
            ),
        ),
        _ if reply.is_some() => {
            (Code::AuthMechanismUnavailable, format!("{mechanism} is offered and refused{with}"))
        }
        _ => (Code::AuthMechanismUnavailable, unavailable(failure, facts)),
    }
}

fn unavailable(failure: &Failure, facts: Option<&Facts>) -> String {
    let offered = offered(facts);
    match (&failure.received, offered.as_str()) {
        (Some(why), _) => format!("no mechanism can be used: {}", clean(why)),
        (None, "") => "the server offers no login".to_owned(),
        (None, offered) => format!("the server offers none of the mechanisms that are wanted, but {offered}"),
    }
}

fn offered(facts: Option<&Facts>) -> String {
    let hello = facts.and_then(|facts| facts.ehlo_tls.as_ref().or(facts.ehlo.as_ref()));
    let offered = hello.and_then(|hello| hello.capabilities.params("AUTH")).unwrap_or_default();
    clean(&offered.join(" ")).to_string()
}

/// RFC 4954 section 6 and RFC 3207 section 4: 530 asks for a login or for TLS.
pub(super) fn mail_refused(failure: &Failure, facts: Option<&Facts>) -> (Code, String) {
    let reply = failure.reply.as_ref();
    let code = reply.map_or(0, |reply| reply.code);
    let enhanced = reply.and_then(Reply::enhanced).map(|enhanced| (enhanced.subject, enhanced.detail));
    match (code, enhanced) {
        (530, _) if facts.is_some_and(wants_login) => {
            (Code::AuthRequired, "the server demands a login before mail".into())
        }
        (530, Some((7, 0)) | None) => {
            (Code::TlsRequired, "the server demands TLS or a login before mail".into())
        }
        (500..=599, Some((7, 25))) => {
            (Code::ClientNoPtr, "the server refuses a client whose address has no name".into())
        }
        (400..=499, _) => (Code::MailDeferred, format!("the sender is put off with {code}")),
        _ => (Code::MailRejected, format!("the sender is refused with {code}")),
    }
}

/// Whether 530 asks for a login (RFC 4954 section 6) and not for TLS: that is there already, or is
/// not offered and a login is.
fn wants_login(facts: &Facts) -> bool {
    let offers = |keyword| facts.ehlo.as_ref().is_some_and(|hello| hello.capabilities.has(keyword));
    facts.tls.is_some() || (offers("AUTH") && !offers("STARTTLS"))
}

/// The mechanisms that were offered and refused, where another one did.
pub(super) fn auth_findings(facts: &Facts) -> Vec<Finding> {
    let Some(auth) = facts.auth.as_ref().filter(|auth| auth.accepted) else { return Vec::new() };
    let refused = auth.refused.iter().map(|(mechanism, reply)| {
        let message =
            format!("{mechanism} is offered and was refused with {}; {} did", reply.code, auth.mechanism);
        let finding = Finding::new(Code::AuthMechanismUnavailable, message).reply(ReplyRecord::new(reply));
        Finding { severity: Severity::Warn, ..finding }
    });
    refused.collect()
}
