//! The listening sockets of the mail servers: an address each, all on one port.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use smtp_core::proto::dialogue::Dialogue;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::accept::accept;
use crate::connection::{Connection, End, Host};
use crate::delay::carry;
use crate::heard::Heard;
use crate::mail::Mails;
use crate::play::play;
use crate::sink::{Sink, SinkOptions};
use crate::tls::{Authority, Handshake, ServerTls};

/// Connections that may wait to be taken.
const BACKLOG: u32 = 4_096;
/// Octets that a server may say ahead of the way they have to go.
const DELAYED: usize = 64 * 1024;
/// How often all start over with another port because one was taken.
const ATTEMPTS: usize = 200;

/// A mail server of the world.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) address: IpAddr,
    pub(crate) play: Play,
    /// None: it knows no TLS.
    pub(crate) tls: Option<Handshake>,
    /// TLS from the first byte, without a word about it in the dialogue.
    pub(crate) implicit: bool,
    /// How long everything takes from one side to the other.
    pub(crate) delay: Option<Duration>,
}

/// What a server does.
#[derive(Debug, Clone)]
pub(crate) enum Play {
    /// Answers.
    Dialogue(Arc<Dialogue>),
    /// Takes mail.
    Sink(SinkOptions),
    /// Nothing listens.
    Refused,
    /// Connection attempts are not answered at all.
    Blackhole,
}

/// Open sockets.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) port: u16,
    listening: Vec<(TcpListener, Server)>,
    idle: Vec<Idle>,
}

/// Sockets that are only held.
#[derive(Debug)]
#[expect(dead_code, reason = "held for what the kernel does with them")]
enum Idle {
    Reserved(TcpSocket),
    Full(std::net::TcpListener, TcpStream),
}

impl Sockets {
    /// Opens all on one port. A server on an IPv6 address is left out where there is no IPv6.
    pub(crate) async fn open(servers: &[Server]) -> io::Result<Self> {
        let mut attempt = 1;
        loop {
            match Self::try_open(servers).await {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && attempt < ATTEMPTS => attempt += 1,
                done => return done,
            }
        }
    }

    async fn try_open(servers: &[Server]) -> io::Result<Self> {
        let mut sockets = Self { port: 0, listening: Vec::new(), idle: Vec::new() };
        for server in servers {
            let socket = match bind(SocketAddr::new(server.address, sockets.port)) {
                Err(error) if server.address.is_ipv6() && error.kind() != io::ErrorKind::AddrInUse => {
                    continue;
                }
                socket => socket?,
            };
            sockets.port = socket.local_addr()?.port();
            match &server.play {
                Play::Dialogue(_) | Play::Sink(_) => {
                    sockets.listening.push((socket.listen(BACKLOG)?, server.clone()));
                }
                Play::Refused => sockets.idle.push(Idle::Reserved(socket)),
                Play::Blackhole => sockets.idle.push(fill(socket).await?),
            }
        }
        if sockets.port == 0 {
            let socket = bind((Ipv4Addr::LOCALHOST, 0).into())?;
            sockets.port = socket.local_addr()?.port();
            sockets.idle.push(Idle::Reserved(socket));
        }
        Ok(sockets)
    }

    /// Serves until the runtime ends. What is returned keeps the silent addresses silent.
    pub(crate) fn spawn(
        self,
        authority: &Arc<Authority>,
        heard: &Arc<Heard>,
        mails: &Arc<Mails>,
    ) -> impl Drop + use<> {
        for (listener, server) in self.listening {
            let part = match server.play {
                Play::Dialogue(dialogue) => Part::Dialogue(dialogue, AtomicUsize::new(0)),
                Play::Sink(options) => Part::Sink(Sink::new(options, mails.clone())),
                Play::Refused | Play::Blackhole => continue,
            };
            let tls = server.tls;
            let tls = tls.map(|how| ServerTls::new(server.name.clone(), how, authority.clone()));
            let host = Host { name: server.name, tls, heard: heard.clone() };
            let (implicit, delay) = (server.implicit, server.delay);
            let service = Arc::new(Service { host, part, implicit, delay });
            tokio::spawn(accept(listener, move |stream, peer| {
                let service = service.clone();
                async move { service.serve(stream, peer).await }
            }));
        }
        self.idle
    }
}

