//! What an address is called, and whether the name leads back (iprev, RFC 8601 section 3).

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::{Addresses, Data, DomainName, Families, Kind, Lookup, LookupError, addresses};

/// The result words of RFC 8601 section 2.7.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Iprev {
    /// A name of the address leads back to it.
    Pass,
    /// No name leads back.
    Fail,
    /// That could not be found out now.
    TempError,
    /// The address has no name.
    PermError,
}

/// The names of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reverse {
    /// The names, at most [`Reverse::MAX_NAMES`]; `None` if they could not be found out.
    pub names: Option<Vec<DomainName>>,
    /// Whether one leads back.
    pub iprev: Iprev,
    /// The addresses of each name, as far as they could be found out.
    pub forward: Vec<(DomainName, Vec<IpAddr>)>,
    /// The question that failed, for a temporary error.
    pub error: Option<LookupError>,
    /// How long the question for the names took.
    pub ptr_took: Duration,
    /// How long the questions for their addresses took together.
    pub forward_took: Option<Duration>,
}

impl Reverse {
    /// The most names that are followed; an address with more is a nuisance, not a mail server.
    pub const MAX_NAMES: usize = 10;

    /// The names that lead back to `ip`.
    pub fn confirmed(&self, ip: IpAddr) -> impl Iterator<Item = &DomainName> {
        self.forward.iter().filter(move |(_, addresses)| addresses.contains(&ip)).map(|(name, _)| name)
    }
}

/// Looks an address up and its names back.
pub async fn reverse(lookup: &impl Lookup, ip: IpAddr) -> Reverse {
    let ip = ip.to_canonical();
    let begun = Instant::now();
    let answer = lookup.lookup(&DomainName::of_address(ip), Kind::Ptr).await;
    let ptr_took = begun.elapsed();
    let without = |names, iprev, error| Reverse {
        names,
        iprev,
        forward: Vec::new(),
        error,
        ptr_took,
        forward_took: None,
    };
    let mut names: Vec<DomainName> = match answer {
        Ok(answer) => answer
            .records
            .into_iter()
            .filter_map(|rr| match rr.data {
                Data::Ptr(name) => Some(name),
                _ => None,
            })
            .collect(),
        Err(error) if error.problem.is_temporary() => {
            return without(None, Iprev::TempError, Some(error));
        }
        Err(_) => Vec::new(),
    };
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names.truncate(Reverse::MAX_NAMES);
    if names.is_empty() {
        return without(Some(names), Iprev::PermError, None);
    }
    let families = Families { v4: ip.is_ipv4(), v6: ip.is_ipv6() };
    let begun = Instant::now();
    let results = join_all(names.iter().map(|name| addresses(lookup, name, families))).await;
    let forward_took = Some(begun.elapsed());
    let (mut forward, mut error) = (Vec::new(), None);
    for (name, Addresses { found, failed, .. }) in names.iter().zip(results) {
        forward.push((name.clone(), found));
        error = error.or(failed.filter(|failed| failed.problem.is_temporary()));
    }
    let iprev = match (forward.iter().any(|(_, found)| found.contains(&ip)), &error) {
        (true, _) => Iprev::Pass,
        (false, Some(_)) => Iprev::TempError,
        (false, None) => Iprev::Fail,
    };
    let error = error.filter(|_| iprev == Iprev::TempError);
    Reverse { names: Some(names), iprev, forward, error, ptr_took, forward_took }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Problem;
    use crate::zone::Zone;

    async fn of(zone: &Zone) -> (Iprev, usize) {
        let reverse = reverse(zone, "192.0.2.25".parse().unwrap()).await;
        (reverse.iprev, reverse.names.map_or(usize::MAX, |names| names.len()))
    }

    fn named(names: &[&str]) -> Zone {
        names.iter().fold(Zone::new(), |zone, name| zone.ptr("192.0.2.25", name))
    }

    #[tokio::test]
    async fn any_name_that_leads_back_passes() {
        let zone = named(&["other.example", "mx.example"])
            .a("other.example", "192.0.2.99")
            .a("mx.example", "192.0.2.25");
        assert_eq!(of(&zone).await, (Iprev::Pass, 2));
    }

    #[tokio::test]
    async fn no_name_that_leads_back_fails() {
        assert_eq!(of(&named(&["mx.example"]).a("mx.example", "192.0.2.99")).await, (Iprev::Fail, 1));
        assert_eq!(of(&named(&["gone.example"])).await, (Iprev::Fail, 1));
    }

    #[tokio::test]
    async fn no_name_is_permanent_and_no_answer_temporary() {
        assert_eq!(of(&Zone::new()).await, (Iprev::PermError, 0));
        let zone = Zone::new().fails("25.2.0.192.in-addr.arpa", Kind::Ptr, Problem::ServFail);
        assert_eq!(of(&zone).await, (Iprev::TempError, usize::MAX));
        let zone = named(&["mx.example"]).fails("mx.example", Kind::A, Problem::Timeout);
        assert_eq!(of(&zone).await, (Iprev::TempError, 1));
    }

    #[tokio::test]
    async fn names_without_end_are_cut() {
        let names: Vec<String> = (0..30).map(|n| format!("n{n}.example")).collect();
        let zone = named(&names.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(of(&zone).await, (Iprev::Fail, Reverse::MAX_NAMES));
    }
}
