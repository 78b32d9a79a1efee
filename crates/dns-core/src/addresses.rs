//! The addresses of a host, of both families.

use std::collections::HashSet;
use std::net::IpAddr;

use futures_util::future::join;

use crate::{Data, DomainName, Families, Kind, Lookup, LookupError, Problem, Security};

/// What the DNS says of a host's addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    /// The addresses, each once, IPv4 first.
    pub found: Vec<IpAddr>,
    /// The aliases on the way.
    pub cname: Vec<DomainName>,
    /// A question that failed; a denial only if there is no address at all.
    pub failed: Option<LookupError>,
    /// The families that are not known for now: their question failed, and that was no denial.
    pub unknown: Vec<Kind>,
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
    for (kind, result) in [(Kind::A, v4), (Kind::Aaaa, v6)] {
        let cname = match result {
            None => continue,
            Some(Ok(answer)) => {
                all.found.extend(answer.records.iter().filter_map(|rr| match rr.data {
                    Data::A(v4) => Some(IpAddr::V4(v4)),
                    Data::Aaaa(v6) => Some(IpAddr::V6(v6)),
                    _ => None,
                }));
                all.security = all.security.max(answer.security);
                answer.cname
            }
            Some(Err(error)) => {
                denied = denied.max(error.security);
                if error.problem.is_temporary() {
                    all.unknown.push(kind);
                }
                let cname = error.cname.clone();
                if all.failed.as_ref().is_none_or(|known| weight(known.problem) < weight(error.problem)) {
                    all.failed = Some(error);
                }
                cname
            }
        };
        if all.cname.is_empty() {
            all.cname = cname;
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

/// Of the failures of both families, the one that says most. A temporary error comes before a denial, as the other
/// family may be the one that exists; and servers that say there is no such name where there is just no such record
/// (RFC 4074 section 4.2) are known by contradicting themselves.
fn weight(problem: Problem) -> u8 {
    match problem {
        Problem::NoData => 1,
        problem if problem.is_temporary() => 2,
        _ => 0,
    }
}
