//! The greeting (RFC 5321 sections 3.1 and 4.3.2).

use std::time::Duration;

use crate::proto::{Cause, Failure, Phase, Reply, Session};

pub(in crate::proto) fn on_reply(session: &mut Session, now: Duration, reply: Reply) {
    session.clock(now);
    session.facts_mut().banner = Some(reply.clone());
    let cause = match reply.code {
        220 if super::ends_after(session, Phase::Banner) => return super::quit::begin(session, now),
        220 => return super::ehlo::begin(session, now),
        421 => Cause::Greeting421,
        // RFC 7504 section 3
        521 => Cause::Greeting521,
        554 => Cause::Greeting554,
        400..=499 => Cause::Greeting4xx,
        500..=599 => Cause::Greeting5xx,
        // Servers of other protocols greet with three digits too (NNTP: 200, 201).
        _ => Cause::NotSmtp,
    };
    let failure = Failure::new(cause, Phase::Banner).with_reply(reply);
    if cause == Cause::NotSmtp {
        session.fail(now, failure);
    } else {
        // A refused client still says QUIT (RFC 5321 section 3.1).
        session.fail_and_quit(now, failure);
    }
}
