//! How a person names a DNS server.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use crate::{DomainName, Location};

/// How a server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// UDP, and TCP where the answer does not fit.
    Udp,
    /// TCP only.
    Tcp,
    /// TLS (RFC 7858).
    Tls,
    /// HTTPS (RFC 8484).
    Https,
}

impl Protocol {
    const ALL: [Self; 4] = [Self::Udp, Self::Tcp, Self::Tls, Self::Https];

    fn scheme(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Https => "https",
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 53,
            Self::Tls => 853,
            Self::Https => 443,
        }
    }

    /// Whether the server shows a certificate, and nobody on the way can read or change what it says.
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Tls | Self::Https)
    }
}

/// A server to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// How.
    pub protocol: Protocol,
    /// What its certificate is for; without TLS always an address.
    pub host: Location,
    /// Where it is, if its name need not be looked up.
    pub pinned: Option<IpAddr>,
    /// Its port.
    pub port: u16,
    /// The path of its URL, empty without HTTPS.
    pub path: String,
}

/// Why a text names no server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerError {
    /// Another scheme.
    Scheme(String),
    /// No address, with or without a port.
    Address(String),
    /// Neither a name nor an address, with or without a port.
    Host(String),
    /// Something that has no place in a path.
    Path(String),
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme(scheme) => {
                write!(f, "{scheme:?} is none of udp://, tcp://, tls:// and https://")
            }
            Self::Address(text) => {
                write!(f, "{text:?} is no address of a DNS server: ADDRESS, ADDRESS:PORT or [IPV6]:PORT")
            }
            Self::Host(text) => {
                write!(f, "{text:?} is no DNS server: NAME, ADDRESS or NAME@ADDRESS, and then perhaps :PORT")
            }
            Self::Path(text) => write!(f, "{text:?} is no path of a DNS server, such as /dns-query"),
        }
    }
}

impl std::error::Error for ServerError {}

impl Server {
    /// The path of a URL that names none, as most servers have it.
    const PATH: &'static str = "/dns-query";

    /// A server that is asked over UDP.
    pub fn udp(addr: SocketAddr) -> Self {
        Self {
            protocol: Protocol::Udp,
            host: Location::Address(addr.ip()),
            pinned: None,
            port: addr.port(),
            path: String::new(),
        }
    }

    /// Where it is, unless its name must be looked up first.
    pub fn address(&self) -> Option<IpAddr> {
        match &self.host {
            Location::Address(ip) => Some(*ip),
            Location::Name(_) => self.pinned,
        }
    }
}

impl FromStr for Server {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, ServerError> {
        let (protocol, rest) = match text.split_once("://") {
            None => (Protocol::Udp, text),
            Some((scheme, rest)) => {
                let known = Protocol::ALL.into_iter().find(|protocol| protocol.scheme() == scheme);
                (known.ok_or_else(|| ServerError::Scheme(scheme.to_owned()))?, rest)
            }
        };
        let (place, path) = match (protocol, rest.find('/')) {
            (Protocol::Https, Some(at)) => (&rest[..at], read_path(&rest[at..])?),
            (Protocol::Https, None) => (rest, Self::PATH.to_owned()),
            _ => (rest, String::new()),
        };
        let port = protocol.port();
        if let Some(addr) = read_address(place, port) {
            return Ok(Self { protocol, path, ..Self::udp(addr) });
        }
        if !protocol.is_secure() {
            return Err(ServerError::Address(place.to_owned()));
        }
        let wrong = || ServerError::Host(place.to_owned());
        let (name, pinned, port) = match place.split_once('@') {
            Some((name, at)) => {
                let addr = read_address(at, port).ok_or_else(wrong)?;
                (name, Some(addr.ip()), addr.port())
            }
            None => match place.rsplit_once(':') {
                Some((name, port)) => (name, None, port.parse().map_err(|_| wrong())?),
                None => (place, None, port),
            },
        };
        Ok(Self { protocol, host: Location::Name(read_name(name).ok_or_else(wrong)?), pinned, port, path })
    }
}

