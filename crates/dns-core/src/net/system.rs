//! The servers that are asked unless others are named.

use std::net::{Ipv4Addr, SocketAddr};

use crate::{Protocol, ResolverConfig, Server};

/// The servers named, or else those of /etc/resolv.conf; the one on this machine if that names
/// none (resolv.conf(5)).
pub fn config(named: &[Server]) -> ResolverConfig {
    if !named.is_empty() {
        return ResolverConfig::new(named.to_vec());
    }
    let text = std::fs::read("/etc/resolv.conf").unwrap_or_default();
    let servers = resolv_conf::Config::parse(&text).map(|config| config.nameservers).unwrap_or_default();
    let udp = |addr| Server { protocol: Protocol::Udp, addr };
    let mut servers: Vec<Server> =
        servers.into_iter().map(|server| udp(SocketAddr::new(server.into(), 53))).collect();
    if servers.is_empty() {
        servers.push(udp(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 53)));
    }
    ResolverConfig::new(servers)
}
