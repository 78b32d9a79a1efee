//! Making a connection to a server, TCP or TLS.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig};

use super::place::Place;
use crate::http::Trust;
use crate::{Location, Server};

/// A connection of either kind.
pub(super) trait Stream: AsyncRead + AsyncWrite {}

impl<T: AsyncRead + AsyncWrite> Stream for T {}

/// How a server is connected to.
#[derive(Debug)]
pub(super) struct Dial {
    pub(super) place: Place,
    tls: Tls,
    /// How long it may take, the lookup of the server's name and the handshake included.
    limit: Duration,
}

/// What verifies certificates, made when it is first needed.
struct Tls {
    trust: Trust,
    client: OnceCell<Arc<ClientConfig>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    fn new(trust: Trust) -> Self {
        Self { trust, client: OnceCell::new() }
    }

    async fn client(&self) -> Result<&Arc<ClientConfig>, String> {
        let make = async || self.trust.client().await.map(Arc::new).map_err(|error| tls_failed(&error));
        self.client.get_or_try_init(make).await
    }
}

impl Dial {
    pub(super) fn new(server: Server, trust: &Trust, limit: Duration) -> Self {
        Self { place: Place::new(server), tls: Tls::new(trust.clone()), limit }
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// What stood in the way.
    pub(super) async fn open(&self) -> Result<Box<dyn Stream>, String> {
        if !self.place.server.protocol.is_secure() {
            return Ok(Box::new(self.in_time(self.connect()).await?));
        }
        let handshake = async { self.handshake(self.tls_client().await?.clone()).await };
        Ok(Box::new(self.in_time(handshake).await?))
    }

    /// Opens a connection over TLS, as `tls` says.
    ///
    /// # Errors
    /// What stood in the way.
    pub(super) async fn open_tls(&self, tls: Arc<ClientConfig>) -> Result<TlsStream<TcpStream>, String> {
        self.in_time(self.handshake(tls)).await
    }

    pub(super) async fn tls_client(&self) -> Result<&Arc<ClientConfig>, String> {
        self.tls.client().await
    }

    async fn in_time<T>(&self, connection: impl Future<Output = Result<T, String>>) -> Result<T, String> {
        let result = timeout(self.limit, connection).await;
        result.unwrap_or_else(|_| Err("no connection in time".to_owned()))
    }

    async fn connect(&self) -> Result<TcpStream, String> {
        let addresses = self.place.addresses(self.limit).await?;
        let stream = connect(&addresses, self.limit).await.map_err(|error| cause(&error))?;
        // Whatever cannot be set is done without.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    async fn handshake(&self, tls: Arc<ClientConfig>) -> Result<TlsStream<TcpStream>, String> {
        let stream = self.connect().await?;
        let name = match &self.place.server.host {
            Location::Address(ip) => ServerName::from(*ip),
            Location::Name(name) => {
                ServerName::try_from(name.to_string()).map_err(|error| error.to_string())?
            }
        };
        let stream = TlsConnector::from(tls).connect(name, stream).await;
        stream.map_err(|error| tls_failed(&error))
    }
}

/// Each address in turn, none of them longer than its share.
async fn connect(addresses: &[SocketAddr], limit: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let share = limit / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

/// Says that it was TLS, and why.
pub(super) fn tls_failed(error: &(dyn Error + 'static)) -> String {
    let inner = error.downcast_ref::<io::Error>().and_then(|io| io.get_ref());
    match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls) => format!("TLS failed: {tls}"),
        None => match error.downcast_ref::<io::Error>() {
            Some(io) => format!("TLS failed: {}", cause(io)),
            None => format!("TLS failed: {error}"),
        },
    }
}

/// Without the number of the system's error.
fn cause(error: &io::Error) -> String {
    if error.raw_os_error().is_some() { error.kind().to_string() } else { error.to_string() }
}
