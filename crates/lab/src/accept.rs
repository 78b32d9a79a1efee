//! Taking connections, however many come.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

/// The pause after a failure, which is for want of descriptors in most cases.
const RECOVERY: Duration = Duration::from_millis(10);

/// Hands each connection, with the client's address, to `serve`, in a task of its own.
pub(crate) async fn accept<S, F>(listener: TcpListener, serve: S)
where
    S: Fn(TcpStream, IpAddr) -> F,
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let session = serve(stream, SocketAddr::ip(&peer));
                // A connection that breaks ends itself and nothing else.
                tokio::spawn(async move { drop(session.await) });
            }
            Err(_) => tokio::time::sleep(RECOVERY).await,
        }
    }
}
