//! The sources of the public address, and how they are written.

use std::net::IpAddr;
use std::str::FromStr;

use dns_core::http::HttpUrl;
use dns_core::{DomainName, Families, Kind, Location};

use crate::claim::is_host_name;
use crate::stun;

/// Whom to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// A web page that is the address of whoever fetches it.
    Http(HttpUrl),
    /// A DNS server that answers with the address of whoever asks.
    Dns(DnsVia),
    /// A STUN server, which answers with the address that a datagram came from.
    Stun(Place),
    /// The interface that the route to the outside leaves by: nobody is asked.
    Interface,
}

/// A question that a DNS server answers with the address of whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsVia {
    pub(crate) name: DomainName,
    pub(crate) place: Place,
    /// Unless given, the address type of the family.
    pub(crate) kind: Option<Kind>,
}

/// A server and its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub(crate) server: Location,
    pub(crate) port: u16,
}

const DNS_PORT: u16 = 53;

/// How a source is written.
const FORMS: &str = "a source is a URL, dns:NAME@SERVER[:PORT][/TYPE], stun:HOST[:PORT] or interface";

/// The sources that are asked unless others are named, and the families that each can tell.
/// Different operators and three protocols, so that no one of them is believed alone.
/// `docs/myip.md` says whose they are.
const BUILT_IN: [(&str, Families); 10] = [
    ("https://api.ipify.org/", V4),
    ("https://api6.ipify.org/", V6),
    ("https://icanhazip.com/", BOTH),
    ("https://ifconfig.me/ip", BOTH),
    ("dns:myip.opendns.com@resolver1.opendns.com", BOTH),
    ("dns:o-o.myaddr.l.google.com@ns1.google.com/TXT", BOTH),
    ("dns:whoami.cloudflare@one.one.one.one/CH-TXT", BOTH),
    ("dns:whoami.akamai.net@ns1-1.akamaitech.net", V4),
    ("stun:stun.l.google.com:19302", BOTH),
    ("stun:stun.nextcloud.com:443", BOTH),
];
const V4: Families = Families { v4: true, v6: false };
const V6: Families = Families { v4: false, v6: true };
const BOTH: Families = Families { v4: true, v6: true };

/// The built-in sources of a family.
pub(crate) fn built_in(v6: bool) -> Vec<Via> {
    let of_family = BUILT_IN.iter().filter(|(_, families)| if v6 { families.v6 } else { families.v4 });
    of_family.filter_map(|(text, _)| text.parse().ok()).collect()
}

impl Via {
    /// As records show it.
    pub(crate) fn shown(&self, v6: bool) -> String {
        match self {
            Self::Http(url) => url.to_string(),
            Self::Dns(dns) => dns.shown(v6),
            Self::Stun(place) => format!("stun:{}", place.shown(stun::PORT)),
            Self::Interface => "interface".to_owned(),
        }
    }

    /// The kind of source, in a word.
    pub(crate) fn scheme(&self) -> &'static str {
        match self {
            Self::Http(url) if url.is_secure() => "https",
            Self::Http(_) => "http",
            Self::Dns(_) => "dns",
            Self::Stun(_) => "stun",
            Self::Interface => "interface",
        }
    }

    /// Whether somebody outside is asked in a way that networks do not answer in their place as a
    /// matter of course, as they do with DNS.
    pub(crate) fn is_witness(&self) -> bool {
        matches!(self, Self::Http(_) | Self::Stun(_))
    }

    /// The server's address and port, where it is written as one.
    pub(crate) fn address(&self) -> Option<(IpAddr, u16)> {
        let (location, port) = match self {
            Self::Http(url) => (url.host()?, url.port()),
            Self::Dns(DnsVia { place, .. }) | Self::Stun(place) => (place.server.clone(), place.port),
            Self::Interface => return None,
        };
        match location {
            Location::Address(ip) => Some((ip, port)),
            Location::Name(_) => None,
        }
    }
}

impl DnsVia {
    /// The record type that is asked for.
    pub(crate) fn kind(&self, v6: bool) -> Kind {
        self.kind.unwrap_or(if v6 { Kind::Aaaa } else { Kind::A })
    }

    fn shown(&self, v6: bool) -> String {
        let kind = match self.kind(v6) {
            Kind::Aaaa => "AAAA",
            Kind::Txt => "TXT",
            Kind::ChaosTxt => "CH-TXT",
            _ => "A",
        };
        format!("dns:{}@{}/{kind}", self.name, self.place.shown(DNS_PORT))
    }
}

impl FromStr for Via {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "interface" {
            return Ok(Self::Interface);
        }
        let (scheme, rest) = text.split_once(':').ok_or(FORMS)?;
        match scheme.to_ascii_lowercase().as_str() {
            "dns" => rest.parse().map(Self::Dns),
            "stun" => Place::read(rest, stun::PORT).map(Self::Stun),
            "http" | "https" => text.parse().map(Self::Http).map_err(str::to_owned),
            _ => Err(FORMS.to_owned()),
        }
    }
}

