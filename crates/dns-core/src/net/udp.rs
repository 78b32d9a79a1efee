//! Questions over a few shared UDP sockets.
//!
//! A socket a question costs more than the question (measured: 55 µs of CPU). Few sockets give a
//! forger fewer ports to guess, so an answer must come from the server's address (the sockets are
//! connected), have a random id and repeat the question letter by letter, in its random case.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;

use rustix::net::sockopt::set_socket_recv_buffer_size;
use tokio::net::UdpSocket;
use tokio::sync::oneshot;

use super::wire::{HEADER, Question};

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
    waiting: RefCell<Asked>,
}

/// The questions of a socket by their id, which is random and needs no further mixing against a forger.
type Asked = HashMap<u16, Waiting, BuildHasherDefault<Spread>>;

/// Spreads an id over the bits that the table looks at.
#[derive(Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u16((*byte).into());
        }
    }

    fn write_u16(&mut self, id: u16) {
        self.0 = (self.0 ^ u64::from(id)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }
}

#[derive(Debug)]
struct Waiting {
    section: Box<[u8]>,
    /// Whether something came for it that is no answer.
    junk: bool,
    done: oneshot::Sender<Outcome>,
}

/// A question under way. Dropped, it is forgotten.
#[derive(Debug)]
pub(super) struct Pending {
    socket: Rc<Socket>,
    id: u16,
    answer: oneshot::Receiver<Outcome>,
}

impl Pool {
    /// Questions on one socket; of 65,536 ids enough stay free to draw one at random.
    const MOST_WAITING: usize = 32_768;
    /// Sockets that are used before another is opened.
    const SIZE: usize = 4;

    pub(super) fn new(server: SocketAddr) -> Self {
        Self { server, sockets: RefCell::default(), next: Cell::new(0) }
    }

    /// Sends a question. Must run within a `LocalSet`.
    pub(super) async fn ask(&self, question: &mut Question) -> io::Result<Pending> {
        let socket = self.socket()?;
        let (done, answer) = oneshot::channel();
        let id = {
            let mut waiting = socket.waiting.borrow_mut();
            if waiting.len() >= Self::MOST_WAITING {
                return Err(io::ErrorKind::ResourceBusy.into());
            }
            let id = loop {
                let id = rand::random();
                if !waiting.contains_key(&id) {
                    break id;
                }
            };
            waiting.insert(id, Waiting { section: question.section().into(), junk: false, done });
            id
        };
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
        self.socket.waiting.borrow().get(&self.id).is_some_and(|asked| asked.junk)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // Once it is answered, its id may be another question's.
        if self.answer.try_recv() == Err(oneshot::error::TryRecvError::Empty) {
            self.socket.waiting.borrow_mut().remove(&self.id);
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
        Ok(Self { udp: UdpSocket::from_std(udp)?, waiting: RefCell::default() })
    }

    fn take(&self, datagram: &[u8]) {
        let Some(header) = datagram.first_chunk::<HEADER>() else { return };
        let id = u16::from_be_bytes([header[0], header[1]]);
        let is_response = header[2] & 0x80 != 0;
        let mut waiting = self.waiting.borrow_mut();
        let verdict = waiting.get(&id).filter(|_| is_response).and_then(|asked| {
            let section = datagram.get(HEADER..HEADER + asked.section.len())?;
            match section == &*asked.section {
                true => Some(Ok(datagram.to_vec())),
                false => section.eq_ignore_ascii_case(&asked.section).then_some(Err(UdpError::Case)),
            }
        });
        match verdict {
            // Somebody else's guess does not end the wait for the real answer.
            None => blame(&mut waiting, id, datagram),
            Some(outcome) => {
                if let Some(asked) = waiting.remove(&id) {
                    let _ = asked.done.send(outcome);
                }
            }
        }
    }

    fn fail_all(&self) {
        for (_, asked) in self.waiting.borrow_mut().drain() {
            let _ = asked.done.send(Err(UdpError::Unreachable));
        }
    }
}

/// Notes what is no answer at the question that it is about: the one that it repeats, else the one
/// whose id it has. The socket's other questions have nothing to do with it.
fn blame(waiting: &mut Asked, id: u16, datagram: &[u8]) {
    let repeats =
        |asked: &Waiting| datagram.get(HEADER..HEADER + asked.section.len()) == Some(&*asked.section);
    let repeated = waiting.iter().find(|(_, asked)| repeats(asked)).map(|(id, _)| *id);
    if let Some(asked) = waiting.get_mut(&repeated.unwrap_or(id)) {
        asked.junk = true;
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
