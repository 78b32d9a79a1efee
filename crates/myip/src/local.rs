//! What the system's routes say. Nothing is sent: a UDP socket that is connected only asks them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The address that a connection to there would leave from; `None` without a route.
pub(crate) fn towards(to: SocketAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((unspecified(to.is_ipv6()), 0)).ok()?;
    socket.connect(to).ok()?;
    socket.local_addr().ok().map(|local| local.ip().to_canonical())
}

/// The address that a connection to the outside would leave from.
pub(crate) fn outwards(v6: bool) -> Option<IpAddr> {
    /// a.root-servers.net: outside, wherever this is.
    const OUTSIDE: (Ipv4Addr, Ipv6Addr) =
        (Ipv4Addr::new(198, 41, 0, 4), Ipv6Addr::new(0x2001, 0x503, 0xba3e, 0, 0, 0, 2, 0x30));
    towards(SocketAddr::new(if v6 { OUTSIDE.1.into() } else { OUTSIDE.0.into() }, 53))
}

fn unspecified(v6: bool) -> IpAddr {
    if v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_this_machine_is_this_machine() {
        let here = Ipv4Addr::new(127, 0, 0, 9);
        assert!(towards((here, 9).into()).is_some_and(|ip| ip.is_loopback()));
    }
}
