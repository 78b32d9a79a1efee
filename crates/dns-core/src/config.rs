//! Which servers are asked, and how long.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

/// How a server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// UDP, and TCP where the answer does not fit.
    Udp,
    /// TCP only.
    Tcp,
}

/// A server to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Server {
    /// How.
    pub protocol: Protocol,
    /// Where.
    pub addr: SocketAddr,
}

/// Why a text names no server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerError {
    /// A scheme other than udp and tcp.
    Scheme(String),
    /// No address, with or without a port.
    Address(String),
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme(scheme) => write!(f, "{scheme}:// is not supported, only udp:// and tcp://"),
            Self::Address(text) => {
                write!(f, "{text:?} is no address of a DNS server: ADDRESS, ADDRESS:PORT or [IPV6]:PORT")
            }
        }
    }
}

impl std::error::Error for ServerError {}

impl FromStr for Server {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, ServerError> {
        let (protocol, rest) = match text.split_once("://") {
            None => (Protocol::Udp, text),
            Some(("udp", rest)) => (Protocol::Udp, rest),
            Some(("tcp", rest)) => (Protocol::Tcp, rest),
            Some((scheme, _)) => return Err(ServerError::Scheme(scheme.to_owned())),
        };
        let bare = rest.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(rest);
        let addr = match (rest.parse(), bare.parse::<IpAddr>()) {
            (Ok(addr), _) => addr,
            (_, Ok(ip)) => SocketAddr::new(ip, 53),
            _ => return Err(ServerError::Address(rest.to_owned())),
        };
        Ok(Self { protocol, addr })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.protocol {
            Protocol::Udp => "udp",
            Protocol::Tcp => "tcp",
        };
        write!(f, "{scheme}://{}", self.addr)
    }
}

/// How the DNS is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolverConfig {
    /// The servers, in the order in which they are tried.
    pub servers: Vec<Server>,
    /// The limit of one try.
    pub try_timeout: Duration,
    /// Tries per server.
    pub tries: u32,
    /// Whether every server's word on DNSSEC is taken (the AD bit): see [`ResolverConfig::trusts`].
    pub trust_ad: bool,
}

impl ResolverConfig {
    /// The servers given, with 2.5 s a try and two tries a server.
    pub fn new(servers: Vec<Server>) -> Self {
        Self { servers, try_timeout: Duration::from_millis(2_500), tries: 2, trust_ad: false }
    }

    /// Whether a server's word on DNSSEC is taken: nobody but this machine could have changed that of one on it.
    pub fn trusts(&self, server: &Server) -> bool {
        self.trust_ad || server.addr.ip().to_canonical().is_loopback()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_written_with_or_without_scheme_and_port() {
        for (text, shown) in [
            ("9.9.9.9", "udp://9.9.9.9:53"),
            ("127.0.0.1:5300", "udp://127.0.0.1:5300"),
            ("tcp://9.9.9.9", "tcp://9.9.9.9:53"),
            ("2620:fe::fe", "udp://[2620:fe::fe]:53"),
            ("udp://[::1]:5300", "udp://[::1]:5300"),
            ("[::1]", "udp://[::1]:53"),
        ] {
            assert_eq!(text.parse::<Server>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn the_word_of_a_server_elsewhere_is_taken_only_if_that_was_said() {
        let config = ResolverConfig::new(Vec::new());
        let trusting = ResolverConfig { trust_ad: true, ..config.clone() };
        for (text, here) in [
            ("127.0.0.53", true),
            ("[::1]:53", true),
            ("[::ffff:127.0.0.1]:53", true),
            ("9.9.9.9", false),
            ("192.168.1.1", false),
        ] {
            let server: Server = text.parse().unwrap();
            assert_eq!((config.trusts(&server), trusting.trusts(&server)), (here, true), "{text}");
        }
    }

    #[test]
    fn what_names_no_server_says_why() {
        assert_eq!("tls://9.9.9.9".parse::<Server>(), Err(ServerError::Scheme("tls".into())));
        assert_eq!("dns.example".parse::<Server>(), Err(ServerError::Address("dns.example".into())));
    }
}
