//! The mail transaction: MAIL, RCPT, DATA and the message (RFC 5321 section 3.3), in groups where
//! the server takes them (RFC 2920).

use std::time::Duration;

use super::{Step, ends_after, quit};
use crate::proto::{Capabilities, Cause, Delivery, Failure, Phase, Reply, Session, Transaction, Verb};

/// The command that a reply is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proto) enum Awaited {
    Mail,
    Rcpt(usize),
    Data,
    Dot,
    /// LMTP answers for each recipient it has accepted (RFC 2033 section 4.2).
    DotFor(usize),
}

impl Awaited {
    fn step(self) -> Step {
        match self {
            Self::Mail => Step::Mail,
            Self::Rcpt(_) => Step::Rcpt,
            Self::Data => Step::Data,
            Self::Dot | Self::DotFor(_) => Step::Dot,
        }
    }

    fn is_dot(self) -> bool {
        self.step() == Step::Dot
    }
}

pub(in crate::proto) fn begin(session: &mut Session, now: Duration) {
    let Some(delivery) = session.plan().delivery.clone() else { return quit::begin(session, now) };
    let mail = match mail_command(&delivery, session.capabilities()) {
        Ok(mail) => mail,
        Err(cause) => return session.fail_and_quit(now, Failure::new(cause, Phase::Mail)),
    };
    *session.transaction() =
        Transaction { rcpt: vec![None; delivery.recipients.len()], ..Transaction::default() };
    if !is_pipelining(session) || ends_after(session, Phase::Mail) {
        return send_next(session, now, Awaited::Mail, &mail);
    }
    // One group: DATA stands last in it (RFC 2920 section 3.1).
    let rcpt: Vec<String> =
        delivery.recipients.iter().map(|to| format!("RCPT TO:<{}>", to.as_str())).collect();
    let with_data = delivery.content.is_some() && !ends_after(session, Phase::Rcpt);
    let mut group: Vec<&str> =
        std::iter::once(mail.as_str()).chain(rcpt.iter().map(String::as_str)).collect();
    // A server may hold its replies until the end of the group (RFC 2920 section 3.2), so there is
    // one: DATA, or QUIT where nothing is sent.
    group.push(if with_data { "DATA" } else { "QUIT" });
    session.send_group(&group);
    let awaited = session.awaited();
    awaited.push_back(Awaited::Mail);
    awaited.extend((0..rcpt.len()).map(Awaited::Rcpt));
    awaited.extend(with_data.then_some(Awaited::Data));
    session.enter(Step::Mail, now);
}

/// MAIL with the parameters that the server offers and the message needs.
fn mail_command(delivery: &Delivery, offered: Option<&Capabilities>) -> Result<String, Cause> {
    let has = |keyword| offered.is_some_and(|capabilities| capabilities.has(keyword));
    let mut line = format!("MAIL FROM:<{}>", delivery.from.as_str());
    if let Some(content) = &delivery.content {
        if has("SIZE") {
            // RFC 1870 section 6: no value or 0 is no fixed limit.
            let limit =
                offered.and_then(|c| c.params("SIZE")).and_then(|params| params.first()?.parse::<u64>().ok());
            if limit.is_some_and(|limit| limit > 0 && content.size > limit) {
                return Err(Cause::SizeExceeded);
            }
            line.push_str(&format!(" SIZE={}", content.size));
        }
        if content.eight_bit {
            if !has("8BITMIME") {
                return Err(Cause::EightBitUnsupported);
            }
            line.push_str(" BODY=8BITMIME");
        }
    }
    let is_utf8 =
        !delivery.from.as_str().is_ascii() || delivery.recipients.iter().any(|to| !to.as_str().is_ascii());
    if is_utf8 {
        if !has("SMTPUTF8") {
            return Err(Cause::Smtputf8Unsupported);
        }
        line.push_str(" SMTPUTF8");
    }
    Ok(line)
}

fn is_pipelining(session: &Session) -> bool {
    session.capabilities().is_some_and(|capabilities| capabilities.has("PIPELINING"))
}

fn send_next(session: &mut Session, now: Duration, awaited: Awaited, line: &str) {
    session.send(line);
    session.awaited().push_back(awaited);
    session.enter(awaited.step(), now);
}

