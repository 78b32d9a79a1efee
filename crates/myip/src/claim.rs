//! A name that somebody wants to give in EHLO, held against an address, both ways.

use std::net::IpAddr;

use dns_core::{DomainName, Families, Lookup, LookupError, Problem, Reverse, addresses};
use smtp_core::proto::HelloName;
use tool_core::Code;
use tool_core::record::{Error, Finding};

use crate::data::HeloRecord;

/// What was found out about the name.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) record: HeloRecord,
    /// The name does not lead to the address, or that could not be found out.
    pub(crate) error: Option<Error>,
    /// It leads to the address, which has other names.
    pub(crate) finding: Option<Finding>,
}

/// Reads a name of `--helo`.
pub(crate) fn read(text: &str) -> Result<DomainName, String> {
    let name = DomainName::parse(text).map_err(|error| error.to_string())?;
    match is_host_name(name.as_str()) && text.parse::<IpAddr>().is_err() {
        true => Ok(name),
        false => Err("the name to check is a host name".to_owned()),
    }
}

/// Anything can stand in the DNS; only what a host name is made of goes on (RFC 1123 section 2.1).
pub(crate) fn is_host_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}

/// Checks that the name leads to the address (RFC 5321 section 4.1.4), and whether it is its name.
pub(crate) async fn check(lookup: &impl Lookup, name: &DomainName, ip: IpAddr, reverse: &Reverse) -> Claim {
    let known = reverse.forward.iter().find(|(known, found)| known == name && !found.is_empty());
    let (found, failed) = match known {
        Some((_, found)) => (found.clone(), None),
        None => {
            let families = Families { v4: ip.is_ipv4(), v6: ip.is_ipv6() };
            let looked_up = addresses(lookup, name, families).await;
            (looked_up.found, looked_up.failed)
        }
    };
    let is_temporary = found.is_empty() && failed.as_ref().is_some_and(|error| error.problem.is_temporary());
    let leads_here = found.contains(&ip);
    let is_ptr = reverse.names.as_ref().map(|names| names.contains(name));
    let error = match (leads_here, &failed) {
        (true, _) => None,
        (false, Some(error)) if is_temporary => Some(Error::lookup(error, &format!("the address of {name}"))),
        (false, failed) => Some(mismatch(name, &found, failed.as_ref(), usable(reverse, ip).as_ref())),
    };
    let finding = (leads_here && is_ptr == Some(false))
        .then(|| Finding::new(Code::IdPtrNeHelo, format!("{name} is no PTR name of the address")).ip(ip));
    let record = HeloRecord {
        name: name.to_string(),
        forward: (!is_temporary).then_some(found),
        leads_here: (!is_temporary).then_some(leads_here),
        is_ptr,
    };
    Claim { record, error, finding }
}

/// The first name that leads back and can be given in EHLO.
pub(crate) fn usable(reverse: &Reverse, ip: IpAddr) -> Option<HelloName> {
    let names = reverse.confirmed(ip).map(DomainName::as_str).filter(|name| is_host_name(name));
    names.flat_map(HelloName::new).next()
}

fn mismatch(
    name: &DomainName,
    found: &[IpAddr],
    failed: Option<&LookupError>,
    confirmed: Option<&HelloName>,
) -> Error {
    let message = match (found, failed) {
        ([], Some(error)) if error.problem == Problem::NxDomain => format!("{name} does not exist"),
        ([], _) => format!("{name} has no address of this family"),
        ([other, ..], _) => format!("{name} leads to {other}, not to this address"),
    };
    let hint = match confirmed {
        Some(confirmed) => format!("let the name have this address, or give {confirmed} in EHLO"),
        None => "let the name have this address, or give the literal in helo".to_owned(),
    };
    Error::new(Code::IdHeloMismatch, "dns", message).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_host_name_can_be_checked() {
        assert_eq!(read("Mail.Example.").unwrap().as_str(), "mail.example");
        for text in ["", "a b.example", "203.0.113.7", "[203.0.113.7]", "a_b.example", "a..b", "2001:db8::1"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_first_name_that_leads_back_and_can_be_given_is_given() {
        let of = |names: &[(&str, &str)]| {
            let read =
                |(name, ip): &(&str, &str)| (DomainName::parse(name).unwrap(), vec![ip.parse().unwrap()]);
            let reverse = Reverse {
                names: None,
                iprev: dns_core::Iprev::Pass,
                forward: names.iter().map(read).collect(),
                error: None,
                ptr_took: std::time::Duration::ZERO,
                forward_took: None,
            };
            usable(&reverse, "203.0.113.7".parse().unwrap()).map(|name| name.to_string())
        };
        let (here, there) = ("203.0.113.7", "203.0.113.8");
        assert_eq!(of(&[("a.example", there), ("b.example", here)]).as_deref(), Some("b.example"));
        for odd in [r"a\032b.example", r"\036\040id\041.example", "a_b.example"] {
            assert_eq!(of(&[(odd, here)]), None, "{odd}");
            assert_eq!(of(&[(odd, here), ("b.example", here)]).as_deref(), Some("b.example"), "{odd}");
        }
    }
}
