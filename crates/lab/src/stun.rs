//! STUN servers that tell everybody the same address, or something else (RFC 8489). Written without
//! the code of the tools, so that a mistake does not cancel out.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde::Deserialize;
use tokio::net::UdpSocket;

use crate::heard::Heard;

/// What a server of the world does.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    pub(crate) name: String,
    #[serde(default = "documented")]
    pub(crate) ip: IpAddr,
    #[serde(default)]
    pub(crate) kind: Kind,
    /// So many requests of a client are lost first.
    #[serde(default)]
    pub(crate) loses: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// XOR-MAPPED-ADDRESS.
    #[default]
    Xor,
    /// MAPPED-ADDRESS alone, with the other attributes of RFC 3489.
    Mapped,
    /// Both, and something on the way has rewritten the plain one.
    Rewritten,
    /// No address.
    Empty,
    /// An attribute that must be understood, and that nobody knows.
    Unknown,
    /// An error response, 420.
    Error,
    /// The answer to a request that nobody has sent.
    WrongId,
    /// Not STUN.
    Garbage,
    /// Much that is not STUN, then the answer.
    Flood,
    /// Some that is not STUN, then the answer.
    Noise,
    Silent,
}

fn documented() -> IpAddr {
    Ipv4Addr::new(203, 0, 113, 7).into()
}

const HEADER: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// More than any client reads.
const FLOOD: usize = 200;
const NOISE: usize = 3;

/// An open server.
#[derive(Debug)]
pub(crate) struct Server {
    source: Source,
    socket: UdpSocket,
}

impl Server {
    /// Listens on a port that the system chooses.
    pub(crate) async fn open(source: &Source) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self { source: source.clone(), socket })
    }

    /// Its name, and where it listens.
    pub(crate) fn place(&self) -> io::Result<(String, SocketAddr)> {
        Ok((self.source.name.clone(), self.socket.local_addr()?))
    }

    /// Answers until the runtime ends.
    pub(crate) fn spawn(self, heard: Arc<Heard>) {
        tokio::spawn(async move {
            let Self { source, socket } = self;
            let mut buffer = [0; 1500];
            let mut before: Vec<SocketAddr> = Vec::new();
            loop {
                let Ok((length, peer)) = socket.recv_from(&mut buffer).await else {
                    // An ICMP error for an earlier answer.
                    tokio::task::yield_now().await;
                    continue;
                };
                let request = buffer.get(..length).unwrap_or_default();
                heard.note(&source.name, if is_request(request) { b"Binding request" } else { b"?" });
                let asked = before.iter().filter(|earlier| **earlier == peer).count();
                before.push(peer);
                if asked < source.loses {
                    continue;
                }
                for datagram in answers(&source, request) {
                    let _ = socket.send_to(&datagram, peer).await;
                }
            }
        });
    }
}

fn is_request(bytes: &[u8]) -> bool {
    bytes.len() == HEADER && bytes[..4] == [0, 1, 0, 0] && bytes[4..8] == COOKIE
}

fn answers(source: &Source, request: &[u8]) -> Vec<Vec<u8>> {
    if !is_request(request) {
        return Vec::new();
    }
    let id = &request[8..HEADER];
    let success = |attributes: &[Vec<u8>]| message([1, 1], id, &attributes.concat());
    let xored = || attribute(0x20, &address(source.ip, &[&COOKIE, id].concat()));
    let plain = |kind, ip| attribute(kind, &address(ip, &[0; 16]));
    let elsewhere = IpAddr::from([198, 51, 100, 99]);
    let garbage = || b"\x1b[31mHTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
    let after = |count| [vec![garbage(); count], vec![success(&[xored()])]].concat();
    match source.kind {
        Kind::Xor => vec![success(&[attribute(0x8022, b"lab"), xored()])],
        Kind::Mapped => {
            vec![success(&[plain(1, source.ip), plain(4, elsewhere), plain(5, elsewhere)])]
        }
        Kind::Rewritten => vec![success(&[plain(1, elsewhere), xored()])],
        Kind::Empty => vec![success(&[])],
        Kind::Unknown => vec![success(&[xored(), attribute(0x7000, b"what?")])],
        Kind::Error => vec![message([1, 0x11], id, &attribute(9, b"\0\0\x04\x14\x1b[31mno"))],
        Kind::WrongId => {
            let other: Vec<u8> = id.iter().map(|octet| !octet).collect();
            vec![message(
                [1, 1],
                &other,
                &attribute(0x20, &address(source.ip, &[&COOKIE, &other[..]].concat())),
            )]
        }
        Kind::Garbage => vec![garbage()],
        Kind::Flood => after(FLOOD),
        Kind::Noise => after(NOISE),
        Kind::Silent => Vec::new(),
    }
}

fn message(kind: [u8; 2], id: &[u8], body: &[u8]) -> Vec<u8> {
    // Far below 64 KiB.
    let length = (body.len() as u16).to_be_bytes();
    [&kind, &length[..], &COOKIE, id, body].concat()
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
    [&kind.to_be_bytes(), &(value.len() as u16).to_be_bytes()[..], value, &padding].concat()
}

/// Family, port (which nobody looks at) and address.
fn address(ip: IpAddr, mask: &[u8]) -> Vec<u8> {
    let (family, octets) = match ip {
        IpAddr::V4(v4) => (1, v4.octets().to_vec()),
        IpAddr::V6(v6) => (2, v6.octets().to_vec()),
    };
    let masked = octets.iter().zip(mask).map(|(octet, mask)| octet ^ mask);
    [0, family, 0, 0].into_iter().chain(masked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_response_of_rfc_5769() {
        let id = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];
        let value = address("192.0.2.1".parse().unwrap(), &[&COOKIE[..], &id].concat());
        assert_eq!(value[4..], [0xe1, 0x12, 0xa6, 0x43]);
        let request = [&[0, 1, 0, 0], &COOKIE[..], &id].concat();
        let source = |kind| Source { name: "x".into(), ip: documented(), kind, loses: 0 };
        assert_eq!(answers(&source(Kind::Xor), &request)[0].len(), 20 + 8 + 12);
        assert_eq!(answers(&source(Kind::Flood), &request).len(), FLOOD + 1);
        assert!(answers(&source(Kind::Xor), &request[..19]).is_empty());
    }
}
