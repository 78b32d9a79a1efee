//! Which servers are asked, and how long.

use std::time::Duration;

use crate::Server;
#[cfg(feature = "net")]
use crate::http::Trust;
#[cfg(feature = "net")]
use crate::net::Cache;

/// How the DNS is asked.
#[derive(Debug, Clone)]
pub struct ResolverConfig {
    /// The servers, in the order in which they are tried.
    pub servers: Vec<Server>,
    /// The limit of one try.
    pub try_timeout: Duration,
    /// Tries per server.
    pub tries: u32,
    /// Whether every server's word on DNSSEC is taken (the AD bit): see [`ResolverConfig::trusts`].
    pub trust_ad: bool,
    /// What has been asked already, by whoever has a copy of this.
    #[cfg(feature = "net")]
    pub cache: Cache,
    /// What the certificates of the servers must lead to, where they have any.
    #[cfg(feature = "net")]
    pub trust: Trust,
}

impl ResolverConfig {
    /// The servers given, with 2.5 s a try and two tries a server.
    pub fn new(servers: Vec<Server>) -> Self {
        Self {
            servers,
            try_timeout: Duration::from_millis(2_500),
            tries: 2,
            trust_ad: false,
            #[cfg(feature = "net")]
            cache: Cache::default(),
            #[cfg(feature = "net")]
            trust: Trust::system(),
        }
    }

    /// Whether a server's word on DNSSEC is taken: nobody but this machine could have changed that of one on it. TLS
    /// says who speaks, not that it is to be believed.
    pub fn trusts(&self, server: &Server) -> bool {
        self.trust_ad || server.address().is_some_and(|ip| ip.to_canonical().is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_a_server_elsewhere_is_taken_only_if_that_was_said() {
        let config = ResolverConfig::new(Vec::new());
        let trusting = ResolverConfig { trust_ad: true, ..config.clone() };
        for (text, here) in [
            ("127.0.0.53", true),
            ("[::1]:53", true),
            ("[::ffff:127.0.0.1]:53", true),
            ("tls://dns.example@127.0.0.1", true),
            ("9.9.9.9", false),
            ("tls://9.9.9.9", false),
            ("https://localhost/dns-query", false),
            ("192.168.1.1", false),
        ] {
            let server: Server = text.parse().unwrap();
            assert_eq!((config.trusts(&server), trusting.trusts(&server)), (here, true), "{text}");
        }
    }
}
