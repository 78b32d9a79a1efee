//! STARTTLS (RFC 3207), and TLS from the first byte (RFC 8314 section 3.3).

use std::time::Duration;

use super::{Step, ehlo, ends_after, proceed, quit};
use crate::proto::{
    Cause, DaneVerdict, Demand, Failure, Phase, Reply, Session, StsMode, TlsFacts, TlsFailure, TlsLevel,
};

pub(in crate::proto) fn begin(session: &mut Session, now: Duration) {
    session.send("STARTTLS");
    session.enter(Step::Starttls, now);
}

pub(in crate::proto) fn on_reply(session: &mut Session, now: Duration, reply: Reply) {
    session.clock(now);
    let cause = match reply.code {
        // An answer that was there before the question is somebody else's.
        220 if session.has_unsent() => {
            let failure = Failure::new(Cause::PlaintextAfterStarttls, Phase::Starttls);
            session.discard_writes();
            return session.fail(now, failure.with_reply(reply));
        }
        220 => return shake_hands(session, now),
        421 => Cause::RateLimited,
        400..=599 => Cause::StarttlsRejected,
        _ => Cause::BadReply,
    };
    let tls = session.plan().tls;
    let may_pass = tls.pass_over && tls.level == TlsLevel::May && tls.demand == Demand::Nothing;
    if cause == Cause::StarttlsRejected {
        session.facts_mut().starttls_refusal = Some(reply.clone());
        if may_pass {
            return proceed(session, now);
        }
    }
    session.fail_and_quit(now, Failure::new(cause, Phase::Starttls).with_reply(reply));
}

pub(in crate::proto) fn shake_hands(session: &mut Session, now: Duration) {
    session.start_tls();
    session.enter(Step::Handshake, now);
}

pub(in crate::proto) fn on_handshake(
    session: &mut Session,
    now: Duration,
    result: Result<TlsFacts, TlsFailure>,
) {
    let facts = match result {
        Ok(facts) => facts,
        Err(failure) => return handshake_failed(session, now, failure),
    };
    session.clock(now);
    let refusals =
        [against_dane(&facts), against_sts(&facts), against_level(&facts, session.plan().tls.level)];
    session.facts_mut().tls = Some(facts);
    // The session goes on, to say what is there; it ends before anything is handed over.
    if let Some(cause) = refusals.into_iter().flatten().next() {
        session.note_failure(Failure::new(cause, Phase::Tls));
    }
    match () {
        () if session.plan().tls.implicit && session.facts().banner.is_none() => {
            session.enter(Step::Greeting, now)
        }
        () if ends_after(session, Phase::Tls) => quit::begin(session, now),
        () => ehlo::begin(session, now),
    }
}

/// With TLS 1.3 a server judges what the client showed only after the client is through, so that
/// its refusal can come in the place of the first reply.
pub(in crate::proto) fn handshake_failed(session: &mut Session, now: Duration, failure: TlsFailure) {
    let (cause, received) = match failure {
        TlsFailure::Handshake(words) => (Cause::HandshakeFailed, Some(words)),
        TlsFailure::NothingInCommon(words) => (Cause::NothingInCommon, Some(words)),
        TlsFailure::Version(words) => (Cause::ProtocolTooOld, Some(words)),
        TlsFailure::ClientCertificate(words) => (Cause::ClientCertificate, Some(words)),
        TlsFailure::Closed => (Cause::ClosedInHandshake, None),
        TlsFailure::Reset => (Cause::Reset, None),
    };
    session.fail(now, Failure { received, ..Failure::new(cause, Phase::Tls) });
}

/// RFC 7672 section 2.2: a host whose TLSA records are not met gets nothing, with no flag.
fn against_dane(facts: &TlsFacts) -> Option<Cause> {
    match facts.dane {
        Some(DaneVerdict::Fail(fault)) => Some(Cause::Dane(fault)),
        _ => None,
    }
}

/// RFC 8461 section 2: what DANE has passed, no policy of MTA-STS refuses.
fn against_sts(facts: &TlsFacts) -> Option<Cause> {
    let sts = facts.sts.filter(|sts| sts.mode == StsMode::Enforce)?;
    match facts.dane {
        Some(DaneVerdict::Pass(..)) => None,
        _ => sts.fault.map(Cause::Sts),
    }
}

fn against_level(facts: &TlsFacts, level: TlsLevel) -> Option<Cause> {
    facts.verify_error.filter(|_| level == TlsLevel::Verify).map(Cause::Certificate)
}
