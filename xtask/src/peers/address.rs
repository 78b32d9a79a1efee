//! Loopback addresses and ports that are ours alone.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket};
use std::process;

/// A block of 256 addresses: all of 127.0.0.0/8 is this machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    second: u8,
    third: u8,
}

impl Block {
    /// Another one for each process, so that two runs do not meet.
    pub(super) fn own() -> Self {
        let [_, _, high, low] = process::id().to_be_bytes();
        // 127.0 is where other programs listen.
        Self { second: 64 + high % 128, third: low }
    }

    pub(super) fn host(self, last: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, self.second, self.third, last)
    }

    /// The zone of the addresses' names, without the trailing dot.
    pub(super) fn reverse_zone(self) -> String {
        format!("{}.{}.127.in-addr.arpa", self.third, self.second)
    }
}

/// A port of `ip`, chosen by the system, that is free for both TCP and UDP.
pub(crate) fn free_port(ip: Ipv4Addr) -> io::Result<SocketAddrV4> {
    const TRIES: usize = 20;
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..TRIES {
        let listener = TcpListener::bind((ip, 0))?;
        let port = listener.local_addr()?.port();
        match UdpSocket::bind((ip, port)) {
            Ok(_) => return Ok(SocketAddrV4::new(ip, port)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// So many ports of `ip` that are free for TCP, each another.
pub(super) fn free_ports(ip: Ipv4Addr, count: usize) -> io::Result<Vec<SocketAddrV4>> {
    // All are held until the last is there.
    let held: Vec<TcpListener> = (0..count).map(|_| TcpListener::bind((ip, 0))).collect::<io::Result<_>>()?;
    held.iter().map(|listener| Ok(SocketAddrV4::new(ip, listener.local_addr()?.port()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reverse_zone_is_the_address_backwards() {
        let block = Block { second: 99, third: 7 };
        assert_eq!(block.host(10).to_string(), "127.99.7.10");
        assert_eq!(block.reverse_zone(), "7.99.127.in-addr.arpa");
    }

    #[test]
    fn a_port_that_nobody_has() {
        let address = free_port(Block::own().host(200)).unwrap();
        assert!(TcpListener::bind(address).is_ok());
        assert!(UdpSocket::bind(address).is_ok());
    }
}
