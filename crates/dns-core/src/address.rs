//! Which addresses mail can travel to.

use std::net::{IpAddr, Ipv6Addr};

/// Where an address has a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere. The documentation ranges pass as public.
    Public,
    /// Within a site: RFC 1918, RFC 6598, RFC 4193.
    Private,
    /// On this machine or link only, or no single host at all: loopback, unspecified,
    /// link-local, multicast, reserved (RFC 1112 section 4).
    Local,
}

/// The scope of an address.
pub fn scope(ip: IpAddr) -> Scope {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            if a == 127 || a == 0 || a >= 240 || v4.is_link_local() || v4.is_multicast() {
                Scope::Local
            } else if v4.is_private() || (a == 100 && (64..128).contains(&b)) {
                Scope::Private
            } else {
                Scope::Public
            }
        }
        IpAddr::V6(v6) => scope_v6(v6),
    }
}

fn scope_v6(v6: Ipv6Addr) -> Scope {
    if v6.is_loopback() || v6.is_unspecified() || v6.is_unicast_link_local() || v6.is_multicast() {
        Scope::Local
    } else if v6.is_unique_local() {
        Scope::Private
    } else {
        Scope::Public
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_range_has_its_scope() {
        let of = |ip: &str| scope(ip.parse().unwrap());
        for ip in [
            "127.0.0.1",
            "127.63.149.30",
            "0.0.0.0",
            "169.254.1.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "ff02::1",
            "::ffff:127.0.0.1",
        ] {
            assert_eq!(of(ip), Scope::Local, "{ip}");
        }
        for ip in ["10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::1"] {
            assert_eq!(of(ip), Scope::Private, "{ip}");
        }
        for ip in ["69.63.149.30", "192.0.2.1", "100.63.0.1", "172.32.0.1", "2001:db8::1"] {
            assert_eq!(of(ip), Scope::Public, "{ip}");
        }
    }
}
