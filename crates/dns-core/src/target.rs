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
    /// Nothing, or something that breaks a command line, before the `@`.
    LocalPart,
    /// CR, LF or NUL: an attempt to smuggle a line, not a typing error.
    Injection,
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::Literal => f.write_str("the brackets hold no IP address"),
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
            Some((local, _)) if local.is_empty() || local.len() > 64 => return Err(TargetError::LocalPart),
            Some((local, domain)) => (Some(local.to_owned()), domain),
            None => (None, word),
        };
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

/// The inside of a literal: `192.0.2.1`, `IPv6:2001:db8::1`; the tag may be missing.
fn parse_literal(inner: &str) -> Option<IpAddr> {
    let untagged = match inner.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("ipv6:") => &inner[5..],
        _ => inner,
    };
    untagged.parse().ok()
}

#[cfg(test)]
mod tests {
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
        assert_eq!(MailTarget::parse("@example"), Err(TargetError::LocalPart));
        assert_eq!(MailTarget::parse("a\nb@example"), Err(TargetError::Injection));
        assert_eq!(MailTarget::parse("a@"), Err(TargetError::Name(NameError::Empty)));
    }
}
