//! What an address is called, as records say it.

use std::net::{IpAddr, Ipv6Addr};

use dns_core::address::{Scope, scope};
use dns_core::{Iprev, LookupError, Problem, Reverse};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Error, Finding};
use crate::Code;

/// The result words of iprev (RFC 8601 section 2.7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IprevWord {
    /// A name of the address leads back to it.
    Pass,
    /// No name leads back.
    Fail,
    /// That could not be found out now.
    Temperror,
    /// The address has no name.
    Permerror,
}

impl IprevWord {
    /// The word used in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Temperror => "temperror",
            Self::Permerror => "permerror",
        }
    }
}

/// What is wrong with an address that mail is sent from: receivers refuse what has no name that
/// leads back.
pub fn reverse_error(ip: IpAddr, reverse: &Reverse) -> Option<Error> {
    match reverse.iprev {
        Iprev::Pass => None,
        Iprev::PermError => {
            let hint = match scope(ip) {
                Scope::Public => {
                    format!(
                        "ask whoever routes {} for one; large receivers refuse mail without it",
                        network(ip)
                    )
                }
                _ => "only those who run this network can name a private address, and only in their own DNS"
                    .to_owned(),
            };
            Some(Error::new(Code::IdNoPtr, "dns", "the address has no PTR record").with_hint(hint))
        }
        Iprev::Fail => {
            let led = reverse.forward.iter().map(|(name, addresses)| match addresses.first() {
                Some(other) => format!("{name} leads to {other}"),
                None => format!("{name} has no address of this family"),
            });
            let message =
                format!("no PTR name leads back to the address: {}", led.collect::<Vec<_>>().join(", "));
            let hint = "let the name have this address, or ask whoever routes it to change the PTR";
            Some(Error::new(Code::IdPtrMismatch, "dns", message).with_hint(hint))
        }
        Iprev::TempError => {
            let what = match &reverse.names {
                None => "the PTR of the address",
                Some(_) => "the addresses of its PTR name",
            };
            let cause = reverse.error.clone().unwrap_or_else(|| LookupError::new(Problem::Timeout));
            Some(Error { code: Code::IdPtrTemperror, ..Error::lookup(&cause, what) })
        }
    }
}

/// The network that is likely to be delegated as a whole: a /24, a /48 (RFC 2317, RFC 6177).
fn network(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

/// An address of a host from the DNS that is not public.
pub fn non_public(ip: IpAddr) -> Finding {
    Finding::new(Code::DnsMxNonPublic, "the address is not public").ip(ip)
}

/// What the names of a server's address are worth: for a receiving host these are warnings.
pub fn iprev_finding(ip: IpAddr, iprev: IprevWord) -> Option<Finding> {
    let (code, message) = match iprev {
        IprevWord::Pass => return None,
        IprevWord::Permerror => (Code::IdNoPtr, "the address has no PTR record"),
        IprevWord::Fail => (Code::IdPtrMismatch, "no PTR name of the address leads back to it"),
        IprevWord::Temperror => (Code::IdPtrTemperror, "the PTR of the address could not be looked up now"),
    };
    Some(Finding::new(code, message).ip(ip))
}
