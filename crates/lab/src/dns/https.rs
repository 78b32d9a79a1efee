//! The DNS over HTTPS (RFC 8484), as HTTP/1.1: a POST with a length, and then the next.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use super::server::Answering;

/// The longest head of a request that is read.
const MOST_HEAD: u64 = 16 << 10;
const PATH: &str = "/dns-query";
const MEDIA_TYPE: &str = "application/dns-message";

/// Answers until the client has had enough.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    answering: &Answering,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let Some(Request { is_fitting, length }) = read_head(&mut stream).await? else { return Ok(()) };
        let mut query = vec![0; usize::from(length)];
        stream.read_exact(&mut query).await?;
        let answer = match is_fitting {
            false => b"HTTP/1.1 404 -\r\nContent-Length: 0\r\n\r\n".to_vec(),
            true => {
                let Some(bytes) = answering.answer(&query).await else { continue };
                let length = bytes.len();
                let head = format!(
                    "HTTP/1.1 200 -\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {length}\r\n\r\n"
                );
                [head.as_bytes(), &bytes].concat()
            }
        };
        stream.write_all(&answer).await?;
        stream.flush().await?;
    }
}

struct Request {
    /// Whether it is what RFC 8484 says, at the right path.
    is_fitting: bool,
    length: u16,
}

/// The head of the next request; nothing where the client has closed.
async fn read_head(stream: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<Option<Request>> {
    let mut bounded = stream.take(MOST_HEAD);
    let mut line = String::new();
    if bounded.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let (is_post, mut is_message, mut length) =
        (line.starts_with(&format!("POST {PATH} HTTP/1.1")), false, 0);
    loop {
        line.clear();
        if bounded.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim().to_ascii_lowercase().split_once(':') {
            None => return Ok(Some(Request { is_fitting: is_post && is_message, length })),
            Some(("content-length", value)) => length = value.trim().parse().unwrap_or_default(),
            Some(("content-type", value)) => is_message = value.trim() == MEDIA_TYPE,
            Some(_) => {}
        }
    }
}
