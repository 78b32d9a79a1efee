//! Moving bytes between a socket and a session.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout_at;

use crate::proto::{Facts, Failure, Line, Output, Phase, Session};

/// A session that is over.
#[derive(Debug)]
pub struct Finished {
    /// What was learnt.
    pub facts: Facts,
    /// `Ok` if nothing failed.
    pub verdict: Result<(), Failure>,
}

/// What happens while a session is driven.
#[derive(Debug)]
pub enum Event<'a> {
    /// A line of the dialogue, and when it was said.
    Line(Duration, &'a Line),
    /// What is being waited for from now on.
    Phase(Phase),
}

/// Runs `session` over `stream` to its end. `origin` is the instant from which the session's `now`
/// counts; `on_event` hears of the dialogue as it happens.
pub async fn drive<S>(
    mut session: Session,
    mut stream: S,
    origin: Instant,
    mut on_event: impl FnMut(Event<'_>),
) -> Finished
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Filled before it is grown again: a session that waits holds no more than this.
    let mut buffer = [0; 2048];
    loop {
        match session.poll_output() {
            Output::Line(line) => on_event(Event::Line(origin.elapsed(), &line)),
            Output::Write(bytes) => {
                let deadline = match session.deadline() {
                    Some(deadline) => origin + deadline,
                    None => continue,
                };
                // A write that fails shows in the read that follows, with what the server still said.
                if timeout_at(deadline.into(), stream.write_all(&bytes)).await.is_err() {
                    session.handle_timeout(origin.elapsed());
                }
            }
            Output::Wait(deadline) => {
                on_event(Event::Phase(session.phase()));
                let read = timeout_at((origin + deadline).into(), stream.read(&mut buffer)).await;
                let now = origin.elapsed();
                match read {
                    Err(_) => session.handle_timeout(now),
                    Ok(Ok(count)) => session.handle_input(now, &buffer[..count]),
                    Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                        session.handle_input(now, &[])
                    }
                    Ok(Err(_)) => session.handle_reset(now),
                }
            }
            Output::Done(verdict) => return Finished { facts: session.into_facts(), verdict },
        }
    }
}
