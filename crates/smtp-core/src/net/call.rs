//! One attempt at one address: connect, then drive a session to its end.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::{Connected, Event, Finished, TlsTarget, connect, drive};
use crate::proto::{Failure, HelloName, Phase, Plan, Session};

/// An attempt to be.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Where to.
    pub target: SocketAddr,
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

/// A connection that was made, and what the session on it came to.
#[derive(Debug)]
pub struct Called {
    /// The address the connection left from.
    pub local: Option<IpAddr>,
    /// The name that was given.
    pub hello: HelloName,
    /// How long the connection took.
    pub connect_took: Duration,
    /// The session.
    pub finished: Finished,
}

/// Connects and drives a session. `plan` gets the name to give, and the limit over everything in
/// the form that [`Limits::total`](crate::proto::Limits::total) takes. `on_connected` hears of the connection.
///
/// # Errors
/// When there is no connection; how long that took.
pub async fn call(
    call: Call<'_>,
    plan: impl FnOnce(HelloName, Option<(Duration, Duration)>) -> Plan,
    on_connected: impl FnOnce(),
    mut on_event: impl FnMut(Event<'_>),
) -> Result<Called, (Failure, Duration)> {
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
    let hello = match (call.hello, local) {
        (Some(name), _) => name.clone(),
        (None, ip) => HelloName::literal(ip.unwrap_or(call.target.ip())),
    };
    let plan = plan(hello.clone(), Some((end.saturating_duration_since(begun), whole)));
    let session = Session::new(plan, begun.elapsed());
    let finished = drive(session, stream, begun, call.tls, on_event).await;
    Ok(Called { local, hello, connect_took: took, finished })
}
