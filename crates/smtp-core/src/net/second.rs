//! The second connection to a server that found nothing in what we offer: what would it speak?
//!
//! It goes as far as TLS in the way of the first one, then says a ClientHello as clients said it
//! before TLS 1.3. Whatever comes of it, the facts and times of the record are those of the first.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout_at;

use super::{Call, Connected, Event, Socket, connect};
use crate::proto::{Answer, Cause, Failure, MOST_ANSWER, Offer, Output, Plan, Session, client_hello};

/// The most time that a diagnosis may take: a sender goes on to the next host after it.
const MOST: Duration = Duration::from_secs(30);

/// What of the first connection is done once more.
#[derive(Debug)]
pub(super) struct Second {
    plan: Plan,
}

impl Second {
    /// A second connection after one of this plan: nothing is delivered.
    pub(super) fn new(first: Plan) -> Self {
        Self { plan: Plan { auth: None, delivery: None, quit_after: None, ..first } }
    }

    /// Asks, if the first connection failed so that the answer tells something, and adds it to the
    /// failure. If nothing comes of it, the failure stays as it is.
    pub(super) async fn explain(
        self,
        failure: &mut Failure,
        call: &Call<'_>,
        begun: Instant,
        on_event: impl FnMut(Event<'_>),
    ) {
        if !matches!(failure.cause, Cause::NothingInCommon | Cause::ProtocolTooOld) {
            return;
        }
        let end = call.end.0.min(Instant::now() + MOST);
        // Seldom needed, so that it is no part of what every session holds.
        let ask = Box::pin(self.ask(call, begun, on_event));
        let Ok(Some(offer)) = timeout_at(end.into(), ask).await else { return };
        if offer.is_too_old() {
            failure.cause = Cause::ProtocolTooOld;
        }
        failure.offer = Some(offer);
    }

    async fn ask(self, call: &Call<'_>, begun: Instant, on_event: impl FnMut(Event<'_>)) -> Option<Offer> {
        let client = call.tls.tls.client();
        let hello =
            client_hello(client.sni(call.tls.policy.asked_for(call.tls.name)).as_deref(), client.random()?);
        let deadline = Instant::now() + call.connect_timeout;
        let connected = connect(call.target, call.source, deadline, call.connect_timeout).await;
        let Connected { mut stream, .. } = connected.ok()?;
        let limit = self.plan.limits.reply;
        reach_tls(&mut stream, Session::new(self.plan, begun.elapsed()), begun, on_event).await?;
        stream.write_all(&hello).await.ok()?;
        match timeout_at((Instant::now() + limit).into(), answer(&mut stream)).await {
            Ok(Some(Answer::Offer(offer))) => Some(offer),
            _ => None,
        }
    }
}

/// Drives a session up to its handshake; `None` if it does not come so far.
async fn reach_tls(
    stream: &mut Socket,
    mut session: Session,
    begun: Instant,
    mut on_event: impl FnMut(Event<'_>),
) -> Option<()> {
    let mut buffer = [0; 512];
    loop {
        match session.poll_output() {
            Output::Line(line) => on_event(Event::Line(begun.elapsed(), &line)),
            Output::Write(bytes) => stream.write_all(&bytes).await.ok()?,
            Output::StartTls => return Some(()),
            Output::Done(_) => return None,
            Output::Wait(deadline) => {
                let read = timeout_at((begun + deadline).into(), stream.read(&mut buffer)).await;
                session.handle_input(begun.elapsed(), &buffer[..read.ok()?.ok()?]);
            }
        }
    }
}

/// The server's answer; `None` if none comes.
async fn answer(stream: &mut Socket) -> Option<Answer> {
    let mut bytes = [0; MOST_ANSWER];
    let mut length = 0;
    loop {
        // The parser is done at the latest when the buffer is full.
        let count = stream.read(&mut bytes[length..]).await.ok().filter(|count| *count > 0)?;
        length += count;
        if let Some(answer) = Answer::parse(&bytes[..length]) {
            return Some(answer);
        }
    }
}
