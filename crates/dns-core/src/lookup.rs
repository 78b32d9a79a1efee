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
    /// Alias: the alias itself, which is not followed.
    Cname,
    /// What certificate a service has (RFC 6698).
    Tlsa,
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
    /// Alias.
    Cname(DomainName),
    /// What certificate a service has.
    Tlsa(Tlsa),
    /// Text, its character-strings joined; untrusted octets.
    Txt(Vec<u8>),
}

/// A TLSA record (RFC 6698 section 2.1): what certificate a service has. Any number may stand in a field.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tlsa {
    /// What the data is of: 2 an authority of the service's own, 3 its certificate.
    pub usage: u8,
    /// 0 the whole certificate, 1 its public key.
    pub selector: u8,
    /// 0 the thing itself, 1 its SHA-256, 2 its SHA-512.
    pub matching: u8,
    /// What is compared.
    pub data: Vec<u8>,
}

/// What DNSSEC says of an answer (RFC 4033 section 5), the weakest first. Where nobody trustworthy has said anything,
/// there is none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Security {
    /// Should be proved and is not. Such an answer is an error: [`Problem::Bogus`](crate::Problem::Bogus).
    Bogus,
    /// Below none of the trust anchors, so that nobody can tell.
    Indeterminate,
    /// Provably not signed, or from a resolver that does not look.
    Insecure,
    /// Signed, from a trust anchor down.
    Secure,
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
    /// What DNSSEC says of records and aliases together, if somebody trustworthy said it.
    pub security: Option<Security>,
    /// How long all of it may be kept, in seconds.
    pub lasts: u32,
}

/// Asks questions. Names are absolute; no search list, no /etc/hosts.
pub trait Lookup {
    /// The records of one type at a name, aliases followed.
    ///
    /// # Errors
    /// No such name and no such record are errors too: see [`Problem`](crate::Problem).
    fn lookup(&self, name: &DomainName, kind: Kind) -> impl Future<Output = Result<Answer, LookupError>>;
}
