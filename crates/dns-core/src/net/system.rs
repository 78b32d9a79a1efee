//! The servers that are asked unless others are named.

use std::net::{Ipv4Addr, SocketAddr};

use crate::http::Trust;
use crate::{ResolverConfig, Server};

/// The servers named, or else those of /etc/resolv.conf; the one on this machine if that names
/// none. `options trust-ad` there speaks of the servers there (resolv.conf(5)).
pub fn config(named: &[Server]) -> ResolverConfig {
    match named {
        [] => read(&std::fs::read("/etc/resolv.conf").unwrap_or_default()),
        named => ResolverConfig::new(named.to_vec()),
    }
}

/// The same, with certificates that lead to `ca` or else to the system's roots; `ca` is read only if a server has one.
///
/// # Errors
/// Those of `ca`.
pub fn config_with<E>(
    named: &[Server],
    ca: impl FnOnce() -> Result<Option<Trust>, E>,
) -> Result<ResolverConfig, E> {
    let config = config(named);
    if !config.servers.iter().any(|server| server.protocol.is_secure()) {
        return Ok(config);
    }
    Ok(ResolverConfig { trust: ca()?.unwrap_or_else(Trust::system), ..config })
}

/// What the text of a resolv.conf says; one that makes no sense says nothing.
fn read(text: &[u8]) -> ResolverConfig {
    let parsed = resolv_conf::Config::parse(text).unwrap_or_default();
    let mut servers: Vec<Server> = parsed
        .nameservers
        .into_iter()
        .map(|server| Server::udp(SocketAddr::new(server.into(), 53)))
        .collect();
    if servers.is_empty() {
        servers.push(Server::udp(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 53)));
    }
    ResolverConfig { trust_ad: parsed.trust_ad, ..ResolverConfig::new(servers) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_of_the_system_and_whether_they_are_believed() {
        let of = |text: &str| {
            let config = read(text.as_bytes());
            let servers: Vec<String> = config.servers.iter().map(ToString::to_string).collect();
            (servers.join(" "), config.trust_ad)
        };
        let two = "nameserver 192.0.2.53\nnameserver 2001:db8::53\n";
        let shown = "udp://192.0.2.53:53 udp://[2001:db8::53]:53".to_owned();
        assert_eq!(of(two), (shown.clone(), false));
        assert_eq!(of(&format!("{two}options edns0 trust-ad\n")), (shown, true));
        assert_eq!(of(""), ("udp://127.0.0.1:53".to_owned(), false));
    }
}
