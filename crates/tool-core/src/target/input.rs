//! The hosts that a word or a record names.

use std::net::IpAddr;
use std::path::PathBuf;

use super::policy::{Brought, OfDomain, taken_along};
use crate::Code;
use crate::jsonl::Object;
use crate::record::{Error, HostRecord, IprevWord, PtrRecord};
use dns_core::DomainName;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What goes with a list that is taken apart: each host has its own of these.
const WITH_THE_LIST: &[&str] = &["mx", "tlsa", "tlsa_base", "tlsa_error"];

/// A host of an input, before its addresses are known.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) name: Option<String>,
    /// Empty: it has none. `None`: to be looked up.
    pub(crate) addresses: Option<Vec<IpAddr>>,
    /// The UNIX socket that it listens on, instead of addresses.
    pub(crate) socket: Option<PathBuf>,
    pub(crate) preference: Option<u16>,
    pub(crate) ptr: Vec<PtrRecord>,
    pub(crate) origin: Origin,
    /// Why it cannot be connected to, whatever the DNS says.
    pub(crate) problem: Option<Error>,
    /// What is known of its certificate.
    pub(crate) brought: Brought,
    /// The keys that it takes along out of its list.
    pub(crate) carried: Vec<(String, Box<RawValue>)>,
}

/// How a host came to be a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A person typed the name.
    Typed,
    /// It was named by an MX.
    Mx,
}

/// What an input names.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) hosts: Vec<Host>,
    pub(crate) port: Option<u16>,
    /// The keys of the record that are taken apart.
    pub(crate) consumed: &'static [&'static str],
}

impl Named {
    fn one(host: Host, port: Option<u16>) -> Self {
        Self { hosts: vec![host], port, consumed: &[] }
    }
}

/// What a person types: a host or an address, with or without a port.
pub(crate) fn read_word(word: &str) -> Result<Named, Error> {
    let typed = |name: Option<String>, addresses| Host {
        name,
        addresses,
        socket: None,
        preference: None,
        ptr: Vec::new(),
        origin: Origin::Typed,
        problem: None,
        brought: Brought::default(),
        carried: Vec::new(),
    };
    if word.contains(['\r', '\n', '\0']) {
        return Err(Error::injection("a line end or NUL in the target"));
    }
    if let Some(path) = word.strip_prefix("unix:") {
        /// The octets that Linux has for a path, without the final NUL (unix(7)).
        const LONGEST: usize = 107;
        if path.is_empty() || path.len() > LONGEST {
            return Err(Error::unusable(format!("the path of a UNIX socket has 1 to {LONGEST} octets")));
        }
        let host = typed(Some(word.to_owned()), None);
        return Ok(Named::one(Host { socket: Some(path.into()), ..host }, None));
    }
    if word.contains('@') {
        return Err(Error::unusable("a mail address is not a server")
            .with_hint(format!("mxlookup {} names its servers", crate::text::clean(word))));
    }
    if let Ok(ip) = word.parse::<IpAddr>() {
        return Ok(Named::one(typed(None, Some(vec![ip])), None));
    }
    let (host, port) = split_port(word)?;
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let ip = read_literal(inner).ok_or_else(|| Error::unusable("the brackets hold no IP address"))?;
        return Ok(Named::one(typed(None, Some(vec![ip])), port));
    }
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(Named::one(typed(None, Some(vec![ip])), port));
    }
    let name = DomainName::parse(host).map_err(|error| Error::unusable(error.to_string()))?;
    Ok(Named::one(typed(Some(name.to_string()), None), port))
}

/// `host:25`, `[2001:db8::1]:25`, or neither.
fn split_port(word: &str) -> Result<(&str, Option<u16>), Error> {
    let (host, port) = match word.rfind(']') {
        Some(end) if word.starts_with('[') => match word[end + 1..].strip_prefix(':') {
            Some(port) => (&word[..=end], port),
            None if end + 1 == word.len() => return Ok((word, None)),
            None => return Err(Error::unusable("what follows the brackets is no port")),
        },
        _ => match word.rsplit_once(':') {
            Some((host, port)) => (host, port),
            None => return Ok((word, None)),
        },
    };
    match port.parse::<u16>() {
        Ok(port) if port > 0 => Ok((host, Some(port))),
        _ => Err(Error::unusable("a port is a number from 1 to 65535")),
    }
}

/// The inside of an address literal; the tag may be missing.
pub(crate) fn read_literal(inner: &str) -> Option<IpAddr> {
    let untagged = inner.strip_prefix("IPv6:").or(inner.strip_prefix("ipv6:")).unwrap_or(inner);
    untagged.parse().ok()
}

