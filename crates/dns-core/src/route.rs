//! Where mail for a domain goes (RFC 5321 section 5.1, RFC 7505, RFC 2181 section 10.3).

mod rank;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};

use crate::address::{Scope, scope};
use crate::{Addresses, DomainName, Kind, Lookup, LookupError, Problem, Security, addresses};

/// The address families that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Families {
    /// A records.
    pub v4: bool,
    /// AAAA records.
    pub v6: bool,
}

impl Default for Families {
    fn default() -> Self {
        Self { v4: true, v6: true }
    }
}

/// The order of hosts of equal preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Random, from this seed (RFC 5321 section 5.1 asks senders to spread the load).
    Shuffled(u64),
    /// By name.
    Stable,
}

/// What is asked of a route.
#[derive(Debug, Clone, Copy)]
pub struct RouteOptions {
    /// Which families.
    pub families: Families,
    /// Whether the addresses of the exchanges are looked up.
    pub addresses: bool,
    /// The order of equal preference.
    pub order: Order,
}

/// The hosts that take mail for a domain, in the order in which a sender tries them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The hosts.
    pub hosts: Vec<Host>,
    /// There is no MX: the domain's own address counts.
    pub implicit: bool,
    /// The domain takes no mail (RFC 7505).
    pub null_mx: bool,
    /// The aliases of the domain itself.
    pub cname: Vec<DomainName>,
    /// What is odd about it, but does not decide.
    pub findings: Vec<Finding>,
    /// The server that answered the question for the MX.
    pub resolver: Option<Arc<str>>,
    /// What DNSSEC says of the MX, or of there being none, if somebody trustworthy said it.
    pub security: Option<Security>,
    /// The families that were asked for.
    pub families: Families,
    /// How long the MX question took.
    pub mx_took: Duration,
    /// How long all the address questions took together.
    pub addresses_took: Option<Duration>,
    /// Whether mail can go there.
    pub verdict: Result<(), RouteError>,
}

/// A host that takes mail.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host {
    /// Lower is tried first.
    pub preference: u16,
    /// Its name.
    pub exchange: DomainName,
    /// Its addresses: empty if it has none, `None` if they were not asked for or could not be found out.
    pub addresses: Option<Vec<IpAddr>>,
    /// Time to live of the MX record in seconds, absent for an implicit MX.
    pub ttl: Option<u32>,
    /// The aliases of the host.
    pub cname: Vec<DomainName>,
    /// What DNSSEC says of the addresses, if they were asked for and somebody trustworthy said it.
    pub security: Option<Security>,
}

impl Host {
    /// The most addresses of one host that are kept.
    pub const MOST_ADDRESSES: usize = 100;
}

impl Route {
    /// The most hosts that are looked at, those that a sender tries first; a domain with more spends others' time.
    pub const MOST_HOSTS: usize = 100;
}

/// Why no mail can go to a domain, or why that cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteError {
    /// The DNS did not answer, or denied.
    Lookup {
        /// What stood in the way.
        error: LookupError,
        /// What was asked for.
        of: Asked,
    },
    /// The domain declares that it takes no mail.
    NullMx,
    /// None of the exchanges has an address.
    NoAddress,
}

/// The question that a route lacks the answer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The MX of the domain.
    Mx,
    /// The addresses of the domain itself, which has no MX; these families of them.
    Domain(Vec<Kind>),
    /// The addresses of an exchange, when no other has one; these families of them.
    Exchange(DomainName, Vec<Kind>),
}

/// Something odd that does not decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// No MX: the domain's own address counts.
    ImplicitMx,
    /// A null MX stands beside other records (RFC 7505 section 3).
    NullMxMixed,
    /// The exchange is an alias (RFC 2181 section 10.3).
    MxCname(DomainName),
    /// The exchange is written as an address.
    MxIpLiteral(DomainName),
    /// The exchange has a single label.
    MxSingleLabel(DomainName),
    /// The exchange calls itself localhost.
    MxLocalhost(DomainName),
    /// The exchange is named more than once.
    MxDuplicate(DomainName),
    /// The exchange has neither an A nor an AAAA record.
    MxNoAddress(DomainName),
    /// The exchange has an address that is not public.
    MxNonPublic(DomainName, IpAddr),
    /// The addresses of the exchange could not be found out, those of the families named; or it does not exist.
    MxLookup(DomainName, LookupError, Vec<Kind>),
    /// The domain has this many exchanges, more than are looked at.
    TooManyMx(usize),
    /// The exchange has this many addresses, more than are kept.
    TooManyAddresses(DomainName, usize),
}

