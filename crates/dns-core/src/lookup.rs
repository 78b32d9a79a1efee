//! The one door to the DNS.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use crate::{DomainName, LookupError};

/// The record types that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// IPv4 address.
    A,
    /// IPv6 address.
    Aaaa,
    /// Mail exchange.
    Mx,
    /// Name of an address.
    Ptr,
    /// Text.
    Txt,
    /// Text in class CH (RFC 1035 section 3.2.4): what a server says about itself, or about whoever asks.
    ChaosTxt,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// IPv4 address.
    A(Ipv4Addr),
    /// IPv6 address.
    Aaaa(Ipv6Addr),
    /// Mail exchange.
    Mx {
        /// Lower is tried first.
        preference: u16,
        /// The host, `.` in a null MX.
        exchange: DomainName,
    },
    /// Name of an address.
    Ptr(DomainName),
    /// Text, its character-strings joined; untrusted octets.
    Txt(Vec<u8>),
}

/// A record of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rr {
    /// Time to live in seconds.
    pub ttl: u32,
    /// What it says.
    pub data: Data,
}

/// An answer with at least one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The records of the type asked for, in the order given.
    pub records: Vec<Rr>,
    /// The aliases that led to them: the names after the one asked for.
    pub cname: Vec<DomainName>,
    /// The server that answered, as `udp://192.0.2.53:53`.
    pub resolver: Arc<str>,
}

/// Asks questions. Names are absolute; no search list, no /etc/hosts.
pub trait Lookup {
    /// The records of one type at a name, aliases followed.
    ///
    /// # Errors
    /// No such name and no such record are errors too: see [`Problem`](crate::Problem).
    fn lookup(&self, name: &DomainName, kind: Kind) -> impl Future<Output = Result<Answer, LookupError>>;
}
