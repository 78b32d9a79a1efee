//! Taking turns: no more than so many sessions with one server at a time, over the whole run.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smtp_core::proto::Endpoint;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The turns of a run, shared by its threads.
#[derive(Debug)]
pub(crate) struct Turns {
    most: usize,
    /// Only servers that somebody talks to or waits for.
    servers: Mutex<HashMap<Endpoint, Server>>,
}

#[derive(Debug)]
struct Server {
    turns: Arc<Semaphore>,
    /// How many hold a turn or wait for one.
    users: usize,
}

/// A turn at a server; it is over when this is dropped.
#[derive(Debug)]
pub struct Turn {
    permit: Option<OwnedSemaphorePermit>,
    server: Endpoint,
    all: Arc<Turns>,
}

impl Turns {
    /// At most `most` turns at a server at a time.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, servers: Mutex::default() })
    }

    /// A place in the queue of a server, and the queue.
    pub(crate) fn queue(self: &Arc<Self>, at: &Endpoint) -> (Turn, Arc<Semaphore>) {
        // Every port of an address is the same server.
        let server = at.ip().map_or_else(|| at.clone(), |ip| SocketAddr::new(ip.to_canonical(), 0).into());
        let mut servers = self.lock();
        let known = servers
            .entry(server.clone())
            .or_insert_with(|| Server { turns: Arc::new(Semaphore::new(self.most)), users: 0 });
        known.users += 1;
        (Turn { permit: None, server, all: self.clone() }, known.turns.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Endpoint, Server>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// It is this one's turn now.
    pub(crate) fn begin(mut self, permit: OwnedSemaphorePermit) -> Self {
        self.permit = Some(permit);
        self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        drop(self.permit.take());
        let mut servers = self.all.lock();
        if let Some(server) = servers.get_mut(&self.server) {
            server.users -= 1;
            if server.users == 0 {
                servers.remove(&self.server);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Endpoint {
        text.parse::<SocketAddr>().unwrap().into()
    }

    #[test]
    fn one_address_is_one_server_on_every_port_and_others_are_others() {
        let turns = Turns::new(1);
        let take = |server: &str| {
            let (turn, queue) = turns.queue(&at(server));
            queue.try_acquire_owned().ok().map(|permit| turn.begin(permit))
        };
        let first = take("192.0.2.1:25");
        assert!(first.is_some());
        assert!(take("192.0.2.1:587").is_none());
        assert!(take("[::ffff:192.0.2.1]:25").is_none());
        assert!(take("192.0.2.2:25").is_some());
        drop(first);
        assert!(take("192.0.2.1:587").is_some());
        assert!(turns.lock().is_empty(), "a server that nobody talks to is forgotten");
    }
}
