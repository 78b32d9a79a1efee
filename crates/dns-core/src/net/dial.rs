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
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig};

use super::place::Place;
use crate::http::Trust;
use crate::{Location, Protocol, Server};

/// A connection of either kind.
pub(super) trait Stream: AsyncRead + AsyncWrite {}

impl<T: AsyncRead + AsyncWrite> Stream for T {}

/// How a server is connected to.
#[derive(Debug)]
pub(super) struct Dial {
    place: Place,
    tls: Option<Tls>,
    /// How long it may take, the lookup of the server's name and the handshake included.
    limit: Duration,
}

/// What verifies certificates, made when it is first needed.
pub(super) struct Tls {
    trust: Trust,
    client: OnceCell<Arc<ClientConfig>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    pub(super) fn new(trust: Trust) -> Self {
        Self { trust, client: OnceCell::new() }
    }

    pub(super) async fn client(&self) -> Result<&Arc<ClientConfig>, String> {
        let make = async || self.trust.client().await.map(Arc::new).map_err(|error| tls_failed(&error));
        self.client.get_or_try_init(make).await
    }
}

impl Dial {
    pub(super) fn new(server: Server, trust: &Trust, limit: Duration) -> Self {
        let tls = (server.protocol == Protocol::Tls).then(|| Tls::new(trust.clone()));
        Self { place: Place::new(server), tls, limit }
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// What stood in the way.
    pub(super) async fn open(&self) -> Result<Box<dyn Stream>, String> {
        match timeout(self.limit, self.connect()).await {
            Ok(result) => result,
            Err(_) => Err("no connection in time".to_owned()),
        }
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, String> {
        let addresses = self.place.addresses(self.limit).await?;
        let stream = connect(&addresses, self.limit).await.map_err(|error| cause(&error))?;
        // Whatever cannot be set is done without.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else { return Ok(Box::new(stream)) };
        let name = match &self.place.server.host {
            Location::Address(ip) => ServerName::from(*ip),
            Location::Name(name) => {
                ServerName::try_from(name.to_string()).map_err(|error| error.to_string())?
            }
        };
        let connector = TlsConnector::from(tls.client().await?.clone());
        let stream = connector.connect(name, stream).await;
        Ok(Box::new(stream.map_err(|error| tls_failed(&error))?))
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
