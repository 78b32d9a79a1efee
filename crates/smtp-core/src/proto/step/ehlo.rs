//! EHLO, and HELO where EHLO is not known (RFC 5321 sections 3.2 and 4.1.1.1).

use std::time::Duration;

use super::Step;
use crate::proto::{Capabilities, Cause, Failure, Hello, Phase, Quirk, Quirks, Reply, Session, Verb};

pub(in crate::proto) fn begin(session: &mut Session, now: Duration) {
    greet(session, now, Verb::Ehlo);
}

fn greet(session: &mut Session, now: Duration, verb: Verb) {
    let line = format!("{} {}", verb.as_str(), session.plan().hello);
    session.send(line);
    session.enter(if verb == Verb::Ehlo { Step::Ehlo } else { Step::Helo }, now);
}

pub(in crate::proto) fn on_ehlo_reply(session: &mut Session, now: Duration, reply: Reply) {
    session.clock(now);
    match reply.code {
        // "Command not recognized" and its neighbours: an old server, which may know HELO.
        500 | 501 | 502 | 504 | 550 => {
            session.facts_mut().ehlo_refusal = Some(reply);
            greet(session, now, Verb::Helo);
        }
        _ => settle(session, now, Verb::Ehlo, reply),
    }
}

pub(in crate::proto) fn on_helo_reply(session: &mut Session, now: Duration, reply: Reply) {
    session.clock(now);
    settle(session, now, Verb::Helo, reply);
}

fn settle(session: &mut Session, now: Duration, verb: Verb, reply: Reply) {
    let cause = match reply.code {
        200..=299 => return accepted(session, now, verb, reply),
        421 => Cause::RateLimited,
        400..=599 => Cause::EhloRejected,
        _ => Cause::BadReply,
    };
    session.fail_and_quit(now, Failure::new(cause, Phase::Ehlo).with_reply(reply));
}

fn accepted(session: &mut Session, now: Duration, verb: Verb, reply: Reply) {
    let mut quirks = Quirks::new();
    if reply.code != 250 {
        quirks.insert(Quirk::EhloCode);
    }
    let capabilities = match verb {
        Verb::Ehlo => Capabilities::from_reply(&reply, &mut quirks),
        Verb::Helo => Capabilities::default(),
    };
    let facts = session.facts_mut();
    facts.quirks.append(&mut quirks);
    facts.ehlo = Some(Hello { verb, reply, capabilities });
    super::quit::begin(session, now);
}