/// The keys of a record, first match wins.
pub(crate) fn read_object(object: &Object) -> Result<Named, Error> {
    let port = match object.read::<u16>("port", "a port")? {
        Some(0) => return Err(Error::unusable("the key \"port\" of the record is not a port")),
        port => port,
    };
    let preference = object.read::<u16>("preference", "a number").ok().flatten();
    let host = object.read::<String>("host", "a string")?;
    let ip = match object.read::<String>("ip", "a string")? {
        Some(text) => Some(
            text.parse::<IpAddr>()
                .map_err(|_| Error::unusable("the key \"ip\" of the record is not an IP address"))?
                .to_canonical(),
        ),
        None => None,
    };
    let of_domain = OfDomain::read(object)?;
    if let (None, Some(ip)) = (&host, ip) {
        let ptr = known_ptr(object, ip);
        let host = Host {
            name: None,
            addresses: Some(vec![ip]),
            socket: None,
            preference,
            ptr,
            origin: Origin::Typed,
            problem: None,
            brought: of_domain.host(object, None)?,
            carried: Vec::new(),
        };
        return Ok(Named::one(host, port));
    }
    if let Some(name) = host {
        let read = read_word(&name)?;
        if read.port.is_some() {
            return Err(Error::unusable(
                "the key \"host\" of the record holds a port; that belongs into \"port\"",
            ));
        }
        let ptr = ip.map(|ip| known_ptr(object, ip)).unwrap_or_default();
        let read = read.hosts.into_iter().next();
        let (read_name, read_addresses, socket) =
            read.map_or((None, None, None), |host| (host.name, host.addresses, host.socket));
        let addresses = ip.map(|ip| vec![ip]).or(read_addresses);
        let name = Some(read_name.unwrap_or(name));
        // Only a route has a preference: a host of one that has no address yet was named by an MX.
        let from_mx = addresses.is_none() && socket.is_none() && preference.is_some();
        let origin = if from_mx { Origin::Mx } else { Origin::Typed };
        let brought = of_domain.host(object, name.as_deref())?;
        let (problem, carried) = (None, Vec::new());
        let host = Host { name, addresses, socket, preference, ptr, origin, problem, brought, carried };
        return Ok(Named::one(host, port));
    }
    let domain = object.string("domain");
    if let Some(mx) = object.read::<Vec<Object>>("mx", "a list of hosts as mxlookup writes it")? {
        if mx.is_empty() {
            return Err(Error::new(Code::DnsMxNoAddress, "dns", "the record lists no exchange"));
        }
        let hosts = mx.iter().map(|element| {
            let host = read_element(element, domain.as_deref(), &of_domain)?;
            Ok(Host { carried: taken_along(element), ..host })
        });
        return Ok(Named { hosts: hosts.collect::<Result<_, _>>()?, port, consumed: WITH_THE_LIST });
    }
    if object.raw("exchange").is_some() {
        let host = read_element(object, domain.as_deref(), &of_domain)?;
        return Ok(Named { hosts: vec![host], port, consumed: &["exchange", "addresses"] });
    }
    Err(match object.raw("domain") {
        Some(_) => Error::unusable("the record names a domain but no host")
            .with_hint("a domain is not a server: mxlookup | smtp-ping"),
        None => Error::unusable("the record names no host")
            .with_hint("the keys `host`, `ip`, `mx` and `exchange` are read"),
    })
}

/// An element of `mx`. Keys that are not needed may hold anything.
fn read_element(element: &Object, domain: Option<&str>, of_domain: &OfDomain) -> Result<Host, Error> {
    let exchange = element.read::<String>("exchange", "a string")?;
    let exchange =
        exchange.ok_or_else(|| Error::unusable("an element of the list \"mx\" has no key \"exchange\""))?;
    let host = HostRecord {
        preference: element.read("preference", "a number").ok().flatten(),
        exchange,
        addresses: element.read("addresses", "a list of addresses")?,
        ptr: element.read("ptr", "a list as mxlookup writes it").ok().flatten(),
        ..HostRecord::default()
    };
    // A literal that a person gave as the domain: no DNS has named it.
    let is_typed = host.exchange.starts_with('[') && Some(host.exchange.as_str()) == domain;
    let host = host_of(host);
    let brought = of_domain.host(element, host.name.as_deref())?;
    Ok(Host { origin: if is_typed { Origin::Typed } else { Origin::Mx }, brought, ..host })
}

/// A host that an MX names.
pub(crate) fn host_of(element: HostRecord) -> Host {
    let exchange = element.exchange;
    let is_address = read_literal(exchange.trim_matches(['[', ']'])).is_some();
    let (name, problem) = match exchange.as_str() {
        "." => (exchange, None),
        _ if is_address => (exchange, None),
        text => match DomainName::parse(text) {
            Ok(name) => (name.to_string(), None),
            Err(error) => {
                let problem = Error::unusable(format!("the exchange is no host: {error}"));
                (exchange, Some(problem))
            }
        },
    };
    Host {
        name: Some(name),
        addresses: element.addresses.map(|all| all.iter().map(IpAddr::to_canonical).collect()),
        socket: None,
        preference: element.preference,
        ptr: element.ptr.unwrap_or_default(),
        origin: Origin::Mx,
        problem,
        brought: Brought::default(),
        carried: Vec::new(),
    }
}