pub(in crate::proto) fn on_reply(session: &mut Session, now: Duration, reply: Reply) {
    session.clock(now);
    // The server need not wait for the end of a message that it refuses.
    let Some(awaited) = session.awaited().pop_front() else { return stray(session, now, reply) };
    if session.is_sending() {
        // Nobody gets the rest: a message that is not whole must not become whole after its verdict.
        session.discard_writes();
        let cause = match reply.code {
            421 => Cause::RateLimited,
            400..=599 => Cause::DataRefused,
            _ => Cause::BadReply,
        };
        return session.fail(now, Failure::new(cause, Phase::Data).with_reply(reply));
    }
    let phase = awaited.step().phase();
    if awaited.is_dot() && reply.code < 400 && !reply.is_positive() {
        // It makes no sense, and the message may have been taken.
        if awaited == Awaited::Dot {
            note(session, awaited, &reply);
        }
        return session.fail(now, Failure::new(Cause::Uncertain, Phase::Dot).with_reply(reply));
    }
    if reply.code == 421 && !awaited.is_dot() {
        note(session, awaited, &reply);
        session.note_failure(Failure::new(Cause::RateLimited, phase).with_reply(reply));
        return leave(session, now);
    }
    // DATA has one good answer, the others a 2yz.
    let is_sense = match awaited {
        Awaited::Data => reply.code == 354 || reply.code >= 400,
        _ => reply.code / 100 != 3,
    };
    if !is_sense {
        session.note_failure(Failure::new(Cause::BadReply, phase).with_reply(reply));
        return leave(session, now);
    }
    note(session, awaited, &reply);
    match awaited {
        Awaited::Dot => after_dot(session, now, reply),
        Awaited::DotFor(_) => after_dot_for_one(session, now),
        Awaited::Data if reply.code == 354 => send_content(session, now),
        Awaited::Data => conclude(session, now),
        Awaited::Mail | Awaited::Rcpt(_) => match session.awaited().front().copied() {
            Some(next) => session.enter(next.step(), now),
            None => after_envelope(session, now, awaited),
        },
    }
}

fn stray(session: &mut Session, now: Duration, reply: Reply) {
    session.fail_and_quit(now, Failure::new(Cause::BadReply, Phase::Data).with_reply(reply));
}

fn note(session: &mut Session, awaited: Awaited, reply: &Reply) {
    let transaction = session.transaction();
    let place = match awaited {
        Awaited::Mail => &mut transaction.mail,
        Awaited::Rcpt(at) => match transaction.rcpt.get_mut(at) {
            Some(place) => place,
            None => return,
        },
        Awaited::Data => &mut transaction.data,
        Awaited::Dot => &mut transaction.dot,
        Awaited::DotFor(at) => match transaction.delivered.get_mut(at) {
            Some(place) => place,
            None => return,
        },
    };
    *place = Some(reply.clone());
}

/// The group is answered: what comes next where commands go one at a time.
fn after_envelope(session: &mut Session, now: Duration, awaited: Awaited) {
    let refused = session.transaction().mail.as_ref().is_some_and(|reply| !reply.is_positive());
    if refused {
        return conclude(session, now);
    }
    let Some(delivery) = session.plan().delivery.clone() else { return conclude(session, now) };
    let next = match awaited {
        Awaited::Rcpt(at) => at + 1,
        _ => 0,
    };
    if awaited == Awaited::Mail && ends_after(session, Phase::Mail) {
        return quit::begin(session, now);
    }
    if !is_pipelining(session)
        && let Some(to) = delivery.recipients.get(next)
    {
        return send_next(session, now, Awaited::Rcpt(next), &format!("RCPT TO:<{}>", to.as_str()));
    }
    let has_recipient = session.transaction().has_recipient();
    if has_recipient && delivery.content.is_some() && !ends_after(session, Phase::Rcpt) {
        send_next(session, now, Awaited::Data, "DATA");
    } else {
        conclude(session, now);
    }
}

/// Whether the server takes a message: the sender and a recipient of it.
fn is_wanted(session: &mut Session) -> bool {
    let transaction = session.transaction();
    transaction.has_recipient() && transaction.mail.as_ref().is_some_and(Reply::is_positive)
}

