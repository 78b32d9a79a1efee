//! The sockets of the DNS server: UDP and TCP on one port.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::Data;
use super::respond::{MOST_UDP, Response, respond};
use crate::accept::accept;

/// Thousands of questions may wait at once.
const RECEIVE_BUFFER: usize = 8 << 20;
/// How often another port is tried when the one for UDP is taken for TCP.
const ATTEMPTS: usize = 50;

/// An open server.
#[derive(Debug)]
pub(crate) struct Server {
    udp: UdpSocket,
    tcp: TcpListener,
}

impl Server {
    /// Opens both sockets on a port that the system chooses.
    pub(crate) async fn open() -> io::Result<Self> {
        let mut attempt = 1;
        loop {
            let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            match TcpListener::bind(udp.local_addr()?).await {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && attempt < ATTEMPTS => attempt += 1,
                tcp => {
                    // As much as the system grants.
                    let sockopt = rustix::net::sockopt::set_socket_recv_buffer_size;
                    let _ = sockopt(&udp, RECEIVE_BUFFER);
                    return Ok(Self { udp, tcp: tcp? });
                }
            }
        }
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }

    /// Answers until the runtime ends; each question adds one to `queries`.
    pub(crate) fn spawn(self, data: Arc<Data>, queries: Arc<AtomicU64>) {
        tokio::spawn(serve_udp(self.udp, data.clone(), queries.clone()));
        let tcp = self.tcp;
        tokio::spawn(accept(tcp, move |stream, _| {
            let (data, queries) = (data.clone(), queries.clone());
            async move { serve_tcp(stream, &data, &queries).await }
        }));
    }
}

async fn serve_udp(socket: UdpSocket, data: Arc<Data>, queries: Arc<AtomicU64>) {
    let socket = Arc::new(socket);
    let mut buffer = vec![0; usize::from(MOST_UDP)];
    loop {
        let Ok((length, peer)) = socket.recv_from(&mut buffer).await else {
            // An ICMP error for an earlier answer.
            tokio::task::yield_now().await;
            continue;
        };
        queries.fetch_add(1, Ordering::Relaxed);
        match respond(&data, buffer.get(..length).unwrap_or_default(), true) {
            Response::Now(bytes) => {
                let _ = socket.send_to(&bytes, peer).await;
            }
            Response::Later(time, bytes) => {
                let socket = socket.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    let _ = socket.send_to(&bytes, peer).await;
                });
            }
            Response::Never => {}
        }
    }
}

async fn serve_tcp(mut stream: TcpStream, data: &Data, queries: &AtomicU64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut query = Vec::new();
    loop {
        let length = stream.read_u16().await?;
        query.resize(usize::from(length), 0);
        stream.read_exact(&mut query).await?;
        queries.fetch_add(1, Ordering::Relaxed);
        let (wait, bytes) = match respond(data, &query, false) {
            Response::Now(bytes) => (Duration::ZERO, bytes),
            Response::Later(time, bytes) => (time, bytes),
            Response::Never => continue,
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let Ok(length) = u16::try_from(bytes.len()) else { continue };
        stream.write_all(&[&length.to_be_bytes(), bytes.as_slice()].concat()).await?;
    }
}
