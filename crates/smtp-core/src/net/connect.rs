//! Opening a connection, and telling apart why it could not be opened.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout_at;

use crate::proto::{Cause, Failure, Phase};

/// An open connection.
#[derive(Debug)]
pub struct Connected {
    /// The socket, without Nagle's delay.
    pub stream: TcpStream,
    /// The address the connection leaves from.
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
    target: SocketAddr,
    source: Option<IpAddr>,
    deadline: Instant,
    limit: Duration,
) -> Result<Connected, Failure> {
    let begun = Instant::now();
    match timeout_at(deadline.into(), open(target, source)).await {
        Ok(Ok(stream)) => {
            let local = stream.local_addr().ok().map(|addr| addr.ip());
            Ok(Connected { stream, local, took: begun.elapsed() })
        }
        Ok(Err(error)) => {
            let cause = cause(&error);
            // Linux reports a RST to the SYN as a refusal; a reset came after the handshake, and
            // only was quicker than we were.
            let phase = if cause == Cause::Reset { Phase::Banner } else { Phase::Connect };
            Err(Failure { errno: error.raw_os_error(), ..Failure::new(cause, phase) })
        }
        Err(_) => Err(Failure::new(Cause::ConnectTimeout, Phase::Connect).with_limit(limit)),
    }
}

async fn open(target: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if target.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(source) = source {
        if source.is_ipv4() != target.is_ipv4() {
            // There is no way from the one family to the other.
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        socket.bind(SocketAddr::new(source, 0))?;
    }
    socket.set_nodelay(true)?;
    socket.connect(target).await
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
