//! A client's connection, in clear or inside TLS: lines in, bytes out.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use smtp_core::proto::dialogue::fill;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};

use crate::heard::Heard;
use crate::tls::ServerTls;

/// The longest line that a client may send.
const MOST_LINE: u64 = 16 * 1024;
/// How long a client may take to close its side after ours.
const LINGER: Duration = Duration::from_secs(5);

/// What a server knows of itself, whatever it plays.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) name: String,
    /// None if it has no certificate.
    pub(crate) tls: Option<ServerTls>,
    pub(crate) heard: Arc<Heard>,
}

/// Anything that carries a session.
trait Wire: AsyncBufRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncBufRead + AsyncWrite + Send + Unpin> Wire for T {}

/// How a server ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// In order; that is done.
    Closed,
    /// With RST, which is still to be sent.
    Reset,
}

/// A connection to one client.
pub(crate) struct Connection<'a> {
    host: &'a Host,
    wire: Box<dyn Wire + 'a>,
    peer: String,
    is_encrypted: bool,
}

impl<'a> Connection<'a> {
    pub(crate) fn new(
        host: &'a Host,
        wire: impl AsyncRead + AsyncWrite + Send + Unpin + 'a,
        peer: String,
    ) -> Self {
        let wire = Box::new(BufReader::with_capacity(1024, wire));
        Self { host, wire, peer, is_encrypted: false }
    }

    pub(crate) fn name(&self) -> &'a str {
        &self.host.name
    }

    pub(crate) fn has_certificate(&self) -> bool {
        self.host.tls.is_some()
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Sends these very bytes.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wire.write_all(bytes).await?;
        // TLS may hold back what did not fit.
        self.wire.flush().await
    }

    /// The bytes with the names in their places.
    pub(crate) fn fill(&self, bytes: &[u8]) -> Vec<u8> {
        fill(bytes, &self.host.name, &self.peer)
    }

    /// Shakes hands.
    ///
    /// # Errors
    /// There is no certificate, or the client does not like it.
    pub(crate) async fn start_tls(&mut self) -> io::Result<()> {
        let tls = self.host.tls.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        let clear = std::mem::replace(&mut self.wire, Box::new(tokio::io::empty()));
        self.wire = Box::new(BufReader::with_capacity(1024, tls.acceptor()?.accept(clear).await?));
        self.is_encrypted = true;
        Ok(())
    }

    /// The next line without its end, noted; `None` at the end of the stream.
    pub(crate) async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let end = (&mut self.wire).take(MOST_LINE).read_until(b'\n', &mut line).await;
        match end {
            // TLS that ends without its farewell ends all the same.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            end => drop(end?),
        }
        if line.is_empty() {
            return Ok(None);
        }
        match line.strip_suffix(b"\n") {
            Some(text) => line.truncate(text.strip_suffix(b"\r").unwrap_or(text).len()),
            None if line.len() as u64 == MOST_LINE => return Err(io::ErrorKind::InvalidData.into()),
            None => {}
        }
        self.host.heard.note(&self.host.name, &line);
        Ok(Some(line))
    }

    /// Waits for bytes, which stay where they are; none at the end of the stream.
    pub(crate) async fn peek(&mut self) -> io::Result<&[u8]> {
        self.wire.fill_buf().await
    }

    /// Takes bytes that were looked at.
    pub(crate) fn consume(&mut self, count: usize) {
        self.wire.consume(count);
    }

    /// Reads, and notes, whatever comes, until the client goes away.
    pub(crate) async fn hear_out(&mut self) {
        loop {
            match self.line().await {
                Ok(None) => return,
                Err(error) if error.kind() != io::ErrorKind::InvalidData => return,
                Ok(Some(_)) | Err(_) => {}
            }
        }
    }

    /// Ends our side, and lets the client end its own: closed with octets unread, the connection
    /// would end in RST, which may overtake what was said last.
    pub(crate) async fn close(&mut self) -> io::Result<End> {
        self.wire.shutdown().await?;
        let _ = tokio::time::timeout(LINGER, self.hear_out()).await;
        Ok(End::Closed)
    }
}
