//! Opening a connection, and telling apart why it could not be opened.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::net::{TcpSocket, UnixStream};
use tokio::time::timeout_at;

use super::Socket;
use crate::proto::{Cause, Endpoint, Failure, Phase};

/// How often a server with a full queue is tried again.
const AGAIN: Duration = Duration::from_millis(20);

/// An open connection.
#[derive(Debug)]
pub struct Connected {
    /// The socket, without Nagle's delay.
    pub stream: Socket,
    /// The address the connection leaves from; none with a UNIX socket.
    pub local: Option<IpAddr>,
    /// How long the handshake took.
    pub took: Duration,
}

/// Connects to `target` from `source` (any address if `None`) until `deadline` at most; `limit` is
/// the length of the limit that ends then.
///
/// # Errors
/// A [`Failure`] of phase `connect`; the cause comes from the error number alone.
pub async fn connect(
    target: &Endpoint,
    source: Option<IpAddr>,
    deadline: Instant,
    limit: Duration,
) -> Result<Connected, Failure> {
    let begun = Instant::now();
    match timeout_at(deadline.into(), open(target, source)).await {
        Ok(Ok(stream)) => {
            let local = match &stream {
                Socket::Tcp(stream) => stream.local_addr().ok().map(|addr| addr.ip()),
                Socket::Unix(_) => None,
            };
            Ok(Connected { stream, local, took: begun.elapsed() })
        }
        Ok(Err(error)) => {
            let cause = match target {
                Endpoint::Tcp(_) => cause(&error),
                Endpoint::Unix(_) => unix_cause(&error),
            };
            // Linux reports a RST to the SYN as a refusal; a reset came after the handshake, and
            // only was quicker than we were.
            let phase = if cause == Cause::Reset { Phase::Banner } else { Phase::Connect };
            Err(Failure { errno: error.raw_os_error(), ..Failure::new(cause, phase) })
        }
        Err(_) => Err(Failure::new(Cause::ConnectTimeout, Phase::Connect).with_limit(limit)),
    }
}

async fn open(target: &Endpoint, source: Option<IpAddr>) -> io::Result<Socket> {
    match target {
        Endpoint::Tcp(target) => open_tcp(*target, source).await,
        Endpoint::Unix(path) => open_unix(path).await,
    }
}

async fn open_tcp(target: SocketAddr, source: Option<IpAddr>) -> io::Result<Socket> {
    let socket = if target.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(source) = source {
        if source.is_ipv4() != target.is_ipv4() {
            // There is no way from the one family to the other.
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        socket.bind(SocketAddr::new(source, 0))?;
    }
    socket.set_nodelay(true)?;
    socket.connect(target).await.map(Socket::Tcp)
}

async fn open_unix(path: &Path) -> io::Result<Socket> {
    loop {
        match UnixStream::connect(path).await {
            // Its queue is full. Nobody says when there is room, as TCP would.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => tokio::time::sleep(AGAIN).await,
            connected => return connected.map(Socket::Unix),
        }
    }
}

/// What Linux reports for each situation, as measured: EACCES for ICMPv6 "administratively
/// prohibited" and `prohibit` routes, EINVAL for `blackhole` routes, EPERM from a local filter.
fn cause(error: &io::Error) -> Cause {
    use io::ErrorKind as Kind;
    const EPERM: i32 = 1;
    const EACCES: i32 = 13;
    const EINVAL: i32 = 22;
    match (error.kind(), error.raw_os_error()) {
        (Kind::ConnectionRefused, _) => Cause::Refused,
        (Kind::ConnectionReset | Kind::ConnectionAborted, _) => Cause::Reset,
        (Kind::TimedOut, _) => Cause::ConnectTimeout,
        (Kind::HostUnreachable, _) => Cause::Unreachable,
        (Kind::NetworkUnreachable | Kind::NetworkDown | Kind::AddrNotAvailable, _) => Cause::NoRoute,
        (_, Some(EACCES)) => Cause::AdminProhibited,
        (_, Some(EINVAL)) => Cause::Blackholed,
        (_, Some(EPERM)) => Cause::DeniedLocal,
        // What is left concerns this machine: no descriptor, no memory, no such family.
        _ => Cause::DeniedLocal,
    }
}

/// A UNIX socket that is not there is as good as one where nothing listens; everything else is the
/// machine's own affair.
fn unix_cause(error: &io::Error) -> Cause {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Cause::Refused,
        _ => Cause::DeniedLocal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_number_has_its_own_cause() {
        let of = |errno| cause(&io::Error::from_raw_os_error(errno));
        assert_eq!(of(111), Cause::Refused);
        assert_eq!(of(110), Cause::ConnectTimeout);
        assert_eq!(of(113), Cause::Unreachable);
        assert_eq!(of(101), Cause::NoRoute);
        assert_eq!(of(13), Cause::AdminProhibited);
        assert_eq!(of(22), Cause::Blackholed);
        assert_eq!(of(1), Cause::DeniedLocal);
        assert_eq!(of(104), Cause::Reset);
        assert_eq!(of(24), Cause::DeniedLocal);
    }
}
