//! Asking one source.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use dns_core::http::{HttpUrl, Request, Trust};
use dns_core::net::{Bounded, Hosts, Resolver};
use dns_core::{
    Data, DomainName, Families, HttpError, Location, Lookup, LookupError, Problem, Protocol, ResolverConfig,
    Server, addresses,
};
use tokio::sync::OnceCell;
use tool_core::Code;
use tool_core::record::{Error, FamilyWord};

use crate::via::{DnsVia, Via};
use crate::{answer, local};

/// What a source came to.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) via: String,
    pub(crate) scheme: &'static str,
    pub(crate) answer: Result<IpAddr, Error>,
    /// The address that the question left from.
    pub(crate) local: Option<IpAddr>,
    pub(crate) took: Duration,
}

/// What all sources of a family are asked with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) v6: bool,
    pub(crate) allow_private: bool,
    pub(crate) resolver: &'a Resolver,
    pub(crate) trust: &'a OnceCell<Trust>,
    pub(crate) connect_timeout: Duration,
    pub(crate) deadline: Instant,
    pub(crate) limit: Duration,
}

impl Asker<'_> {
    pub(crate) async fn ask(&self, via: &Via) -> Asked {
        let begun = Instant::now();
        let mut local = None;
        let said = match via {
            Via::Http(url) => self.fetch(url, &mut local).await,
            Via::Dns(dns) => self.query(dns, &mut local).await,
            Via::Interface => {
                local = local::outwards(self.v6);
                local.ok_or_else(|| {
                    let message = format!("no route leads out over {}", self.family());
                    Error::new(Code::NetNoRoute, "sources", message)
                })
            }
        };
        let answer = said.and_then(|ip| answer::admit(ip, self.v6, self.allow_private));
        Asked { via: via.shown(self.v6), scheme: via.scheme(), answer, local, took: begun.elapsed() }
    }

    async fn fetch(&self, url: &HttpUrl, local: &mut Option<IpAddr>) -> Result<IpAddr, Error> {
        let addresses = match url.host() {
            Some(host) => self.locate(&host).await?,
            None => Vec::new(),
        };
        let Some(first) = addresses.first() else {
            let cause = format!("the server has no {} address", self.family());
            return Err(Error::http(&HttpError::Unreachable(cause)));
        };
        *local = local::towards(SocketAddr::new(*first, url.port()));
        let request = Request {
            url,
            addresses: &addresses,
            trust: if url.is_secure() { Some(self.trust().await) } else { None },
            connect_timeout: self.connect_timeout,
            deadline: self.deadline,
            limit: self.limit,
        };
        let body = request.fetch().await.map_err(|error| Error::http(&error))?;
        answer::read(&body)
            .ok_or_else(|| Error::new(Code::HttpBadBody, "http", "the body is not exactly one address"))
    }

    async fn query(&self, dns: &DnsVia, local: &mut Option<IpAddr>) -> Result<IpAddr, Error> {
        /// Addresses of one server beyond these are not tried.
        const MOST_ADDRESSES: usize = 2;
        let addresses = self.locate(&dns.server).await?;
        let servers: Vec<Server> = addresses
            .iter()
            .take(MOST_ADDRESSES)
            .map(|ip| Server { protocol: Protocol::Udp, addr: SocketAddr::new(*ip, dns.port) })
            .collect();
        let Some(first) = servers.first() else {
            let message = format!("the server has no {} address", self.family());
            return Err(Error::new(Code::DnsResolverUnreachable, "dns", message));
        };
        *local = local::towards(first.addr);
        let resolver = Resolver::new(&ResolverConfig::new(servers));
        let kind = dns.kind(self.v6);
        let lookup = Bounded::new(&resolver, self.deadline, self.limit);
        let answer = lookup.lookup(&dns.name, kind).await.map_err(|error| lookup_error(&error, &dns.name))?;
        let one = match answer.records.as_slice() {
            [only] => match &only.data {
                Data::A(v4) => Some(IpAddr::V4(*v4)),
                Data::Aaaa(v6) => Some(IpAddr::V6(*v6).to_canonical()),
                Data::Txt(text) => answer::read(text),
                _ => None,
            },
            _ => None,
        };
        one.ok_or_else(|| Error::new(Code::DnsBadAnswer, "dns", "the answer is not exactly one address"))
    }

    /// The addresses of a source's server, of this family only.
    async fn locate(&self, location: &Location) -> Result<Vec<IpAddr>, Error> {
        let of_family = |found: Vec<IpAddr>| found.into_iter().filter(|ip| ip.is_ipv6() == self.v6).collect();
        let name = match location {
            Location::Address(ip) => return Ok(of_family(vec![*ip])),
            Location::Name(name) => name,
        };
        let known: Vec<IpAddr> = of_family(Hosts::system().addresses(name));
        if !known.is_empty() {
            return Ok(known);
        }
        let lookup = Bounded::new(self.resolver, self.deadline, self.limit);
        let families = Families { v4: !self.v6, v6: self.v6 };
        let (found, _, failed) = addresses(&lookup, name, families).await;
        match failed.filter(|error| found.is_empty() && error.problem.is_temporary()) {
            Some(error) => Err(lookup_error(&error, name)),
            None => Ok(found),
        }
    }

    /// The roots are read once, beside the other sources, and only for HTTPS.
    async fn trust(&self) -> &Trust {
        let load = async || match tokio::task::spawn_blocking(Trust::system).await {
            Ok(trust) => trust,
            Err(_) => Trust::nobody(),
        };
        self.trust.get_or_init(load).await
    }

    fn family(&self) -> &'static str {
        if self.v6 { FamilyWord::Ipv6.as_str() } else { FamilyWord::Ipv4.as_str() }
    }
}

fn lookup_error(error: &LookupError, name: &DomainName) -> Error {
    let mapped = Error::lookup(error, &name.to_string());
    match error.problem {
        Problem::NxDomain => Error { message: format!("{name} does not exist there"), ..mapped },
        Problem::NoData => Error { message: format!("{name} has no record of this type there"), ..mapped },
        _ => mapped,
    }
}