/// The names that a record of `host` and `ip` brings along, as `smtp-ping` writes them.
fn known_ptr(object: &Object, ip: IpAddr) -> Vec<PtrRecord> {
    #[derive(Deserialize)]
    struct Word(IprevWord);
    let names = object.read::<Vec<String>>("ptr", "a list").ok().flatten();
    match (names, object.read::<Word>("iprev", "a word").ok().flatten()) {
        (names @ Some(_), Some(Word(iprev))) => vec![PtrRecord { ip, names, iprev }],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = (Option<String>, Option<Vec<IpAddr>>, Option<u16>);

    fn word(text: &str) -> Result<Read, String> {
        let mut named = read_word(text).map_err(|error| error.message)?;
        let host = named.hosts.remove(0);
        Ok((host.name, host.addresses, named.port))
    }

    #[test]
    fn words_in_every_form() {
        let ip = |text: &str| Some(vec![text.parse::<IpAddr>().unwrap()]);
        assert_eq!(word("Mail.Port25.com."), Ok((Some("mail.port25.com".into()), None, None)));
        assert_eq!(word("mail.port25.com:587"), Ok((Some("mail.port25.com".into()), None, Some(587))));
        assert_eq!(word("192.0.2.1"), Ok((None, ip("192.0.2.1"), None)));
        assert_eq!(word("192.0.2.1:26"), Ok((None, ip("192.0.2.1"), Some(26))));
        assert_eq!(word("2001:db8::1"), Ok((None, ip("2001:db8::1"), None)));
        assert_eq!(word("[2001:db8::1]:26"), Ok((None, ip("2001:db8::1"), Some(26))));
        assert_eq!(word("[192.0.2.1]"), Ok((None, ip("192.0.2.1"), None)));
    }

    #[test]
    fn a_unix_socket_is_named_by_its_path() {
        let host = read_word("unix:/run/lmtp").unwrap().hosts.remove(0);
        assert_eq!(host.socket, Some("/run/lmtp".into()));
        assert_eq!(host.name.as_deref(), Some("unix:/run/lmtp"));
        let record = serde_json::from_str::<Object>(r#"{"host":"unix:/run/lmtp"}"#).unwrap();
        assert_eq!(read_object(&record).unwrap().hosts[0].socket, Some("/run/lmtp".into()));
        assert!(read_word(&format!("unix:/{}", "x".repeat(107))).is_err());
        // The DNS names none.
        let record = serde_json::from_str::<Object>(r#"{"exchange":"unix:/run/lmtp"}"#).unwrap();
        assert_eq!(read_object(&record).unwrap().hosts[0].socket, None);
    }

    #[test]
    fn words_that_name_no_server() {
        for text in [
            "a@b.example",
            "host:0",
            "host:99999",
            "host:smtp",
            "[nonsense]",
            "[::1]x",
            "a b",
            "a\nb",
            "unix:",
        ] {
            assert!(word(text).is_err(), "{text}");
        }
    }

    fn object(text: &str) -> Result<(usize, Option<u16>, &'static [&'static str]), String> {
        let object = serde_json::from_str::<Object>(text).unwrap();
        let named = read_object(&object).map_err(|error| error.message)?;
        Ok((named.hosts.len(), named.port, named.consumed))
    }

    #[test]
    fn the_first_key_that_matches_wins() {
        let none: &[&str] = &[];
        assert_eq!(
            object(r#"{"host":"a.example","ip":"192.0.2.1","mx":[],"port":26}"#),
            Ok((1, Some(26), none))
        );
        assert_eq!(object(r#"{"ip":"192.0.2.1","mx":[]}"#), Ok((1, None, none)));
        assert_eq!(
            object(
                r#"{"mx":[{"preference":1,"exchange":"a.example","addresses":[]},{"exchange":"b.example"}]}"#
            ),
            Ok((2, None, WITH_THE_LIST))
        );
        assert_eq!(
            object(r#"{"preference":1,"exchange":"a.example"}"#),
            Ok((1, None, &["exchange", "addresses"][..]))
        );
    }

    #[test]
    fn a_record_that_cannot_be_used_says_which_key() {
        for text in [
            r#"{"domain":"a.example"}"#,
            r#"{}"#,
            r#"{"host":1}"#,
            r#"{"host":"a.example","ip":"x"}"#,
            r#"{"mx":"x"}"#,
            r#"{"mx":[]}"#,
            r#"{"host":"a.example","port":70000}"#,
            r#"{"host":"a.example:25"}"#,
            r#"{"exchange":"a.example","addresses":["x"]}"#,
        ] {
            assert!(object(text).is_err(), "{text}");
        }
    }
}
