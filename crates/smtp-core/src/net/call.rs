//! One attempt at one endpoint: connect, then drive a session to its end.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use super::second::Second;
use super::{Connected, Event, TlsTarget, connect, drive};
use crate::proto::{
    Cause, Demand, Endpoint, Facts, Failure, HelloName, Phase, Plan, Quirk, Session, TlsLevel, Verb,
};

/// An attempt to be.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Where to.
    pub target: &'a Endpoint,
    /// Where from; any address if `None`.
    pub source: Option<IpAddr>,
    /// The limit of the connection attempt.
    pub connect_timeout: Duration,
    /// When everything ends, and the length of the limit that ends then.
    pub end: (Instant, Duration),
    /// The name to give; the literal of the local address if `None`.
    pub hello: Option<&'a HelloName>,
    /// How it gets its TLS.
    pub tls: TlsTarget<'a>,
}

/// A session that is over.
#[derive(Debug)]
pub struct Finished {
    /// What was learnt.
    pub facts: Facts,
    /// `Ok` if nothing failed.
    pub verdict: Result<(), Failure>,
}

/// A connection that was made, and what the session on it came to.
#[derive(Debug)]
pub struct Called {
    /// The address the connection left from; none with a UNIX socket.
    pub local: Option<IpAddr>,
    /// The name that was given.
    pub hello: HelloName,
    /// How long the connection took.
    pub connect_took: Duration,
    /// The session.
    pub finished: Finished,
}

/// Connects and drives a session. `plan` gets the name to give, and the limit over everything in
/// the form that [`Limits::total`](crate::proto::Limits::total) takes. `on_connected` hears of each
/// connection: there is a second one, with HELO, where the server ends the first at EHLO.
///
/// # Errors
/// When there is no connection; how long that took.
pub async fn call(
    call: Call<'_>,
    plan: impl Fn(HelloName, Option<(Duration, Duration)>) -> Plan,
    mut on_connected: impl FnMut(),
    mut on_event: impl FnMut(Event<'_>),
) -> Result<Called, (Failure, Duration)> {
    let (first, may_say_helo) = once(&call, &plan, &mut on_connected, &mut on_event).await?;
    if !may_say_helo || !ended_at_ehlo(&first.finished) {
        return Ok(first);
    }
    let with_helo = |hello, total| Plan { verb: Verb::Helo, ..plan(hello, total) };
    // Rare, so that only those who need it have room for it.
    match Box::pin(once(&call, with_helo, &mut on_connected, &mut on_event)).await {
        Ok((second, _)) if has_greeted(&second.finished) => Ok(joined(first, second)),
        // That says no more about the server than EHLO did.
        _ => Ok(first),
    }
}

/// A session on one connection, and whether its plan allows for HELO, which offers no TLS.
async fn once(
    call: &Call<'_>,
    plan: impl FnOnce(HelloName, Option<(Duration, Duration)>) -> Plan,
    on_connected: &mut impl FnMut(),
    mut on_event: impl FnMut(Event<'_>),
) -> Result<(Called, bool), (Failure, Duration)> {
    let begun = Instant::now();
    on_event(Event::Phase(Phase::Connect));
    let (end, whole) = call.end;
    let (deadline, limit) = match begun + call.connect_timeout {
        own if own < end => (own, call.connect_timeout),
        _ => (end, whole),
    };
    let connected = connect(call.target, call.source, deadline, limit).await;
    let Connected { stream, local, took } = connected.map_err(|failure| (failure, begun.elapsed()))?;
    on_connected();
    let hello = match call.hello {
        Some(name) => name.clone(),
        None => HelloName::literal(local.or(call.target.ip()).unwrap_or(Ipv4Addr::LOCALHOST.into())),
    };
    let total = Some((end.saturating_duration_since(begun), whole));
    // A future of its own, so that the session is gone when it is over.
    let (mut finished, plan) = async {
        let mut session = Session::new(plan(hello.clone(), total), begun.elapsed());
        let verdict = drive(&mut session, stream, begun, call.tls, &mut on_event).await;
        let (facts, plan) = session.into_parts();
        (Finished { facts, verdict }, plan)
    }
    .await;
    let needs_starttls = plan.tls.level > TlsLevel::May || plan.tls.demand != Demand::Nothing;
    let may_say_helo = plan.verb == Verb::Ehlo && (plan.tls.implicit || !needs_starttls);
    if let Err(failure) = &mut finished.verdict {
        Second::new(plan).explain(failure, call, begun, on_event).await;
    }
    Ok((Called { local, hello, connect_took: took, finished }, may_say_helo))
}

/// Whether the connection ended instead of an answer to EHLO: a server from before RFC 1869 may do
/// so, and know HELO (RFC 5321 section 3.2).
fn ended_at_ehlo(finished: &Finished) -> bool {
    let facts = &finished.facts;
    let is_end = |failure: &Failure| {
        matches!(failure.cause, Cause::Closed | Cause::Reset)
            && matches!(failure.phase, Phase::Ehlo | Phase::EhloTls)
    };
    !has_greeted(finished) && facts.ehlo_refusal.is_none() && finished.verdict.as_ref().is_err_and(is_end)
}

fn has_greeted(finished: &Finished) -> bool {
    finished.facts.ehlo.is_some() || finished.facts.ehlo_tls.is_some()
}

/// The second session, with the time of both.
fn joined(first: Called, mut second: Called) -> Called {
    second.connect_took += first.connect_took;
    let facts = &mut second.finished.facts;
    for (phase, took) in first.finished.facts.timing.iter() {
        facts.timing.add(phase, took);
    }
    facts.quirks.insert(Quirk::EhloDrop);
    second
}
