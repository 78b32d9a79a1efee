//! Web servers with a few pages, HTTP/1.1, one request a connection: one in plain text for those that
//! tell who asks, and one over TLS with any number of hosts.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::server::Acceptor;

use crate::accept::accept;
use crate::heard::Heard;
use crate::tls::{Authority, Certificate, ServerTls};

/// The name under which the requests in plain text are kept; the others are under their host's.
pub(crate) const NAME: &str = "http";
/// The longest request that is read.
const MOST_REQUEST: u64 = 16 << 10;

/// A page of the world.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: String,
    /// The request is read and never answered.
    pub(crate) hangs: bool,
    pub(crate) content_type: String,
    /// The host that has it, over TLS.
    pub(crate) site: Option<Site>,
}

/// A host of the server over TLS, and what it shows to those who name it.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) certificate: Certificate,
}

/// An open server.
#[derive(Debug)]
pub(crate) struct Server {
    listener: TcpListener,
}

impl Server {
    /// Listens on a port that the system chooses.
    pub(crate) async fn open() -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await? })
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers in plain text until the runtime ends.
    pub(crate) fn spawn(self, pages: Arc<[Page]>, heard: Arc<Heard>) {
        tokio::spawn(accept(self.listener, move |stream, _| {
            let (pages, heard) = (pages.clone(), heard.clone());
            async move {
                stream.set_nodelay(true)?;
                serve(stream, None, &pages, &heard).await
            }
        }));
    }

    /// Answers over TLS until the runtime ends.
    pub(crate) fn spawn_tls(self, pages: Arc<[Page]>, heard: Arc<Heard>, authority: &Arc<Authority>) {
        let sites = pages.iter().filter_map(|page| page.site.clone());
        let tls = sites.map(|Site { name, certificate }| {
            let tls = ServerTls::new(name.clone(), certificate.into(), authority.clone());
            (name, tls)
        });
        let sites: Arc<HashMap<String, ServerTls>> = Arc::new(tls.collect());
        tokio::spawn(accept(self.listener, move |stream, _| {
            let (sites, pages, heard) = (sites.clone(), pages.clone(), heard.clone());
            async move { serve_tls(stream, &sites, &pages, &heard).await }
        }));
    }
}

/// A client that names no host, or one that is not here, is hung up on.
async fn serve_tls(
    stream: TcpStream,
    sites: &HashMap<String, ServerTls>,
    pages: &[Page],
    heard: &Heard,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let name = hello.client_hello().server_name().map(str::to_owned);
    let name = name.ok_or(io::ErrorKind::NotFound)?;
    let config = sites.get(&name).ok_or(io::ErrorKind::NotFound)?.config()?;
    serve(hello.into_stream(config).await?, Some(&name), pages, heard).await
}

/// Answers the one request; `host` is the one that the client has named in its TLS.
async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    host: Option<&str>,
    pages: &[Page],
    heard: &Heard,
) -> io::Result<()> {
    let mut request = Vec::new();
    let mut bounded = (&mut stream).take(MOST_REQUEST);
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if bounded.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let text = String::from_utf8_lossy(&request);
    let line = text.lines().next().unwrap_or_default();
    heard.note(host.unwrap_or(NAME), line.as_bytes());
    let path = line.split(' ').nth(1).unwrap_or_default();
    let is_it = |page: &&Page| page.path == path && page.site.as_ref().map(|site| site.name.as_str()) == host;
    let page = pages.iter().find(is_it);
    if page.is_some_and(|page| page.hangs) {
        // Until the client has had enough.
        let _ = stream.read_u8().await;
        return Ok(());
    }
    stream.write_all(&answer(page)).await?;
    stream.shutdown().await
}

fn answer(page: Option<&Page>) -> Vec<u8> {
    let (status, body) = page.map_or((404, "no such page\n"), |page| (page.status, &page.body));
    let content_type = page.map_or("text/plain", |page| &page.content_type);
    let location = page.and_then(|page| page.location.as_ref());
    let location = location.map(|to| format!("Location: {to}\r\n")).unwrap_or_default();
    let length = body.len();
    format!(
        "HTTP/1.1 {status} -\r\n{location}Content-Type: {content_type}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_answered_as_it_is_described() {
        let page = Page {
            path: "/".into(),
            status: 302,
            location: Some("/ip".into()),
            body: "x".into(),
            hangs: false,
            content_type: "text/plain".into(),
            site: None,
        };
        let text = String::from_utf8(answer(Some(&page))).unwrap();
        assert!(text.starts_with("HTTP/1.1 302 -\r\nLocation: /ip\r\n") && text.ends_with("\r\n\r\nx"));
        assert!(answer(None).starts_with(b"HTTP/1.1 404 "));
    }
}
