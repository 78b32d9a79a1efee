//! A long way between client and server: everything arrives a while after it was sent.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// Octets that are taken at once.
const CHUNK: usize = 16 * 1024;
/// Chunks under way, before the sender has to wait.
const MOST_CHUNKS: usize = 4_096;

/// Carries bytes both ways between the two, each `delay` after it came, while `talk` goes on at the
/// far end of `near`, and until what was said there has arrived.
///
/// # Errors
/// The client is gone.
pub(crate) async fn carry<T>(
    stream: &mut TcpStream,
    near: DuplexStream,
    delay: Duration,
    talk: impl Future<Output = T>,
) -> io::Result<T> {
    let (from_client, to_client) = stream.split();
    let (from_server, mut to_server) = tokio::io::split(near);
    let there = async {
        // However the client left, the server learns it as the end of the stream.
        let _ = carry_one_way(from_client, &mut to_server, delay).await;
        let _ = to_server.shutdown().await;
        std::future::pending::<()>().await;
    };
    let back = carry_one_way(from_server, to_client, delay);
    let talk = async { Ok(talk.await) };
    let both = async { tokio::try_join!(talk, back) };
    tokio::select! {
        done = both => done.map(|(talked, ())| talked),
        () = there => Err(io::ErrorKind::BrokenPipe.into()),
    }
}

async fn carry_one_way<R, W>(mut from: R, mut to: W, delay: Duration) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut under_way: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
    let mut buffer = vec![0; CHUNK];
    let mut has_ended = false;
    loop {
        let next = under_way.front().map(|(due, _)| *due);
        tokio::select! {
            read = from.read(&mut buffer), if !has_ended && under_way.len() < MOST_CHUNKS => {
                let bytes = buffer.get(..read?).unwrap_or_default();
                has_ended = bytes.is_empty();
                // The end of the stream takes as long as the rest.
                under_way.push_back((Instant::now() + delay, bytes.to_vec()));
            }
            () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                match under_way.pop_front() {
                    Some((_, bytes)) if bytes.is_empty() => return to.shutdown().await,
                    Some((_, bytes)) => to.write_all(&bytes).await?,
                    None => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn every_octet_arrives_in_order_and_not_before_its_time() {
        let delay = Duration::from_millis(30);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        let (near, mut server) = tokio::io::duplex(64 * 1024);
        let begun = Instant::now();
        let serve = async move {
            let mut word = [0; 5];
            server.read_exact(&mut word).await.unwrap();
            assert!(begun.elapsed() >= delay && &word == b"there");
            server.write_all(b" and back").await.unwrap();
        };
        let ask = async move {
            client.write_all(b"there").await.unwrap();
            let mut all = String::new();
            client.read_to_string(&mut all).await.unwrap();
            assert_eq!(all, " and back");
            assert!(begun.elapsed() >= 2 * delay);
        };
        let (carried, ()) = tokio::join!(carry(&mut stream, near, delay, serve), ask);
        carried.unwrap();
    }
}