/// `ADDRESS`, `ADDRESS:PORT` or `[IPV6]:PORT`.
fn read_address(text: &str, port: u16) -> Option<SocketAddr> {
    let bare = text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(text);
    let ip = || bare.parse().ok().map(|ip| SocketAddr::new(ip, port));
    text.parse().ok().or_else(ip)
}

/// A name that a certificate can be for.
fn read_name(text: &str) -> Option<DomainName> {
    let name = DomainName::parse(text).ok()?;
    let is_plain =
        name.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    // What ends in a number is a mistyped address (WHATWG URL section 3.5).
    let is_number =
        name.as_str().rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    (is_plain && !is_number && !name.is_root()).then_some(name)
}

fn read_path(text: &str) -> Result<String, ServerError> {
    // RFC 8484 section 4.1.1: in a POST the variable of the template stands for nothing.
    let path = text.strip_suffix("{?dns}").unwrap_or(text);
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !br##"#"<>\^`{|}"##.contains(&byte);
    match (path, path.bytes().all(is_plain)) {
        ("/", _) => Ok(Server::PATH.to_owned()),
        (path, true) => Ok(path.to_owned()),
        (_, false) => Err(ServerError::Path(text.to_owned())),
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.protocol.scheme())?;
        let ip = match &self.host {
            Location::Address(ip) => Some(*ip),
            Location::Name(name) => {
                write!(f, "{name}")?;
                if self.pinned.is_some() {
                    f.write_str("@")?;
                }
                self.pinned
            }
        };
        match ip {
            None => {}
            Some(IpAddr::V4(v4)) => write!(f, "{v4}")?,
            Some(IpAddr::V6(v6)) => write!(f, "[{v6}]")?,
        }
        // A URL is shown as it is usually written.
        match self.protocol {
            Protocol::Https if self.port == self.protocol.port() => {}
            _ => write!(f, ":{}", self.port)?,
        }
        f.write_str(&self.path)
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
            ("tls://9.9.9.9", "tls://9.9.9.9:853"),
            ("tls://[2620:fe::fe]:8530", "tls://[2620:fe::fe]:8530"),
            ("tls://DNS.quad9.net", "tls://dns.quad9.net:853"),
            ("tls://dns.quad9.net:8853", "tls://dns.quad9.net:8853"),
            ("tls://dns.quad9.net@9.9.9.9", "tls://dns.quad9.net@9.9.9.9:853"),
            ("tls://dns.quad9.net@[2620:fe::fe]:853", "tls://dns.quad9.net@[2620:fe::fe]:853"),
            ("https://dns.quad9.net", "https://dns.quad9.net/dns-query"),
            ("https://dns.quad9.net/", "https://dns.quad9.net/dns-query"),
            ("https://9.9.9.9/dns-query{?dns}", "https://9.9.9.9/dns-query"),
            ("https://dns.quad9.net@9.9.9.9:443/d?a=1", "https://dns.quad9.net@9.9.9.9/d?a=1"),
            ("https://[::1]:8443/q", "https://[::1]:8443/q"),
        ] {
            let server: Server = text.parse().unwrap();
            assert_eq!(server.to_string(), shown);
            assert_eq!(shown.parse(), Ok(server), "{shown}");
        }
    }

    #[test]
    fn what_names_no_server_says_why() {
        let error = |text: &str| text.parse::<Server>().unwrap_err();
        assert_eq!(error("quic://9.9.9.9"), ServerError::Scheme("quic".into()));
        assert_eq!(error("dns.example"), ServerError::Address("dns.example".into()));
        assert_eq!(error("tcp://dns.example"), ServerError::Address("dns.example".into()));
        for place in
            ["", "9.9.9", "9.9.9.9@dns.example", "a.example:x", "a b.example", "a@b@9.9.9.9", "@9.9.9.9"]
        {
            assert_eq!(error(&format!("tls://{place}")), ServerError::Host(place.into()));
        }
        assert_eq!(error("https://9.9.9.9/a b"), ServerError::Path("/a b".into()));
        assert_eq!(error("https://9.9.9.9/a#b"), ServerError::Path("/a#b".into()));
    }
}
