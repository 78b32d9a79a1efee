//! What a person means by the target of mail, or by a server.

use std::fmt;
use std::net::IpAddr;

use crate::{DomainName, NameError};

/// A server, as a person names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// By an address.
    Address(IpAddr),
    /// By a name, to be looked up.
    Name(DomainName),
}

/// Where mail is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailTarget {
    /// A domain, or the domain of an address.
    Domain {
        /// The domain.
        domain: DomainName,
        /// The part before the `@`, as it was given.
        local_part: Option<String>,
    },
    /// An address literal (RFC 5321 section 4.1.3): no DNS is asked.
    Literal {
        /// The address.
        ip: IpAddr,
        /// The part before the `@`, as it was given.
        local_part: Option<String>,
    },
}

/// Why a word is no target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetError {
    /// The domain is none.
    Name(NameError),
    /// The brackets hold no address.
    Literal,
    /// An address that is not in brackets.
    Bare(IpAddr),
    /// Nothing, or too much, before the `@`.
    LocalPart,
    /// A character that stands before the `@` in quotes only.
    Unquoted(char),
    /// CR, LF or NUL: an attempt to smuggle a line, not a typing error.
    Injection,
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::Literal => f.write_str("the brackets hold no IP address"),
            Self::Bare(IpAddr::V4(ip)) => write!(f, "an address stands in brackets: [{ip}]"),
            Self::Bare(IpAddr::V6(ip)) => write!(f, "an address stands in brackets: [IPv6:{ip}]"),
            Self::Unquoted(c) => write!(f, "{c:?} stands before the @ in quotes only"),
            Self::LocalPart => f.write_str("the part before the @ is empty or longer than 64 octets"),
            Self::Injection => f.write_str("a line end or NUL in the target"),
        }
    }
}

impl std::error::Error for TargetError {}

impl MailTarget {
    /// Reads `domain`, `user@domain` or `[literal]`.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn parse(word: &str) -> Result<Self, TargetError> {
        if word.contains(['\r', '\n', '\0']) {
            return Err(TargetError::Injection);
        }
        // The last @: a quoted local part may hold others.
        let (local_part, domain) = match word.rsplit_once('@') {
            Some((local, domain)) => {
                check_local_part(local)?;
                (Some(local.to_owned()), domain)
            }
            None => (None, word),
        };
        if let Ok(ip) = domain.parse() {
            return Err(TargetError::Bare(ip));
        }
        match domain.strip_prefix('[') {
            Some(rest) => {
                let inner = rest.strip_suffix(']').ok_or(TargetError::Literal)?;
                let ip = parse_literal(inner).ok_or(TargetError::Literal)?;
                Ok(Self::Literal { ip, local_part })
            }
            None => {
                let domain = DomainName::parse(domain).map_err(TargetError::Name)?;
                Ok(Self::Domain { domain, local_part })
            }
        }
    }
}

/// A local part as RFC 5321 section 4.1.2 and RFC 6531 section 3.3 have it, as far as others could take it for
/// something else.
fn check_local_part(local: &str) -> Result<(), TargetError> {
    const MOST: usize = 64;
    if local.is_empty() || local.len() > MOST {
        return Err(TargetError::LocalPart);
    }
    let (text, is_quoted) = match local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => (inner, true),
        None => (local, false),
    };
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        let is_bad = match c {
            // In quotes it takes the next one with it.
            '\\' if is_quoted => characters.next().is_none_or(char::is_control),
            '"' | '\\' => true,
            '@' | ' ' | '<' | '>' => !is_quoted,
            c => c.is_control(),
        };
        if is_bad {
            return Err(TargetError::Unquoted(c));
        }
    }
    Ok(())
}

/// The inside of a literal: `192.0.2.1`, `IPv6:2001:db8::1`; the tag may be missing.
fn parse_literal(inner: &str) -> Option<IpAddr> {
    match inner.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("ipv6:") => inner[5..].parse().ok().map(IpAddr::V6),
        _ => inner.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_keeps_its_local_part_as_given() {
        let target = MailTarget::parse("Postmaster@Dane.EXAMPLE.").unwrap();
        let domain = DomainName::parse("dane.example").unwrap();
        assert_eq!(target, MailTarget::Domain { domain, local_part: Some("Postmaster".into()) });
    }

    #[test]
    fn literals_of_both_families() {
        for (word, ip) in [
            ("[192.0.2.1]", "192.0.2.1"),
            ("[IPv6:2001:db8::1]", "2001:db8::1"),
            ("a@[2001:db8::1]", "2001:db8::1"),
        ] {
            match MailTarget::parse(word) {
                Ok(MailTarget::Literal { ip: parsed, .. }) => {
                    assert_eq!(parsed, ip.parse::<IpAddr>().unwrap())
                }
                other => panic!("{word}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_target_says_why() {
        assert_eq!(MailTarget::parse("[192.0.2]"), Err(TargetError::Literal));
        assert_eq!(MailTarget::parse("[192.0.2.1"), Err(TargetError::Literal));
        assert_eq!(MailTarget::parse("[IPv6:192.0.2.1]"), Err(TargetError::Literal));
        assert_eq!(MailTarget::parse("192.0.2.1"), Err(TargetError::Bare([192, 0, 2, 1].into())));
        assert_eq!(
            MailTarget::parse("a@2001:db8::1").unwrap_err().to_string(),
            "an address stands in brackets: [IPv6:2001:db8::1]"
        );
        assert_eq!(MailTarget::parse("@example"), Err(TargetError::LocalPart));
        assert_eq!(MailTarget::parse("a\nb@example"), Err(TargetError::Injection));
        assert_eq!(MailTarget::parse("a@"), Err(TargetError::Name(NameError::Empty)));
    }

    #[test]
    fn what_needs_quotes_before_the_at_has_them() {
        for local in [r#""a b""#, r#""a@b""#, r#""a\"b""#, r#""a\\""#, r#""""#, "jörg", "a+b=c", "o'neil"] {
            let word = format!("{local}@a.example");
            assert!(MailTarget::parse(&word).is_ok(), "{word}");
        }
        for local in ["a b", "a@b", r#"a"b"#, r#""a"b""#, r#""a\""#, r"a\b", "<a", "a\t", "\"\x1b\"", "\""] {
            let word = format!("{local}@a.example");
            assert!(matches!(MailTarget::parse(&word), Err(TargetError::Unquoted(_))), "{word:?}");
        }
    }

    proptest! {
        #[test]
        fn no_word_makes_it_panic(word in "[\\PC\"@\\[\\]\\\\:.]{0,40}") {
            let _ = MailTarget::parse(&word);
        }
    }
}
