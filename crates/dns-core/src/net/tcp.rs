//! A question over TCP (RFC 7766): two octets of length before each message.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::wire::{HEADER, Question};

/// Asks `server` on a connection of its own.
///
/// # Errors
/// The connection's; `InvalidData` when the answer is to another question.
pub(super) async fn exchange(server: SocketAddr, question: &Question) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let length = u16::try_from(question.bytes.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend_from_slice(&question.bytes);
    stream.write_all(&framed).await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    let section = answer.get(HEADER..question.end);
    let same = section.is_some_and(|section| section.eq_ignore_ascii_case(question.section()));
    if !same || answer[..2] != question.bytes[..2] {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(answer)
}
