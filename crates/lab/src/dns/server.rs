//! The sockets of the DNS server: UDP and TCP on one port, TLS and HTTPS on one each.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use super::respond::{MOST_UDP, Response, respond};
use super::{Data, https};
use crate::accept::accept;
use crate::tls::ServerTls;

/// Thousands of questions may wait at once.
const RECEIVE_BUFFER: usize = 8 << 20;
/// How often another port is tried when the one for UDP is taken for TCP.
const ATTEMPTS: usize = 50;

/// An open server.
#[derive(Debug)]
pub(crate) struct Server {
    udp: UdpSocket,
    tcp: TcpListener,
    tls: TcpListener,
    https: TcpListener,
}

/// What every connection is answered with.
#[derive(Debug, Clone)]
pub(super) struct Answering {
    data: Arc<Data>,
    queries: Arc<AtomicU64>,
}

impl Answering {
    /// Counts a question and answers it, when its time has come; nothing where a fault says so.
    pub(super) async fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        match respond(&self.data, query, false) {
            Response::Now(bytes) => Some(bytes),
            Response::Later(time, bytes) => {
                tokio::time::sleep(time).await;
                Some(bytes)
            }
            Response::Never => None,
        }
    }
}

impl Server {
    /// Opens all sockets on ports that the system chooses.
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
                    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
                    return Ok(Self { udp, tcp: tcp?, tls: listen().await?, https: listen().await? });
                }
            }
        }
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }

    /// Where it listens for TLS, and for HTTPS.
    pub(crate) fn secure_addrs(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.tls.local_addr()?, self.https.local_addr()?))
    }

    /// Answers until the runtime ends; each question adds one to `queries`.
    pub(crate) fn spawn(self, data: Arc<Data>, queries: Arc<AtomicU64>, tls: ServerTls) {
        tokio::spawn(serve_udp(self.udp, data.clone(), queries.clone()));
        let answering = Answering { data, queries };
        let tls = Arc::new(tls);
        let all = answering.clone();
        tokio::spawn(accept(self.tcp, move |stream, _| {
            let answering = all.clone();
            async move {
                stream.set_nodelay(true)?;
                serve(stream, &answering).await
            }
        }));
        for (listener, is_https) in [(self.tls, false), (self.https, true)] {
            let (all, tls) = (answering.clone(), tls.clone());
            tokio::spawn(accept(listener, move |stream, _| {
                let (answering, tls) = (all.clone(), tls.clone());
                async move {
                    stream.set_nodelay(true)?;
                    let stream = tls.acceptor()?.accept(stream).await?;
                    match is_https {
                        true => https::serve(stream, &answering).await,
                        false => serve(stream, &answering).await,
                    }
                }
            }));
        }
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

/// One question after the other, two octets of length before each message.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answering: &Answering) -> io::Result<()> {
    let mut query = Vec::new();
    loop {
        let length = stream.read_u16().await?;
        query.resize(usize::from(length), 0);
        stream.read_exact(&mut query).await?;
        let Some(bytes) = answering.answer(&query).await else { continue };
        let Ok(length) = u16::try_from(bytes.len()) else { continue };
        stream.write_all(&[&length.to_be_bytes(), bytes.as_slice()].concat()).await?;
        stream.flush().await?;
    }
}
