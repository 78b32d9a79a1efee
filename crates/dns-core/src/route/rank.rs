//! What the MX records of a domain come to: which count, and in what order.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Finding, Host, Order, Route, RouteError};
use crate::{Answer, Data};

/// The hosts of the MX records.
pub(super) fn explicit(route: &mut Route, answer: Answer, order: Order) {
    for rr in answer.records {
        if let Data::Mx { preference, exchange } = rr.data {
            route.hosts.push(Host {
                preference,
                exchange,
                addresses: None,
                ttl: Some(rr.ttl),
                cname: Vec::new(),
                security: None,
            });
        }
    }
    // RFC 7505 section 3: the exchange "." is the test, whatever the preference.
    if route.hosts.iter().all(|host| host.exchange.is_root()) {
        route.null_mx = true;
        route.verdict = Err(RouteError::NullMx);
        route.hosts.truncate(1);
        for host in &mut route.hosts {
            host.addresses = Some(Vec::new());
        }
        return;
    }
    let before = route.hosts.len();
    route.hosts.retain(|host| !host.exchange.is_root());
    if route.hosts.len() < before {
        route.findings.push(Finding::NullMxMixed);
    }
    sort(&mut route.hosts, order);
    let mut seen = HashSet::new();
    let findings = &mut route.findings;
    route.hosts.retain(|host| {
        let first = seen.insert(host.exchange.clone());
        if !first && !findings.contains(&Finding::MxDuplicate(host.exchange.clone())) {
            findings.push(Finding::MxDuplicate(host.exchange.clone()));
        }
        first
    });
    let all = route.hosts.len();
    if all > Route::MOST_HOSTS {
        // In front, since a record does not hold findings without end.
        route.findings.insert(0, Finding::TooManyMx(all));
        route.hosts.truncate(Route::MOST_HOSTS);
    }
    for host in &route.hosts {
        let name = &host.exchange;
        if name.as_address().is_some() {
            route.findings.push(Finding::MxIpLiteral(name.clone()));
        } else if name.is_localhost() {
            route.findings.push(Finding::MxLocalhost(name.clone()));
        } else if name.is_single_label() {
            route.findings.push(Finding::MxSingleLabel(name.clone()));
        }
    }
}

fn sort(hosts: &mut [Host], order: Order) {
    match order {
        Order::Stable => hosts.sort_by(|a, b| (a.preference, &a.exchange).cmp(&(b.preference, &b.exchange))),
        Order::Shuffled(seed) => hosts.sort_by_cached_key(|host| {
            let mut hasher = DefaultHasher::new();
            (seed, &host.exchange).hash(&mut hasher);
            (host.preference, hasher.finish())
        }),
    }
}
