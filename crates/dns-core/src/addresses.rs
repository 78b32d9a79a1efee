//! The addresses of a host, of both families.

use std::collections::HashSet;
use std::net::IpAddr;

use futures_util::future::join;

use crate::{Data, DomainName, Families, Kind, Lookup, LookupError, Security};

/// What the DNS says of a host's addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    /// The addresses, each once, IPv4 first.
    pub found: Vec<IpAddr>,
    /// The aliases on the way.
    pub cname: Vec<DomainName>,
    /// A question that failed; a denial only if there is no address at all.
    pub failed: Option<LookupError>,
    /// What DNSSEC says of addresses and aliases; secure if either family is (RFC 7672 section 2.2.2).
    pub security: Option<Security>,
}

/// Looks the addresses of one host up.
pub async fn addresses(lookup: &impl Lookup, host: &DomainName, families: Families) -> Addresses {
    let ask = async |kind, wanted: bool| match wanted {
        true => Some(lookup.lookup(host, kind).await),
        false => None,
    };
    let (v4, v6) = join(ask(Kind::A, families.v4), ask(Kind::Aaaa, families.v6)).await;
    let mut all = Addresses::default();
    let mut denied = None;
    for result in [v4, v6].into_iter().flatten() {
        match result {
            Ok(answer) => {
                all.found.extend(answer.records.iter().filter_map(|rr| match rr.data {
                    Data::A(v4) => Some(IpAddr::V4(v4)),
                    Data::Aaaa(v6) => Some(IpAddr::V6(v6)),
                    _ => None,
                }));
                if all.cname.is_empty() {
                    all.cname = answer.cname;
                }
                all.security = all.security.max(answer.security);
            }
            // A temporary error says more than a denial: the other family may be the one that exists.
            Err(error) => {
                denied = denied.max(error.security);
                if all.failed.as_ref().is_none_or(|known| !known.problem.is_temporary()) {
                    all.failed = Some(error);
                }
            }
        }
    }
    let mut seen = HashSet::new();
    all.found.retain(|ip| seen.insert(*ip));
    if all.found.is_empty() {
        // What DNSSEC says of the one denial is nothing to go by where the other is an error.
        all.security = match &all.failed {
            Some(error) if error.problem.is_temporary() => error.security,
            _ => denied,
        };
    } else {
        all.failed = all.failed.filter(|error| error.problem.is_temporary());
    }
    all
}
