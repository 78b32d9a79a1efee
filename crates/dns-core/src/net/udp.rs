//! Questions over a few shared UDP sockets.
//!
//! A socket a question costs more than the question (measured: 55 µs of CPU). Few sockets give a
//! forger fewer ports to guess, so an answer must come from the server's address (the sockets are
//! connected) and be one as the [`Table`] knows it.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;

use rustix::net::sockopt::set_socket_recv_buffer_size;
use tokio::net::UdpSocket;
use tokio::sync::oneshot;

use super::table::{Match, Table};
use super::wire::Question;

/// Octets of answers that may wait to be read on a socket.
const RECEIVE_BUFFER: usize = 4 << 20;

/// What came for a question.
pub(super) type Outcome = Result<Vec<u8>, UdpError>;

/// Why there is no usable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UdpError {
    /// The port is closed, or there is no way to the server.
    Unreachable,
    /// The answer's question differs from ours in letter case alone: harmless, but to be asked over TCP.
    Case,
}

/// The sockets to one server.
#[derive(Debug)]
pub(super) struct Pool {
    server: SocketAddr,
    sockets: RefCell<Vec<Rc<Socket>>>,
    next: Cell<usize>,
}

#[derive(Debug)]
struct Socket {
    udp: UdpSocket,
    waiting: RefCell<Table<oneshot::Sender<Outcome>>>,
}

/// A question under way. Dropped, it is forgotten.
#[derive(Debug)]
pub(super) struct Pending {
    socket: Rc<Socket>,
    id: u16,
    answer: oneshot::Receiver<Outcome>,
}

impl Pool {
    /// Sockets that are used before another is opened.
    const SIZE: usize = 4;

    pub(super) fn new(server: SocketAddr) -> Self {
        Self { server, sockets: RefCell::default(), next: Cell::new(0) }
    }

    /// Sends a question. Must run within a `LocalSet`.
    pub(super) async fn ask(&self, question: &mut Question) -> io::Result<Pending> {
        let socket = self.socket()?;
        let (done, answer) = oneshot::channel();
        let id = socket.waiting.borrow_mut().put(question.section(), done, rand::random);
        let id = id.ok_or(io::ErrorKind::ResourceBusy)?;
        let pending = Pending { socket, id, answer };
        question.set_id(id);
        pending.socket.udp.send(&question.bytes).await?;
        Ok(pending)
    }

    /// A socket, in turn; the first question opens only one.
    fn socket(&self) -> io::Result<Rc<Socket>> {
        let mut sockets = self.sockets.borrow_mut();
        let all_busy = sockets.iter().all(|socket| !socket.waiting.borrow().is_empty());
        if sockets.len() < Self::SIZE && all_busy {
            let socket = Rc::new(Socket::open(self.server)?);
            tokio::task::spawn_local(receive(socket.clone()));
            sockets.push(socket);
        }
        let at = self.next.get() % sockets.len();
        self.next.set(at + 1);
        Ok(sockets[at].clone())
    }
}

impl Pending {
    /// Waits for the answer; there is no limit in here.
    pub(super) async fn answer(&mut self) -> Outcome {
        (&mut self.answer).await.unwrap_or(Err(UdpError::Unreachable))
    }

    /// Whether anything came for it that is no answer.
    pub(super) fn saw_junk(&self) -> bool {
        self.socket.waiting.borrow().saw_junk(self.id)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // Once it is answered, its id may be another question's.
        if self.answer.try_recv() == Err(oneshot::error::TryRecvError::Empty) {
            self.socket.waiting.borrow_mut().forget(self.id);
        }
    }
}

impl Socket {
    fn open(server: SocketAddr) -> io::Result<Self> {
        let any: SocketAddr = match server {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let udp = std::net::UdpSocket::bind(any)?;
        udp.connect(server)?;
        udp.set_nonblocking(true)?;
        // Answers come in bursts, and what does not fit is lost: as much as the system grants.
        let _ = set_socket_recv_buffer_size(&udp, RECEIVE_BUFFER);
        Ok(Self { udp: UdpSocket::from_std(udp)?, waiting: RefCell::new(Table::new()) })
    }

    fn take(&self, datagram: &[u8]) {
        let Some((done, verdict)) = self.waiting.borrow_mut().take(datagram) else { return };
        let _ = done.send(match verdict {
            Match::Answer => Ok(datagram.to_vec()),
            Match::Case => Err(UdpError::Case),
        });
    }

    fn fail_all(&self) {
        for done in self.waiting.borrow_mut().drain() {
            let _ = done.send(Err(UdpError::Unreachable));
        }
    }
}

/// Hands out what comes in; ends with the `LocalSet`.
async fn receive(socket: Rc<Socket>) {
    // More than is asked for: a server that sends more is heard, and then found out.
    let mut buffer = vec![0; 4096];
    loop {
        match socket.udp.recv(&mut buffer).await {
            Ok(length) => socket.take(&buffer[..length]),
            // ICMP port unreachable, reported at the next call (Linux, connected sockets).
            Err(_) => socket.fail_all(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::LocalSet;
    use tokio::time::timeout;

    use super::*;
    use crate::net::wire::coins;
    use crate::{DomainName, Kind};

    /// Far more than a datagram takes on loopback.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn question() -> Question {
        Question::new(&DomainName::parse("a.example").unwrap(), Kind::Mx, coins())
    }

    async fn server() -> UdpSocket {
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
    }

    /// A right answer to what a server has received, and who asked.
    async fn answer(server: &UdpSocket, mark: u8) -> (Vec<u8>, SocketAddr) {
        let mut buffer = vec![0; 512];
        let (length, client) = timeout(PATIENCE, server.recv_from(&mut buffer)).await.unwrap().unwrap();
        buffer.truncate(length);
        buffer[2] |= 0x80;
        buffer.push(mark);
        (buffer, client)
    }

    #[tokio::test]
    async fn a_right_answer_from_another_address_does_not_count() {
        let (real, forger) = (server().await, server().await);
        let pool = Pool::new(real.local_addr().unwrap());
        let run = async {
            let mut pending = pool.ask(&mut question()).await.unwrap();
            let (mut bytes, client) = answer(&real, 1).await;
            // It is there first.
            forger.send_to(&bytes, client).await.unwrap();
            *bytes.last_mut().unwrap() = 2;
            real.send_to(&bytes, client).await.unwrap();
            assert_eq!(timeout(PATIENCE, pending.answer()).await.unwrap(), Ok(bytes));
            assert!(pool.sockets.borrow()[0].waiting.borrow().is_empty());
        };
        LocalSet::new().run_until(run).await;
    }

    #[tokio::test]
    async fn a_question_that_is_dropped_is_forgotten_and_its_answer_is_nobodys() {
        let real = server().await;
        let pool = Pool::new(real.local_addr().unwrap());
        let run = async {
            drop(pool.ask(&mut question()).await.unwrap());
            let socket = pool.sockets.borrow()[0].clone();
            assert!(socket.waiting.borrow().is_empty());
            let (late, client) = answer(&real, 1).await;
            let mut pending = pool.ask(&mut question()).await.unwrap();
            let (bytes, _) = answer(&real, 2).await;
            real.send_to(&late, client).await.unwrap();
            real.send_to(&bytes, client).await.unwrap();
            assert_eq!(timeout(PATIENCE, pending.answer()).await.unwrap(), Ok(bytes));
            drop(pending);
            assert!(socket.waiting.borrow().is_empty());
        };
        LocalSet::new().run_until(run).await;
    }
}
