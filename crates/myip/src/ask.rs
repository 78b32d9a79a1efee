//! Asking one source.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use dns_core::Hosts;
use dns_core::http::{HttpUrl, Request, Trust};
use dns_core::net::{Bounded, Resolver};
use dns_core::{
    Addresses, Data, DomainName, Families, HttpError, Location, Lookup, LookupError, Problem, ResolverConfig,
    Server, addresses,
};
use tool_core::Code;
use tool_core::record::{Error, FamilyWord};

use crate::via::{DnsVia, Place, Via};
use crate::{answer, local, stun};

/// What a source came to.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) via: String,
    pub(crate) scheme: &'static str,
    /// See [`Via::is_witness`].
    pub(crate) is_witness: bool,
    pub(crate) answer: Result<IpAddr, Error>,
    /// The address that the question left from.
    pub(crate) local: Option<IpAddr>,
    pub(crate) took: Duration,
}

impl Asked {
    /// The address that was named, if it can be taken.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        self.answer.as_ref().ok().copied()
    }
}

/// What all sources of a family are asked with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) v6: bool,
    pub(crate) allow_private: bool,
    pub(crate) resolver: &'a Resolver,
    pub(crate) trust: &'a Trust,
    pub(crate) connect_timeout: Duration,
    pub(crate) deadline: Instant,
    pub(crate) limit: Duration,
}

/// Why the server of a source has no address.
enum Nowhere {
    /// There is none.
    Absent(String),
    /// It could not be found out.
    Failed(Error),
}

impl Asker<'_> {
    pub(crate) async fn ask(&self, via: &Via) -> Asked {
        let begun = Instant::now();
        let mut local = None;
        let said = match via {
            Via::Http(url) => self.fetch(url, &mut local).await,
            Via::Dns(dns) => self.query(dns, &mut local).await,
            Via::Stun(place) => self.stun(place, &mut local).await,
            Via::Interface => {
                local = local::outwards(self.v6);
                local.ok_or_else(|| {
                    let message = format!("no route leads out over {}", self.family());
                    Error::new(Code::NetNoRoute, "sources", message)
                })
            }
        };
        let answer = said.and_then(|ip| answer::admit(ip, self.v6, self.allow_private));
        Asked {
            via: via.shown(self.v6),
            scheme: via.scheme(),
            is_witness: via.is_witness(),
            answer,
            local,
            took: begun.elapsed(),
        }
    }

    async fn fetch(&self, url: &HttpUrl, local: &mut Option<IpAddr>) -> Result<IpAddr, Error> {
        let unreachable = |cause: &str| Error::http(&HttpError::Unreachable(cause.to_owned()));
        let host = url.host().ok_or_else(|| unreachable("the URL names no server"))?;
        let addresses = self.locate(&host).await.map_err(|nowhere| match nowhere {
            Nowhere::Absent(cause) => unreachable(&cause),
            Nowhere::Failed(error) => error,
        })?;
        *local = addresses.first().and_then(|ip| local::towards(SocketAddr::new(*ip, url.port())));
        let request = Request {
            url,
            addresses: &addresses,
            trust: url.is_secure().then_some(self.trust),
            connect_timeout: self.connect_timeout,
            deadline: self.deadline,
            limit: self.limit,
        };
        let body = request.fetch().await.map_err(|error| Error::http(&error))?;
        answer::read(&body)
            .ok_or_else(|| Error::new(Code::HttpBadBody, "http", "the body is not exactly one address"))
    }

    async fn query(&self, dns: &DnsVia, local: &mut Option<IpAddr>) -> Result<IpAddr, Error> {
        let servers = self.servers(&dns.place, Code::DnsResolverUnreachable).await?;
        *local = servers.first().and_then(|server| local::towards(*server));
        let servers = servers.into_iter().map(Server::udp).collect();
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

    async fn stun(&self, place: &Place, local: &mut Option<IpAddr>) -> Result<IpAddr, Error> {
        let mut failure = None;
        for server in self.servers(place, Code::StunUnreachable).await? {
            *local = local::towards(server);
            match stun::ask(server, self.deadline).await {
                Ok(ip) => return Ok(ip),
                Err(stun::Failure::Unreachable(error)) => failure = Some(stun::Failure::Unreachable(error)),
                Err(other) => return Err(self.stun_error(&other)),
            }
        }
        Err(failure.map_or_else(
            || Error::new(Code::StunUnreachable, "sources", "the server has no address"),
            |failure| self.stun_error(&failure),
        ))
    }

    fn stun_error(&self, failure: &stun::Failure) -> Error {
        let (code, message) = match failure {
            stun::Failure::Unreachable(error) => {
                (Code::StunUnreachable, format!("no way to it: {}", error.kind()))
            }
            stun::Failure::Silence => {
                let error = Error::new(
                    Code::StunTimeout,
                    "sources",
                    format!("no answer within {} ms", self.limit.as_millis()),
                );
                return Error { limit: Some(self.limit), ..error };
            }
            stun::Failure::BadAnswer => {
                (Code::StunBadAnswer, "what came is no answer to the question".to_owned())
            }
            stun::Failure::Refused(code) => (Code::StunError, format!("answered with error {code}")),
        };
        Error::new(code, "sources", message)
    }

    /// Where a server is asked; that it has no address of this family is the error `absent`.
    async fn servers(&self, place: &Place, absent: Code) -> Result<Vec<SocketAddr>, Error> {
        /// Addresses of one server beyond these are not tried.
        const MOST_ADDRESSES: usize = 2;
        let addresses = self.locate(&place.server).await.map_err(|nowhere| match nowhere {
            Nowhere::Absent(cause) => Error::new(absent, "sources", cause),
            Nowhere::Failed(error) => error,
        })?;
        Ok(addresses.iter().take(MOST_ADDRESSES).map(|ip| SocketAddr::new(*ip, place.port)).collect())
    }

    /// The addresses of a source's server, of this family only; at least one.
    async fn locate(&self, location: &Location) -> Result<Vec<IpAddr>, Nowhere> {
        let absent = || Nowhere::Absent(format!("the server has no {} address", self.family()));
        let name = match location {
            Location::Address(ip) if ip.is_ipv6() == self.v6 => return Ok(vec![*ip]),
            Location::Address(_) => return Err(absent()),
            Location::Name(name) => name,
        };
        let mut known = Hosts::system().addresses(name);
        known.retain(|ip| ip.is_ipv6() == self.v6);
        if !known.is_empty() {
            return Ok(known);
        }
        let lookup = Bounded::new(self.resolver, self.deadline, self.limit);
        let families = Families { v4: !self.v6, v6: self.v6 };
        let Addresses { found, failed, .. } = addresses(&lookup, name, families).await;
        match failed {
            _ if !found.is_empty() => Ok(found),
            Some(error) if error.problem.is_temporary() => Err(Nowhere::Failed(lookup_error(&error, name))),
            Some(error) if error.problem == Problem::NxDomain => {
                Err(Nowhere::Absent(format!("{name} does not exist")))
            }
            _ => Err(absent()),
        }
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
