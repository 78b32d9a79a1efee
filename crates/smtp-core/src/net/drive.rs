//! Moving bytes between a connection and a session.

use std::io;
use std::time::{Duration, Instant};

use tokio::time::timeout_at;

use super::socket::Socket;
use super::stream::{Moved, Stream};
use super::tls::{LazyTls, late_failure};
use crate::proto::{Failure, Line, Output, Phase, Policy, Session, TlsFailure, TlsHow};

/// What happens while a session is driven.
#[derive(Debug)]
pub enum Event<'a> {
    /// A line of the dialogue, and when it was said.
    Line(Duration, &'a Line),
    /// What is being waited for from now on.
    Phase(Phase),
}

/// How a session gets its TLS.
#[derive(Debug, Clone, Copy)]
pub struct TlsTarget<'a> {
    /// The client, made when it is needed.
    pub tls: &'a LazyTls,
    /// The name to ask for and to verify, or the address.
    pub name: &'a str,
    /// What is known of its certificate; the TLSA base domain is asked for before the name.
    pub policy: &'a Policy,
}

/// Runs `session` over `stream` to its end and gives its verdict. `origin` is the instant from which the session's `now`
/// counts; `on_event` hears of the dialogue as it happens.
pub async fn drive(
    session: &mut Session,
    stream: Socket,
    origin: Instant,
    target: TlsTarget<'_>,
    mut on_event: impl FnMut(Event<'_>),
) -> Result<(), Failure> {
    let mut how = if session.phase() == Phase::Tls { TlsHow::Implicit } else { TlsHow::Starttls };
    let mut stream = Some(Stream::Clear(stream));
    let mut pending = Vec::new();
    let mut sent = 0;
    loop {
        match session.poll_output() {
            Output::Line(line) => on_event(Event::Line(origin.elapsed(), &line)),
            Output::Write(bytes) if pending.is_empty() => (pending, sent) = (bytes, 0),
            Output::Write(bytes) => pending.extend(bytes),
            Output::Done(verdict) => return verdict,
            Output::StartTls => {
                on_event(Event::Phase(session.phase()));
                if sent < pending.len() {
                    // Answered before it was asked: what is left would go out inside TLS.
                    let words = "the answer to STARTTLS came before the command was out".to_owned();
                    session.handle_tls(origin.elapsed(), Err(TlsFailure::Handshake(words)));
                    continue;
                }
                let Some(Stream::Clear(clear)) = stream.take() else { continue };
                let deadline = origin + session.deadline().unwrap_or_default();
                // Not in the future of the session, which most of its life has no handshake in it.
                let client = target.tls.client();
                let handshake = Box::pin(client.connect(clear, target.name, target.policy, how));
                let result = timeout_at(deadline.into(), handshake).await;
                let now = origin.elapsed();
                match result {
                    Err(_) => session.handle_timeout(now),
                    Ok(Err(failure)) => session.handle_tls(now, Err(failure)),
                    Ok(Ok((encrypted, facts))) => {
                        stream = Some(Stream::Tls(Box::new(encrypted)));
                        session.handle_tls(now, Ok(facts));
                    }
                }
                how = TlsHow::Starttls;
            }
            Output::Wait(deadline) => {
                on_event(Event::Phase(session.phase()));
                let Some(stream) = stream.as_mut() else {
                    session.handle_reset(origin.elapsed());
                    continue;
                };
                let take = |bytes: &[u8]| session.handle_input(origin.elapsed(), bytes);
                let step = timeout_at((origin + deadline).into(), stream.step(&pending[sent..], take)).await;
                let now = origin.elapsed();
                match step {
                    Err(_) => session.handle_timeout(now),
                    Ok(Moved::Sent(Ok(count))) => {
                        sent += count;
                        session.handle_sent(now, pending.len() - sent);
                        if sent == pending.len() {
                            pending.clear();
                            sent = 0;
                        }
                    }
                    // A write that fails shows in the read that follows, with what the server still said.
                    Ok(Moved::Sent(Err(_))) => {
                        pending.clear();
                        sent = 0;
                    }
                    Ok(Moved::Read(Ok(()))) => {}
                    // TLS closed without its farewell is an end of stream like another.
                    Ok(Moved::Read(Err(error))) if error.kind() == io::ErrorKind::UnexpectedEof => {
                        session.handle_input(now, &[]);
                    }
                    Ok(Moved::Read(Err(error))) => match late_failure(&error) {
                        Some(failure) => session.handle_tls(now, Err(failure)),
                        None => session.handle_reset(now),
                    },
                }
            }
        }
    }
}