/// Finds where mail for `domain` goes. A temporary error at the MX never becomes an implicit MX.
pub async fn route(lookup: &impl Lookup, domain: &DomainName, options: &RouteOptions) -> Route {
    let begun = Instant::now();
    let answer = lookup.lookup(domain, Kind::Mx).await;
    let mut route = Route {
        hosts: Vec::new(),
        implicit: false,
        null_mx: false,
        cname: Vec::new(),
        findings: Vec::new(),
        resolver: None,
        security: None,
        families: options.families,
        mx_took: begun.elapsed(),
        addresses_took: None,
        verdict: Ok(()),
    };
    match answer {
        Ok(answer) => {
            route.cname = answer.cname.clone();
            route.resolver = Some(answer.resolver.clone());
            route.security = answer.security;
            rank::explicit(&mut route, answer, options.order);
            if !route.null_mx && options.addresses {
                // Boxed, since either is done and not both.
                Box::pin(fill_addresses(&mut route, lookup, options.families)).await;
            }
        }
        Err(error) if error.problem == Problem::NoData => {
            route.cname = error.cname.clone();
            route.resolver = error.resolver.clone();
            route.security = error.security;
            Box::pin(implicit(&mut route, lookup, domain, options.families)).await;
        }
        Err(error) => {
            route.cname = error.cname.clone();
            route.resolver = error.resolver.clone();
            route.security = error.security;
            route.verdict = Err(RouteError::Lookup { error, of: Asked::Mx });
        }
    }
    route
}

/// Hosts of one target whose addresses are asked for at a time.
pub const AT_ONCE: usize = 16;

/// No MX: the addresses of the domain itself count, as if at preference 0.
async fn implicit(route: &mut Route, lookup: &impl Lookup, domain: &DomainName, families: Families) {
    let begun = Instant::now();
    let Addresses { found, failed, unknown, security, .. } = addresses(lookup, domain, families).await;
    route.addresses_took = Some(begun.elapsed());
    match failed {
        Some(error) if found.is_empty() => {
            // That the domain exists was said before.
            let error = match error.problem {
                Problem::NxDomain => LookupError { problem: Problem::NoData, ..error },
                _ => error,
            };
            route.verdict = Err(RouteError::Lookup { error, of: Asked::Domain(unknown) });
            return;
        }
        Some(error) => route.findings.push(Finding::MxLookup(domain.clone(), error, unknown)),
        None => {}
    }
    route.implicit = true;
    route.findings.insert(0, Finding::ImplicitMx);
    let found = kept(&mut route.findings, domain, found);
    let host = Host {
        preference: 0,
        exchange: domain.clone(),
        addresses: Some(found),
        ttl: None,
        cname: Vec::new(),
        security,
    };
    route.hosts.push(host);
}

async fn fill_addresses(route: &mut Route, lookup: &impl Lookup, families: Families) {
    let begun = Instant::now();
    let questions = route.hosts.iter().map(async |host| match host.exchange.as_address().is_some() {
        true => Addresses::default(),
        false => addresses(lookup, &host.exchange, families).await,
    });
    // A zone can name thousands of hosts; they are not all asked for at once.
    let results: Vec<_> = stream::iter(questions).buffered(AT_ONCE).collect().await;
    route.addresses_took = Some(begun.elapsed());
    let mut temporary = None;
    for (host, result) in route.hosts.iter_mut().zip(results) {
        let Addresses { found, cname, failed, unknown, security } = result;
        let name = &host.exchange;
        if !cname.is_empty() {
            route.findings.push(Finding::MxCname(name.clone()));
        }
        host.cname = cname;
        host.security = security;
        let found = kept(&mut route.findings, name, found);
        let known = match failed {
            None => true,
            Some(error) if error.problem == Problem::NoData => {
                route.findings.push(Finding::MxNoAddress(name.clone()));
                true
            }
            Some(error) => {
                let known = !found.is_empty() || !error.problem.is_temporary();
                if !known {
                    let of = Asked::Exchange(name.clone(), unknown.clone());
                    temporary.get_or_insert_with(|| RouteError::Lookup { error: error.clone(), of });
                }
                route.findings.push(Finding::MxLookup(name.clone(), error, unknown));
                known
            }
        };
        host.addresses = known.then_some(found);
    }
    if route.hosts.iter().all(|host| host.addresses.as_ref().is_none_or(Vec::is_empty)) {
        route.verdict = Err(temporary.unwrap_or(RouteError::NoAddress));
    }
}

