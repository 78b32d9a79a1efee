//! EHLO, and HELO where EHLO is not known (RFC 5321 sections 3.2 and 4.1.1.1).

use std::time::Duration;

use super::{Step, Where, ends_after, proceed, quit, starttls};
use crate::proto::{
    Capabilities, Cause, Demand, Failure, Hello, Phase, Quirk, Quirks, Reply, Session, TlsLevel, TlsPlan,
    Verb,
};

pub(in crate::proto) fn begin(session: &mut Session, now: Duration) {
    greet(session, now, session.plan().verb);
}

fn place(session: &Session) -> Where {
    if session.is_encrypted() { Where::Tls } else { Where::Clear }
}

fn greet(session: &mut Session, now: Duration, verb: Verb) {
    let line = format!("{} {}", verb.as_str(), session.plan().hello);
    session.send(&line);
    let place = place(session);
    session.enter(if verb == Verb::Helo { Step::Helo(place) } else { Step::Ehlo(place) }, now);
}

pub(in crate::proto) fn on_ehlo_reply(session: &mut Session, now: Duration, reply: Reply) {
    session.clock(now);
    let verb = session.plan().verb;
    match reply.code {
        // "Command not recognized" and its neighbours: an old server, which may know HELO.
        500 | 501 | 502 | 504 | 550 if verb == Verb::Ehlo => {
            session.facts_mut().ehlo_refusal = Some(reply);
            greet(session, now, Verb::Helo);
        }
        _ => settle(session, now, verb, reply),
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
    let phase = if session.is_encrypted() { Phase::EhloTls } else { Phase::Ehlo };
    session.fail_and_quit(now, Failure::new(cause, phase).with_reply(reply));
}

fn accepted(session: &mut Session, now: Duration, verb: Verb, reply: Reply) {
    let mut quirks = Quirks::new();
    if reply.code != 250 {
        quirks.insert(Quirk::EhloCode);
    }
    let capabilities = match verb {
        Verb::Ehlo | Verb::Lhlo => Capabilities::from_reply(&reply, &mut quirks),
        Verb::Helo => Capabilities::default(),
    };
    let offered = capabilities.has("STARTTLS");
    let place = place(session);
    let TlsPlan { level, demand, .. } = session.plan().tls;
    let hello = Hello { verb, reply, capabilities };
    let facts = session.facts_mut();
    facts.quirks.append(&mut quirks);
    match place {
        // RFC 3207 section 4.2: what was learnt in clear is forgotten, and TLS is not begun twice.
        Where::Tls => {
            facts.ehlo_tls = Some(hello);
            proceed(session, now);
        }
        Where::Clear => {
            facts.ehlo = Some(hello);
            match () {
                () if ends_after(session, Phase::Ehlo) => quit::begin(session, now),
                () if offered && level != TlsLevel::None => starttls::begin(session, now),
                // Whoever asks for no TLS at all cannot ask for it against what is known of the server.
                () if demand == Demand::Dane => {
                    session.fail_and_quit(now, Failure::new(Cause::DaneRequired, Phase::Tls));
                }
                () if demand == Demand::Sts || level >= TlsLevel::Require => {
                    session.fail_and_quit(now, Failure::new(Cause::StarttlsNotSupported, Phase::Starttls));
                }
                () => proceed(session, now),
            }
        }
    }
}