impl FromStr for DnsVia {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, rest) = text.split_once('@').ok_or("a dns: source is dns:NAME@SERVER[:PORT][/TYPE]")?;
        let name = DomainName::parse(name).map_err(|error| error.to_string())?;
        let (place, kind) = match rest.split_once('/') {
            None => (rest, None),
            Some((place, word)) => (place, Some(read_kind(word)?)),
        };
        Ok(Self { name, place: Place::read(place, DNS_PORT)?, kind })
    }
}

impl Place {
    fn read(text: &str, default_port: u16) -> Result<Self, String> {
        let (server, port) = split_port(text, default_port)?;
        let bare = server.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(server);
        let server = match bare.parse() {
            Ok(ip) => Location::Address(ip),
            Err(_) => match DomainName::parse(server) {
                Ok(name) if is_host_name(name.as_str()) => Location::Name(name),
                Ok(_) => return Err(format!("{server:?} is no host name")),
                Err(error) => return Err(error.to_string()),
            },
        };
        Ok(Self { server, port })
    }

    fn shown(&self, default_port: u16) -> String {
        let server = match &self.server {
            Location::Address(IpAddr::V6(v6)) => format!("[{v6}]"),
            Location::Address(v4) => v4.to_string(),
            Location::Name(name) => name.to_string(),
        };
        if self.port == default_port { server } else { format!("{server}:{}", self.port) }
    }
}

fn read_kind(word: &str) -> Result<Kind, String> {
    match word.to_ascii_uppercase().as_str() {
        "A" => Ok(Kind::A),
        "AAAA" => Ok(Kind::Aaaa),
        "TXT" => Ok(Kind::Txt),
        "CH-TXT" => Ok(Kind::ChaosTxt),
        _ => Err("the type of a dns: source is A, AAAA, TXT or CH-TXT (class CH)".into()),
    }
}

/// A bare IPv6 address has colons of its own and no port.
fn split_port(place: &str, default_port: u16) -> Result<(&str, u16), String> {
    match place.rsplit_once(':') {
        Some((server, port)) if place.parse::<IpAddr>().is_err() && !place.ends_with(']') => {
            tool_core::cli::parse_port(port).map(|port| (server, port))
        }
        _ => Ok((place, default_port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, v6: bool) -> String {
        text.parse::<Via>().unwrap().shown(v6)
    }

    #[test]
    fn every_built_in_source_is_documented_and_none_is_plain_http() {
        let page = include_str!("../../../docs/myip.md");
        for (text, families) in BUILT_IN {
            assert!(text.parse::<Via>().is_ok(), "{text}");
            let family = if !families.v6 {
                "IPv4"
            } else if !families.v4 {
                "IPv6"
            } else {
                "both"
            };
            let row = |line: &str| {
                line.contains(&format!("| `{text}` |")) && line.ends_with(&format!("| {family} |"))
            };
            assert!(page.lines().any(row), "docs/myip.md has no row {text}, {family}");
        }
        assert_eq!(built_in(false).len() + built_in(true).len(), 17);
        assert!(built_in(false).iter().chain(&built_in(true)).all(|via| via.scheme() != "http"));
    }

    #[test]
    fn sources_are_shown_in_full() {
        assert_eq!(shown("https://icanhazip.com", false), "https://icanhazip.com/");
        assert_eq!(shown("dns:my.example@ns.example", false), "dns:my.example@ns.example/A");
        assert_eq!(shown("dns:my.example@ns.example:53", true), "dns:my.example@ns.example/AAAA");
        assert_eq!(shown("dns:me@192.0.2.1:54/txt", true), "dns:me@192.0.2.1:54/TXT");
        assert_eq!(shown("dns:me@2001:db8::1/CH-TXT", true), "dns:me@[2001:db8::1]/CH-TXT");
        assert_eq!(shown("dns:me@[2001:db8::1]:54", true), "dns:me@[2001:db8::1]:54/AAAA");
        assert_eq!(shown("stun:stun.example", false), "stun:stun.example");
        assert_eq!(shown("stun:stun.example:3478", true), "stun:stun.example");
        assert_eq!(shown("stun:[2001:db8::1]:443", true), "stun:[2001:db8::1]:443");
        assert_eq!(shown("stun:192.0.2.1", true), "stun:192.0.2.1");
        assert_eq!(shown("STUN:192.0.2.1", true), "stun:192.0.2.1");
        assert_eq!(shown("HTTPS://icanhazip.com/", true), "https://icanhazip.com/");
        assert_eq!(shown("interface", false), "interface");
    }

    #[test]
    fn what_is_no_source_says_why() {
        let problem = |text: &str| text.parse::<Via>().unwrap_err();
        for text in [
            "",
            "x",
            "ftp://a.example/",
            "dns:a",
            "dns:@b",
            "dns:a@",
            "dns:a@b/MX",
            "dns:a@b:0",
            "stun:",
            "stun://a.example",
            "stun:a.example:0",
            "stuns:a.example",
        ] {
            assert!(!problem(text).is_empty(), "{text}");
        }
    }
}
