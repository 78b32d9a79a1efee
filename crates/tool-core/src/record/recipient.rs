//! What a server said about a recipient.

use schemars::JsonSchema;
use serde::Serialize;
use smtp_core::proto::Reply;

use super::{Error, ReplyRecord, Status};
use crate::Code;

/// A recipient and its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RecipientRecord {
    /// The address.
    pub address: String,
    /// What it comes to.
    pub status: Status,
    /// The condition.
    pub verdict: Code,
    /// The reply code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The enhanced status code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enhanced: Option<String>,
    /// The lines without their codes, joined by LF.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl RecipientRecord {
    /// From the reply to RCPT. `sending`: the message follows, so that a 252 is an acceptance.
    pub fn from_reply(address: &str, reply: &Reply, sending: bool) -> Self {
        let (status, verdict) = rcpt_verdict(reply, sending);
        Self { status, verdict, ..Self::with_reply(address, reply) }
    }

    /// The verdict of something that concerns the recipient as well as others.
    pub fn with_verdict(address: &str, status: Status, verdict: Code, reply: Option<&Reply>) -> Self {
        match reply {
            Some(reply) => Self { status, verdict, ..Self::with_reply(address, reply) },
            None => {
                Self { address: address.to_owned(), status, verdict, code: None, enhanced: None, text: None }
            }
        }
    }

    fn with_reply(address: &str, reply: &Reply) -> Self {
        let ReplyRecord { code, enhanced, text } = ReplyRecord::new(reply);
        Self {
            address: address.to_owned(),
            status: Status::Ok,
            verdict: Code::RcptAccepted,
            code: Some(code),
            enhanced,
            text: Some(text),
        }
    }
}

/// The verdict table: by reply code and enhanced code, never by text.
fn rcpt_verdict(reply: &Reply, sending: bool) -> (Status, Code) {
    let enhanced = reply.enhanced().map(|enhanced| (enhanced.subject, enhanced.detail));
    match (reply.code, enhanced) {
        (251, _) => (Status::Ok, Code::RcptForwarded),
        (252, _) if !sending => (Status::Unknown, Code::RcptCannotVerify),
        (200..=299, _) => (Status::Ok, Code::RcptAccepted),
        (421, _) => (Status::Unknown, Code::SmtpRateLimited),
        (452, Some((5, 3))) => (Status::Unknown, Code::RcptTooMany),
        (400..=499, Some((7, 1) | (2, 0))) => (Status::Unknown, Code::RcptGreylisted),
        (400..=499, _) => (Status::Unknown, Code::RcptDeferred),
        (530, Some((7, 0)) | None) => (Status::Fail, Code::TlsRequired),
        (500..=599, Some((1, 1))) => (Status::Fail, Code::RcptUnknownUser),
        (500..=599, Some((2, 1))) => (Status::Fail, Code::RcptDisabled),
        (500..=599, Some((2, 2))) => (Status::Fail, Code::RcptMailboxFull),
        (500..=599, Some((7, 25))) => (Status::Fail, Code::ClientNoPtr),
        // RFC 5321 section 4.5.3.1.10: 552 for too many recipients counts as temporary.
        (552, Some((5, 3))) => (Status::Unknown, Code::RcptTooMany),
        _ => (Status::Fail, Code::RcptRejected),
    }
}

/// The error of the worst recipient, if not all are `ok`. `done` is what the good ones are, as in
/// "delivered to".
pub fn recipients_error(recipients: &[RecipientRecord], done: Option<&str>) -> Option<Error> {
    let count = |status| recipients.iter().filter(|recipient| recipient.status == status).count();
    let (fail, unknown) = (count(Status::Fail), count(Status::Unknown));
    let worst = if fail > 0 { Status::Fail } else { Status::Unknown };
    let worst = recipients.iter().find(|recipient| recipient.status == worst)?;
    let all = recipients.len();
    let mut parts = Vec::new();
    if fail > 0 {
        parts.push(format!("{fail} refused"));
    }
    if unknown > 0 {
        parts.push(format!("{unknown} put off"));
    }
    let message = match (all, done) {
        (1, _) if fail > 0 => "the recipient is refused".to_owned(),
        (1, _) => "the recipient is put off".to_owned(),
        (_, Some(done)) => {
            format!("{done} {} of {all} recipients: {}", all - fail - unknown, parts.join(", "))
        }
        (_, None) => format!("of {all} recipients {}", parts.join(", ")),
    };
    let mut error = Error::new(worst.verdict, "rcpt", message);
    error.reply = worst.code.map(|code| ReplyRecord {
        code,
        enhanced: worst.enhanced.clone(),
        text: worst.text.clone().unwrap_or_default(),
    });
    Some(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(code: u16, text: &str) -> (Status, Code) {
        rcpt_verdict(&Reply::new(code, vec![text.to_owned()]), false)
    }

    #[test]
    fn the_table_goes_by_codes_alone() {
        assert_eq!(verdict(250, "2.1.5 ok"), (Status::Ok, Code::RcptAccepted));
        assert_eq!(verdict(251, "will forward"), (Status::Ok, Code::RcptForwarded));
        assert_eq!(verdict(252, "cannot verify"), (Status::Unknown, Code::RcptCannotVerify));
        assert_eq!(verdict(450, "4.7.1 greylisted"), (Status::Unknown, Code::RcptGreylisted));
        assert_eq!(verdict(450, "greylisted"), (Status::Unknown, Code::RcptDeferred));
        assert_eq!(verdict(452, "4.5.3 too many"), (Status::Unknown, Code::RcptTooMany));
        assert_eq!(verdict(452, "4.2.2 full"), (Status::Unknown, Code::RcptDeferred));
        assert_eq!(verdict(550, "5.1.1 no such user"), (Status::Fail, Code::RcptUnknownUser));
        assert_eq!(verdict(550, "no such user"), (Status::Fail, Code::RcptRejected));
        assert_eq!(verdict(552, "5.2.2 full"), (Status::Fail, Code::RcptMailboxFull));
        assert_eq!(verdict(550, "5.7.25 no ptr"), (Status::Fail, Code::ClientNoPtr));
        assert_eq!(
            rcpt_verdict(&Reply::new(252, vec![String::new()]), true),
            (Status::Ok, Code::RcptAccepted)
        );
    }

    #[test]
    fn the_worst_recipient_is_the_error() {
        let of = |address: &str, code, text: &str| {
            RecipientRecord::from_reply(address, &Reply::new(code, vec![text.to_owned()]), true)
        };
        let all = [of("a@x", 250, "ok"), of("b@x", 451, "4.2.1 busy"), of("c@x", 550, "5.1.1 no")];
        let error = recipients_error(&all, Some("delivered to")).unwrap();
        assert_eq!(error.message, "delivered to 1 of 3 recipients: 1 refused, 1 put off");
        assert_eq!((error.code, error.status()), (Code::RcptUnknownUser, Status::Fail));
        assert_eq!(recipients_error(&all[..1], None), None);
    }
}