/// A server at work.
#[derive(Debug)]
struct Service {
    host: Host,
    part: Part,
    implicit: bool,
    delay: Option<Duration>,
}

#[derive(Debug)]
enum Part {
    /// And how many connections there were.
    Dialogue(Arc<Dialogue>, AtomicUsize),
    Sink(Sink),
}

impl Service {
    async fn serve(&self, mut stream: TcpStream, peer: IpAddr) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let end = match self.delay {
            None => self.talk(Connection::new(&self.host, &mut stream, peer.to_string())).await,
            Some(delay) => {
                let (near, far) = tokio::io::duplex(DELAYED);
                let talk = self.talk(Connection::new(&self.host, far, peer.to_string()));
                carry(&mut stream, near, delay, talk).await?
            }
        };
        if end? == End::Reset {
            stream.set_zero_linger()?;
        }
        Ok(())
    }

    async fn talk(&self, mut client: Connection<'_>) -> io::Result<End> {
        if self.implicit {
            client.start_tls().await?;
        }
        match &self.part {
            Part::Dialogue(dialogue, connections) => {
                let number = connections.fetch_add(1, Ordering::Relaxed);
                play(dialogue.on_connection(number), client).await
            }
            Part::Sink(sink) => sink.serve(client).await,
        }
    }
}

/// Without `SO_REUSEADDR`, so that the port is ours alone, whether somebody listens or not.
fn bind(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind(addr)?;
    Ok(socket)
}

/// A queue for one connection, and that one in it: Linux drops every further SYN.
async fn fill(socket: TcpSocket) -> io::Result<Idle> {
    let listener = socket.listen(0)?.into_std()?;
    let filler = TcpStream::connect(listener.local_addr()?).await?;
    // Until the connection stands in the queue, which the kernel sees to without us.
    poll(&mut [PollFd::new(&listener, PollFlags::IN)], None)?;
    Ok(Idle::Full(listener, filler))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(address: &str, play: Play) -> Server {
        let address = address.parse().unwrap();
        Server { name: "mx.example".into(), address, play, tls: None, implicit: false, delay: None }
    }

    async fn connect(sockets: &Sockets, address: &str) -> io::Result<TcpStream> {
        TcpStream::connect(SocketAddr::new(address.parse().unwrap(), sockets.port)).await
    }

    #[tokio::test]
    async fn nothing_listens() {
        let sockets = Sockets::open(&[server("127.63.250.1", Play::Refused)]).await.unwrap();
        let error = connect(&sockets, "127.63.250.1").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert!(bind(SocketAddr::new("127.63.250.1".parse().unwrap(), sockets.port)).is_err());
    }

    #[tokio::test]
    async fn nothing_answers() {
        let sockets = Sockets::open(&[server("127.63.250.2", Play::Blackhole)]).await.unwrap();
        let attempts = (0..3).map(|_| connect(&sockets, "127.63.250.2"));
        for attempt in attempts {
            assert!(tokio::time::timeout(Duration::from_millis(100), attempt).await.is_err());
        }
    }

    #[tokio::test]
    async fn several_addresses_share_a_port() {
        let dialogue = Arc::new(Dialogue::parse("expect ok\nsilence\n").unwrap());
        let servers = ["127.63.250.3", "127.63.250.4", "::1"]
            .map(|address| server(address, Play::Dialogue(dialogue.clone())));
        let sockets = Sockets::open(&servers).await.unwrap();
        for address in ["127.63.250.3", "127.63.250.4"] {
            assert!(connect(&sockets, address).await.is_ok(), "{address}");
        }
    }

    #[tokio::test]
    async fn a_world_without_servers_has_a_port_too() {
        assert_ne!(Sockets::open(&[]).await.unwrap().port, 0);
    }
}
