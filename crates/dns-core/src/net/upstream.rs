//! One server that is asked.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::tcp;
use super::udp::{Pool, UdpError};
use super::wire::{self, Question};
use crate::{Protocol, Server};

/// A server, and what is open to it.
#[derive(Debug)]
pub(super) struct Upstream {
    server: Server,
    /// As records name it.
    pub(super) shown: Arc<str>,
    /// Whether its word on DNSSEC is taken.
    pub(super) is_trusted: bool,
    pool: Pool,
}

/// Why one try told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TryError {
    Timeout,
    Bad,
    Unreachable,
}

impl Upstream {
    /// Nothing is opened before the first question.
    pub(super) fn new(server: Server, is_trusted: bool) -> Self {
        Self { shown: server.to_string().into(), is_trusted, pool: Pool::new(server.addr), server }
    }

    /// Asks once: a whole answer with the question's id and question section, and nothing else looked at.
    pub(super) async fn exchange(
        &self,
        mut question: Question,
        limit: Duration,
    ) -> Result<Vec<u8>, TryError> {
        // A server that answers over UDP can be reached, whatever becomes of TCP.
        let answers = self.server.protocol == Protocol::Udp;
        if answers {
            let mut pending = self.pool.ask(&mut question).await.map_err(|_| TryError::Unreachable)?;
            match timeout(limit, pending.answer()).await {
                Ok(Ok(bytes)) if !wire::is_truncated(&bytes) => return Ok(bytes),
                // Too long for a datagram, or a middlebox that changes letters: over TCP.
                Ok(Ok(_) | Err(UdpError::Case)) => {}
                Ok(Err(UdpError::Unreachable)) => return Err(TryError::Unreachable),
                Err(_) if pending.saw_junk() => return Err(TryError::Bad),
                Err(_) => return Err(TryError::Timeout),
            }
        }
        question.set_id(rand::random());
        match timeout(limit, tcp::exchange(self.server.addr, &question)).await {
            // There is no longer way to ask for the rest.
            Ok(Ok(bytes)) if wire::is_truncated(&bytes) => Err(TryError::Bad),
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) => Err(match error.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => TryError::Bad,
                _ if answers => TryError::Bad,
                _ => TryError::Unreachable,
            }),
            Err(_) => Err(TryError::Timeout),
        }
    }
}