fn send_content(session: &mut Session, now: Duration) {
    let wanted = is_wanted(session);
    let content = session.plan().delivery.as_ref().and_then(|delivery| delivery.content.clone());
    let is_lmtp = session.plan().verb == Verb::Lhlo;
    match content.filter(|_| wanted) {
        // RFC 2920 section 3.1: DATA was accepted though every recipient was refused.
        None => {
            session.send(".");
            // For no recipient there is no reply.
            if is_lmtp {
                return conclude(session, now);
            }
            session.awaited().push_back(Awaited::Dot);
            session.enter(Step::Dot, now);
        }
        Some(content) => {
            await_dot(session, is_lmtp);
            let end: &[&str] = if is_pipelining(session) { &[".", "QUIT"] } else { &["."] };
            session.send_content(&content.wire, end);
            session.enter(Step::Content, now);
        }
    }
}

/// Who answers for the message.
fn await_dot(session: &mut Session, is_lmtp: bool) {
    if !is_lmtp {
        return session.awaited().push_back(Awaited::Dot);
    }
    let transaction = session.transaction();
    transaction.delivered = vec![None; transaction.rcpt.len()];
    let accepted: Vec<Awaited> = (0..transaction.rcpt.len())
        .filter(|at| matches!(transaction.rcpt.get(*at), Some(Some(reply)) if reply.is_positive()))
        .map(Awaited::DotFor)
        .collect();
    session.awaited().extend(accepted);
}

/// The last byte went out: now the reply to the dot is waited for.
pub(in crate::proto) fn content_sent(session: &mut Session, now: Duration) {
    session.clock(now);
    session.enter(Step::Dot, now);
}

/// The verdict of one recipient decides nothing for the others.
fn after_dot_for_one(session: &mut Session, now: Duration) {
    if !session.awaited().is_empty() {
        return session.enter(Step::Dot, now);
    }
    let transaction = session.transaction();
    let mut replies = transaction.delivered.iter().flatten();
    if let Some(refusal) = replies.find(|reply| !reply.is_positive()).cloned()
        && !transaction.delivered.iter().flatten().any(Reply::is_positive)
    {
        session.note_failure(Failure::new(Cause::DataRefused, Phase::Dot).with_reply(refusal));
    }
    if is_pipelining(session) {
        quit::wait(session, now);
    } else {
        quit::begin(session, now);
    }
}

fn after_dot(session: &mut Session, now: Duration, reply: Reply) {
    let wanted = is_wanted(session);
    if wanted && !reply.is_positive() {
        session.note_failure(Failure::new(Cause::DataRefused, Phase::Dot).with_reply(reply));
    }
    if wanted && is_pipelining(session) {
        quit::wait(session, now);
    } else {
        conclude(session, now);
    }
}

/// Says what the transaction came to, and takes leave.
fn conclude(session: &mut Session, now: Duration) {
    let transaction = session.transaction();
    let refusal =
        |reply: &Option<Reply>| reply.clone().filter(|reply| !reply.is_positive() && reply.code != 354);
    let failure = if let Some(reply) = refusal(&transaction.mail) {
        Some(Failure::new(Cause::MailRefused, Phase::Mail).with_reply(reply))
    } else if !transaction.has_recipient() {
        let reply = transaction.rcpt.iter().flatten().next().cloned();
        Some(Failure { reply, ..Failure::new(Cause::NoRecipient, Phase::Rcpt) })
    } else {
        refusal(&transaction.data)
            .map(|reply| Failure::new(Cause::DataRefused, Phase::Data).with_reply(reply))
    };
    if let Some(failure) = failure {
        session.note_failure(failure);
    }
    leave(session, now);
}

/// Takes leave, once: the QUIT that stood in the group is not repeated.
fn leave(session: &mut Session, now: Duration) {
    if asks_only(session) && is_pipelining(session) {
        quit::wait(session, now);
    } else {
        quit::begin(session, now);
    }
}

/// Whether no message is sent, so that QUIT went out with the questions.
fn asks_only(session: &Session) -> bool {
    let without_content = session.plan().delivery.as_ref().is_none_or(|delivery| delivery.content.is_none());
    (without_content || ends_after(session, Phase::Rcpt)) && !ends_after(session, Phase::Mail)
}
