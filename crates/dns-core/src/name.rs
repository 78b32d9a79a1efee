//! Domain names in the one form that records use.

use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv4Addr};

/// An absolute domain name: A-labels in lower case without the trailing dot, odd bytes as `\DDD`
/// (RFC 1035 section 5.1); the root is `.`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainName(Box<str>);

/// Why a text is no domain name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameError {
    /// Nothing there.
    Empty,
    /// Two dots in a row, or one in front.
    EmptyLabel,
    /// A label of more than 63 octets.
    LabelTooLong,
    /// More than 253 characters, 255 octets on the wire.
    TooLong,
    /// A character that no host or domain is called by.
    Character(char),
    /// A backslash that is not followed by three digits up to 255, or by a character.
    Escape,
    /// Unicode that IDNA does not allow.
    Idna,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the name is empty"),
            Self::EmptyLabel => f.write_str("the name has an empty label (two dots in a row)"),
            Self::LabelTooLong => f.write_str("a label of the name is longer than 63 octets"),
            Self::TooLong => f.write_str("the name is longer than 253 characters"),
            Self::Character(c) => write!(f, "a domain name cannot hold {:?}", c),
            Self::Escape => f.write_str("a backslash in a name is followed by three digits up to 255"),
            Self::Idna => f.write_str("the name is not a valid internationalised name"),
        }
    }
}

impl std::error::Error for NameError {}

