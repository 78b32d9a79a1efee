//! A transaction with a server.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Instant;

use tokio::net::UdpSocket;
use tokio::time::timeout_at;

use super::message::{self, Reply};
use super::schedule::waits;

/// The most datagrams that are read: a server that sends more of what is no answer has none.
const MOST_DATAGRAMS: usize = 64;
/// What fits into a datagram (RFC 8489 section 6.1).
const MOST_OCTETS: usize = 1500;

/// Why there is no address.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The port is closed, or there is no way to the server.
    Unreachable(io::Error),
    /// Nothing came.
    Silence,
    /// Something came, and no answer.
    BadAnswer,
    /// The server answered with an error response of this code.
    Refused(u16),
}

/// The address that the server sees. The socket is of the server's family, and hears nobody else.
pub(crate) async fn ask(server: SocketAddr, deadline: Instant) -> Result<IpAddr, Failure> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await.map_err(Failure::Unreachable)?;
    socket.connect(server).await.map_err(Failure::Unreachable)?;
    let id = rand::random();
    let request = message::request(&id);
    let mut buffer = [0; MOST_OCTETS];
    let mut junk = 0;
    for wait in waits() {
        socket.send(&request).await.map_err(Failure::Unreachable)?;
        let until = deadline.min(Instant::now() + wait);
        while let Ok(received) = timeout_at(until.into(), socket.recv(&mut buffer)).await {
            let length = received.map_err(Failure::Unreachable)?;
            match message::read(buffer.get(..length).unwrap_or_default(), &id) {
                Some(Reply::From(ip)) => return Ok(ip),
                Some(Reply::Error(code)) => return Err(Failure::Refused(code)),
                Some(Reply::Unusable) => return Err(Failure::BadAnswer),
                None => junk += 1,
            }
            if junk == MOST_DATAGRAMS {
                return Err(Failure::BadAnswer);
            }
        }
        if until == deadline {
            break;
        }
    }
    Err(if junk > 0 { Failure::BadAnswer } else { Failure::Silence })
}
