//! Moving bytes between a socket and a session.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout_at;

use crate::proto::{Facts, Failure, Line, Output, Session};

/// A session that is over.
#[derive(Debug)]
pub struct Finished {
    /// What was learnt.
    pub facts: Facts,
    /// `Ok` if nothing failed.
    pub verdict: Result<(), Failure>,
}

/// Runs `session` over `stream` to its end. `origin` is the instant from which the session's `now`
/// counts; `on_line` gets the dialogue as it happens, with its time.
pub async fn drive<S>(
    mut session: Session,
    mut stream: S,
    origin: Instant,
    mut on_line: impl FnMut(Duration, &Line),
) -> Finished
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Filled before it is grown again: a session that waits holds no more than this.
    let mut buffer = [0; 2048];
    loop {
        match session.poll_output() {
            Output::Line(line) => on_line(origin.elapsed(), &line),
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
