//! A web server with a few pages, for those that tell who asks: HTTP/1.1 in plain text, one request
//! a connection.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::accept::accept;
use crate::heard::Heard;

/// The name under which the requests are kept.
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

    /// Answers until the runtime ends.
    pub(crate) fn spawn(self, pages: Arc<[Page]>, heard: Arc<Heard>) {
        tokio::spawn(accept(self.listener, move |stream, _| {
            let (pages, heard) = (pages.clone(), heard.clone());
            async move { serve(stream, &pages, &heard).await }
        }));
    }
}

async fn serve(mut stream: TcpStream, pages: &[Page], heard: &Heard) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut request = Vec::new();
    let mut bounded = (&mut stream).take(MOST_REQUEST);
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if bounded.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let text = String::from_utf8_lossy(&request);
    let line = text.lines().next().unwrap_or_default();
    heard.note(NAME, line.as_bytes());
    let path = line.split(' ').nth(1).unwrap_or_default();
    let page = pages.iter().find(|page| page.path == path);
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
    let location = page.and_then(|page| page.location.as_ref());
    let location = location.map(|to| format!("Location: {to}\r\n")).unwrap_or_default();
    let length = body.len();
    format!(
        "HTTP/1.1 {status} -\r\n{location}Content-Type: text/plain\r\nContent-Length: {length}\r\n\
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
        };
        let text = String::from_utf8(answer(Some(&page))).unwrap();
        assert!(text.starts_with("HTTP/1.1 302 -\r\nLocation: /ip\r\n") && text.ends_with("\r\n\r\nx"));
        assert!(answer(None).starts_with(b"HTTP/1.1 404 "));
    }
}