impl DomainName {
    /// Reads a name as a person types it: any case, IDN in Unicode or ACE, with or without the
    /// trailing dot, `\DDD` for odd bytes.
    ///
    /// # Errors
    /// When no such name can exist in the DNS.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        let ascii = if text.is_ascii() {
            text.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii(text).map_err(|_| NameError::Idna)?
        };
        let bare = ascii.strip_suffix('.').filter(|_| !ends_escaped(&ascii)).unwrap_or(&ascii);
        if is_written_out(bare) {
            return Ok(Self(bare.into()));
        }
        let labels = split(bare)?;
        Self::from_labels(labels.iter().map(Vec::as_slice))
    }

    /// Makes a name of raw labels, as they are on the wire.
    ///
    /// # Errors
    /// When a label or the name is empty or too long.
    pub fn from_labels<'a>(labels: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, NameError> {
        let mut text = String::with_capacity(64);
        let mut octets = 1;
        for label in labels {
            match label.len() {
                0 => return Err(NameError::EmptyLabel),
                1..=63 => octets += label.len() + 1,
                _ => return Err(NameError::LabelTooLong),
            }
            if !text.is_empty() {
                text.push('.');
            }
            for &byte in label {
                match byte.to_ascii_lowercase() {
                    byte if is_plain(byte) => text.push(char::from(byte)),
                    byte => drop(write!(text, "\\{byte:03}")),
                }
            }
        }
        if octets > 255 {
            return Err(NameError::TooLong);
        }
        if text.is_empty() {
            text.push('.');
        }
        Ok(Self(text.into()))
    }

    /// The name with these labels in front.
    ///
    /// # Errors
    /// When it is too long.
    pub fn below(&self, labels: &[&str]) -> Result<Self, NameError> {
        let own = self.labels();
        let labels = labels.iter().map(|label| label.as_bytes());
        Self::from_labels(labels.chain(own.iter().map(Vec::as_slice)))
    }

    /// The name under which an address is looked up (RFC 1035 section 3.5, RFC 3596 section 2.5).
    pub fn of_address(ip: IpAddr) -> Self {
        let text = match ip.to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, c, d] = v4.octets();
                format!("{d}.{c}.{b}.{a}.in-addr.arpa")
            }
            IpAddr::V6(v6) => {
                let nibbles = v6.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
                let mut text: String = nibbles.map(|nibble| format!("{nibble:x}.")).collect();
                text.push_str("ip6.arpa");
                text
            }
        };
        Self(text.into())
    }

    /// The name as records show it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the root, which a null MX names.
    pub fn is_root(&self) -> bool {
        &*self.0 == "."
    }

    /// Whether it has a single label.
    pub fn is_single_label(&self) -> bool {
        !self.is_root() && !self.0.contains('.')
    }

    /// Whether it is `localhost`, one of its children or its old companion.
    pub fn is_localhost(&self) -> bool {
        matches!(&*self.0, "localhost" | "localhost.localdomain") || self.0.ends_with(".localhost")
    }

    /// The address that stands where a name belongs, with or without brackets.
    pub fn as_address(&self) -> Option<IpAddr> {
        // Brackets and colons are escaped.
        if !self.0.contains('\\') {
            return self.0.parse::<Ipv4Addr>().ok().map(IpAddr::V4);
        }
        let raw = String::from_utf8(self.labels().join(&b'.')).ok()?;
        let inner = raw.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&raw);
        inner.strip_prefix("ipv6:").unwrap_or(inner).parse().ok()
    }

    /// The labels as they are on the wire.
    pub fn labels(&self) -> Vec<Vec<u8>> {
        // The text came from `from_labels`, so it splits.
        if self.is_root() { Vec::new() } else { split(&self.0).unwrap_or_default() }
    }

    /// How long it is on the wire, in octets.
    pub fn octets(&self) -> usize {
        match self.is_plain() {
            true => self.0.len() + 2,
            false => self.labels().iter().map(|label| label.len() + 1).sum::<usize>() + 1,
        }
    }

    /// Appends its labels as they are on the wire, the root's at the end (RFC 1035 section 3.1).
    #[cfg(feature = "net")]
    pub(crate) fn write_to(&self, wire: &mut Vec<u8>) {
        let mut write = |label: &[u8]| {
            // No label is longer than 63 octets.
            wire.push(label.len() as u8);
            wire.extend_from_slice(label);
        };
        match self.is_plain() {
            true => self.0.as_bytes().split(|&byte| byte == b'.').for_each(&mut write),
            false => self.labels().iter().for_each(|label| write(label)),
        }
        wire.push(0);
    }

    /// Whether each character is an octet or a dot between labels.
    fn is_plain(&self) -> bool {
        !self.is_root() && !self.0.contains('\\')
    }

    /// Whether these are its labels, in letters of any case.
    pub fn is_of<'a>(&self, labels: impl IntoIterator<Item = &'a [u8]>) -> bool {
        if !self.is_plain() {
            return Self::from_labels(labels).is_ok_and(|name| name == *self);
        }
        let mut labels = labels.into_iter();
        let mut own = self.0.as_bytes().split(|&byte| byte == b'.');
        own.all(|own| labels.next().is_some_and(|label| own.eq_ignore_ascii_case(label)))
            && labels.next().is_none()
    }

    /// The name with its U-labels, where it has A-labels.
    pub fn to_unicode(&self) -> Option<String> {
        let has_ace = self.0.split('.').any(|label| label.starts_with("xn--"));
        let (unicode, result) = has_ace.then(|| idna::domain_to_unicode(&self.0))?;
        (result.is_ok() && unicode != *self.0).then_some(unicode)
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text is a name in the form that it is kept in, without escapes.
fn is_written_out(text: &str) -> bool {
    text.len() <= 253
        && text
            .as_bytes()
            .split(|&byte| byte == b'.')
            .all(|label| (1..=63).contains(&label.len()) && label.iter().all(|&byte| is_plain(byte)))
}

/// Whether the last character is escaped.
fn ends_escaped(text: &str) -> bool {
    let before = &text[..text.len() - 1];
    (before.len() - before.trim_end_matches('\\').len()) % 2 == 1
}

/// Splits at the dots and takes the escapes out.
fn split(text: &str) -> Result<Vec<Vec<u8>>, NameError> {
    let mut labels = vec![Vec::new()];
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'.' => {
                labels.push(Vec::new());
                continue;
            }
            b'\\' => escaped(&mut bytes)?,
            _ if is_plain(byte) => byte,
            _ => return Err(NameError::Character(char::from(byte))),
        };
        if let Some(label) = labels.last_mut() {
            label.push(byte);
        }
    }
    Ok(labels)
}

/// What needs no escape: host names, service names, wildcards, RFC 2317 delegations.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'*' | b'/')
}