/// The addresses of a host that are kept; what is odd about them is noted.
fn kept(findings: &mut Vec<Finding>, name: &DomainName, mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    if addresses.len() > Host::MOST_ADDRESSES {
        findings.push(Finding::TooManyAddresses(name.clone(), addresses.len()));
        addresses.truncate(Host::MOST_ADDRESSES);
    }
    let odd = addresses.iter().filter(|ip| scope(**ip) != Scope::Public);
    findings.extend(odd.map(|ip| Finding::MxNonPublic(name.clone(), *ip)));
    addresses
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::zone::Zone;

    const STABLE: RouteOptions =
        RouteOptions { families: Families { v4: true, v6: true }, addresses: true, order: Order::Stable };

    async fn of(zone: &Zone, domain: &str) -> Route {
        route(zone, &DomainName::parse(domain).unwrap(), &STABLE).await
    }

    fn name(text: &str) -> DomainName {
        DomainName::parse(text).unwrap()
    }

    fn exchanges(route: &Route) -> Vec<&str> {
        route.hosts.iter().map(|host| host.exchange.as_str()).collect()
    }

    #[tokio::test]
    async fn hosts_come_by_preference_with_their_addresses() {
        let zone = Zone::new()
            .mx("two.example", 20, "mx2.two.example")
            .mx("two.example", 10, "mx1.two.example")
            .a("mx1.two.example", "192.0.2.61")
            .a("mx1.two.example", "2001:db8:2::61")
            .a("mx2.two.example", "192.0.2.62");
        let route = of(&zone, "two.example").await;
        assert_eq!(exchanges(&route), ["mx1.two.example", "mx2.two.example"]);
        assert_eq!(
            route.hosts[0].addresses,
            Some(vec!["192.0.2.61".parse().unwrap(), "2001:db8:2::61".parse().unwrap()])
        );
        assert_eq!((route.verdict, route.findings), (Ok(()), vec![]));
    }

    #[tokio::test]
    async fn equal_preference_is_shuffled_by_the_seed_and_never_beyond_it() {
        let mut zone = Zone::new().mx("x.example", 5, "first.example");
        for n in 0..8 {
            zone = zone.mx("x.example", 10, &format!("mx{n}.example"));
        }
        let mut orders = HashSet::new();
        for seed in 0..20 {
            let options = RouteOptions { addresses: false, order: Order::Shuffled(seed), ..STABLE };
            let route = route(&zone, &name("x.example"), &options).await;
            assert_eq!(route.hosts[0].exchange, name("first.example"));
            orders.insert(route.hosts);
        }
        assert!(orders.len() > 10);
    }

    #[tokio::test]
    async fn without_mx_the_domains_own_address_counts() {
        let zone = Zone::new().a("www.port25.com", "69.63.149.38");
        let route = of(&zone, "www.port25.com").await;
        assert!(route.implicit);
        assert_eq!(exchanges(&route), ["www.port25.com"]);
        assert_eq!(route.findings, [Finding::ImplicitMx]);
    }

    #[tokio::test]
    async fn neither_mx_nor_address_is_no_data() {
        let zone = Zone::new().exists("empty.example");
        let verdict = of(&zone, "empty.example").await.verdict;
        assert!(matches!(verdict, Err(RouteError::Lookup { error, .. }) if error.problem == Problem::NoData));
    }

    #[tokio::test]
    async fn a_temporary_error_at_the_mx_never_becomes_an_implicit_mx() {
        for problem in [Problem::ServFail, Problem::Timeout, Problem::Refused, Problem::BadAnswer] {
            let zone =
                Zone::new().a("broken.example", "192.0.2.1").fails("broken.example", Kind::Mx, problem);
            let route = of(&zone, "broken.example").await;
            assert!(route.hosts.is_empty() && !route.implicit, "{problem:?}");
            assert!(
                matches!(route.verdict, Err(RouteError::Lookup { error, .. }) if error.problem == problem)
            );
        }
    }

    #[tokio::test]
    async fn a_null_mx_is_an_answer_and_beside_others_a_finding() {
        let alone = of(&Zone::new().mx("example.com", 0, "."), "example.com").await;
        assert_eq!((alone.null_mx, &alone.verdict), (true, &Err(RouteError::NullMx)));
        assert_eq!(alone.hosts[0].addresses, Some(vec![]));
        let zone = Zone::new()
            .mx("m.example", 0, ".")
            .mx("m.example", 10, "mx.m.example")
            .a("mx.m.example", "192.0.2.1");
        let mixed = of(&zone, "m.example").await;
        assert_eq!((exchanges(&mixed), mixed.null_mx), (vec!["mx.m.example"], false));
        assert_eq!(mixed.findings, [Finding::NullMxMixed]);
    }

    #[tokio::test]
    async fn one_broken_exchange_does_not_spoil_the_others() {
        let zone = Zone::new()
            .mx("d.example", 10, "mx1.example")
            .mx("d.example", 20, "gone.example")
            .mx("d.example", 30, "dead.example")
            .mx("d.example", 40, "broken.example")
            .a("mx1.example", "192.0.2.25")
            .exists("dead.example")
            .fails("broken.example", Kind::A, Problem::ServFail)
            .fails("broken.example", Kind::Aaaa, Problem::ServFail);
        let route = of(&zone, "d.example").await;
        assert_eq!(route.verdict, Ok(()));
        let addresses: Vec<Option<usize>> =
            route.hosts.iter().map(|h| h.addresses.as_ref().map(Vec::len)).collect();
        assert_eq!(addresses, [Some(1), Some(0), Some(0), None]);
        let problems: Vec<String> = route
            .findings
            .iter()
            .map(|finding| match finding {
                Finding::MxLookup(host, error, _) => format!("{host} {:?}", error.problem),
                Finding::MxNoAddress(host) => format!("{host} none"),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(problems, ["gone.example NxDomain", "dead.example none", "broken.example ServFail"]);
    }

    #[tokio::test]
    async fn no_exchange_with_an_address_is_a_failure_unless_one_could_not_be_asked() {
        let zone = Zone::new().mx("p.example", 10, "mail.p.example").exists("mail.p.example");
        assert_eq!(of(&zone, "p.example").await.verdict, Err(RouteError::NoAddress));
        let zone =
            zone.mx("p.example", 20, "mx2.p.example").fails("mx2.p.example", Kind::A, Problem::Timeout);
        let verdict = of(&zone, "p.example").await.verdict;
        assert!(
            matches!(verdict, Err(RouteError::Lookup { error, of: Asked::Exchange(host, _) }) if error.problem == Problem::Timeout && host == name("mx2.p.example"))
        );
    }

    #[tokio::test]
    async fn odd_exchanges_are_found() {
        let zone = Zone::new()
            .mx("odd.example", 10, "alias.example")
            .mx("odd.example", 20, "192.0.2.7")
            .mx("odd.example", 30, "mailhost")
            .mx("odd.example", 40, "localhost")
            .mx("odd.example", 50, "alias.example")
            .mx("odd.example", 60, "inside.example")
            .cname("alias.example", "real.example")
            .a("real.example", "192.0.2.1")
            .a("mailhost", "192.0.2.2")
            .a("localhost", "127.0.0.1")
            .a("inside.example", "10.0.0.1");
        let route = of(&zone, "odd.example").await;
        let found = |finding| route.findings.contains(&finding);
        assert!(found(Finding::MxCname(name("alias.example"))));
        assert!(found(Finding::MxIpLiteral(name("192.0.2.7"))));
        assert!(found(Finding::MxSingleLabel(name("mailhost"))));
        assert!(found(Finding::MxLocalhost(name("localhost"))));
        assert!(found(Finding::MxDuplicate(name("alias.example"))));
        assert!(found(Finding::MxNonPublic(name("inside.example"), "10.0.0.1".parse().unwrap())));
        assert_eq!(route.hosts.len(), 5);
        assert_eq!(route.hosts[0].cname, [name("real.example")]);
    }

    #[tokio::test]
    async fn an_alias_of_the_domain_is_followed() {
        let zone = Zone::new()
            .cname("www.example", "real.example")
            .mx("real.example", 10, "mx.example")
            .a("mx.example", "192.0.2.1")
            .cname("lost.example", "nowhere.example")
            .cname("loop1.example", "loop2.example")
            .cname("loop2.example", "loop1.example");
        let route = of(&zone, "www.example").await;
        assert_eq!(exchanges(&route), ["mx.example"]);
        assert_eq!(route.cname, [name("real.example")]);
        let problem = async |domain: &str| match of(&zone, domain).await.verdict {
            Err(RouteError::Lookup { error, .. }) => error.problem,
            other => panic!("{other:?}"),
        };
        assert_eq!(problem("lost.example").await, Problem::NxDomain);
        assert_eq!(problem("loop1.example").await, Problem::CnameLoop);
    }
}
