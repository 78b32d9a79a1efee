//! The listening sockets of the mail servers: an address each, all on one port.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, poll};
use smtp_core::proto::dialogue::Dialogue;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::accept::accept;
use crate::heard::Heard;
use crate::play::Script;

/// Connections that may wait to be taken.
const BACKLOG: u32 = 4_096;
/// How often all start over with another port because one was taken.
const ATTEMPTS: usize = 200;

/// A mail server of the world.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) address: IpAddr,
    pub(crate) play: Play,
}

/// What a server does.
#[derive(Debug, Clone)]
pub(crate) enum Play {
    /// Answers.
    Dialogue(Arc<Dialogue>),
    /// Nothing listens.
    Refused,
    /// Connection attempts are not answered at all.
    Blackhole,
}

/// Open sockets.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) port: u16,
    listening: Vec<(TcpListener, Server, Arc<Dialogue>)>,
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
                Play::Dialogue(dialogue) => {
                    sockets.listening.push((socket.listen(BACKLOG)?, server.clone(), dialogue.clone()));
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
    pub(crate) fn spawn(self, heard: &Arc<Heard>) -> impl Drop + use<> {
        for (listener, server, dialogue) in self.listening {
            let script = Arc::new(Script { name: server.name, dialogue, heard: heard.clone() });
            tokio::spawn(accept(listener, move |stream, peer| {
                let script = script.clone();
                async move { script.play(stream, peer).await }
            }));
        }
        self.idle
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
    use std::time::Duration;

    use super::*;

    fn server(address: &str, play: Play) -> Server {
        Server { name: "mx.example".into(), address: address.parse().unwrap(), play }
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