fn escaped(bytes: &mut impl Iterator<Item = u8>) -> Result<u8, NameError> {
    let first = bytes.next().ok_or(NameError::Escape)?;
    if !first.is_ascii_digit() {
        return Ok(first);
    }
    let mut value = u16::from(first - b'0');
    for _ in 0..2 {
        match bytes.next() {
            Some(digit @ b'0'..=b'9') => value = value * 10 + u16::from(digit - b'0'),
            _ => return Err(NameError::Escape),
        }
    }
    u8::try_from(value).map_err(|_| NameError::Escape)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> String {
        DomainName::parse(text).unwrap().to_string()
    }

    #[test]
    fn names_come_out_lower_case_ace_and_without_the_dot() {
        assert_eq!(parse("Port25.COM."), "port25.com");
        assert_eq!(parse("bücher.example"), "xn--bcher-kva.example");
        assert_eq!(parse("BÜCHER.example"), "xn--bcher-kva.example");
        assert_eq!(parse("XN--BCHER-KVA.example"), "xn--bcher-kva.example");
        assert_eq!(parse("_dmarc.example"), "_dmarc.example");
        assert_eq!(parse(r"a\046b\000.example"), r"a\046b\000.example");
    }

    #[test]
    fn what_cannot_be_a_name_says_why() {
        assert_eq!(DomainName::parse(""), Err(NameError::Empty));
        assert_eq!(DomainName::parse("a..b"), Err(NameError::EmptyLabel));
        assert_eq!(DomainName::parse("."), Err(NameError::EmptyLabel));
        assert_eq!(DomainName::parse(&format!("{}.example", "a".repeat(64))), Err(NameError::LabelTooLong));
        assert_eq!(DomainName::parse(&"abcdefg.".repeat(32)), Err(NameError::TooLong));
        assert_eq!(DomainName::parse("a b"), Err(NameError::Character(' ')));
        assert_eq!(DomainName::parse("a@b"), Err(NameError::Character('@')));
        assert_eq!(DomainName::parse(r"a\999"), Err(NameError::Escape));
        assert_eq!(DomainName::parse(r"a\"), Err(NameError::Escape));
    }

    #[test]
    fn unicode_is_told_only_where_there_is_some() {
        assert_eq!(
            DomainName::parse("bücher.example").unwrap().to_unicode().as_deref(),
            Some("bücher.example")
        );
        assert_eq!(DomainName::parse("port25.com").unwrap().to_unicode(), None);
    }

    #[test]
    fn an_address_in_the_place_of_a_name_is_seen() {
        let of = |labels: &[&str]| {
            let name = DomainName::from_labels(labels.iter().map(|label| label.as_bytes())).unwrap();
            name.as_address().map(|ip| ip.to_string())
        };
        assert_eq!(of(&["192", "0", "2", "7"]).as_deref(), Some("192.0.2.7"));
        assert_eq!(of(&["[192", "0", "2", "7]"]).as_deref(), Some("192.0.2.7"));
        assert_eq!(of(&["2001:db8::1"]).as_deref(), Some("2001:db8::1"));
        assert_eq!(of(&["[IPv6:2001:db8::1]"]).as_deref(), Some("2001:db8::1"));
        assert_eq!(of(&["mx", "example"]), None);
    }

    #[test]
    fn addresses_have_their_reverse_names() {
        let of = |ip: &str| DomainName::of_address(ip.parse().unwrap()).to_string();
        assert_eq!(of("69.63.149.30"), "30.149.63.69.in-addr.arpa");
        assert_eq!(of("::ffff:69.63.149.30"), "30.149.63.69.in-addr.arpa");
        assert_eq!(
            of("2001:db8::1"),
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
        );
    }

    proptest! {
        #[test]
        fn labels_survive_the_way_through_text(labels in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..20), 1..6)) {
            let lower: Vec<Vec<u8>> = labels.iter().map(|l| l.to_ascii_lowercase()).collect();
            let name = DomainName::from_labels(labels.iter().map(Vec::as_slice)).unwrap();
            prop_assert_eq!(&name.labels(), &lower);
            prop_assert!(name.is_of(labels.iter().map(Vec::as_slice)));
            prop_assert!(!name.is_of(labels[1..].iter().map(Vec::as_slice)));
            prop_assert_eq!(lower.iter().map(|label| label.len() + 1).sum::<usize>() + 1, name.octets());
            #[cfg(feature = "net")]
            {
                let mut wire = Vec::new();
                name.write_to(&mut wire);
                let framed = lower.iter().flat_map(|label| [&[label.len() as u8][..], label].concat());
                prop_assert_eq!(wire, framed.chain([0]).collect::<Vec<u8>>());
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            let _ = DomainName::parse(&text);
        }
    }
}
