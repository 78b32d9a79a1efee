//! From the hosts of an input to the addresses that are probed.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dns_core::address::{Scope, scope};
use dns_core::{AT_ONCE, Addresses, DomainName, Families, Hosts, Lookup, LookupError, Problem, addresses};
use futures_util::stream::{self, StreamExt};
use serde_json::value::RawValue;
use smtp_core::proto::{Endpoint, Policy};

use super::input::{Host, Named, Origin, host_of, read_literal, read_object, read_word};
use super::policy::OfDomain;
use crate::Code;
use crate::jsonl::{Body, Object};
use crate::record::{Error, Finding, Head, HostRecord, PtrRecord, non_public};

/// How addresses are chosen.
#[derive(Debug, Clone)]
pub struct TargetOptions {
    /// Ports of the command line, which count before a record's.
    pub ports: Option<Vec<u16>>,
    /// Ports of the environment, or the default, which count after it.
    pub default_ports: Vec<u16>,
    /// The families asked for.
    pub families: Families,
    /// Whether a family was named (`-4`, `-6`).
    pub family_named: bool,
    /// Whether addresses of this machine or link out of a DNS MX are used.
    pub allow_private: bool,
}

/// An address to probe, or why a host has none.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// What the record of it is about.
    pub head: Head,
    /// Where to connect, or what stands in the way.
    pub target: Result<Endpoint, Error>,
    /// The names of the address, if the record brought them.
    pub known_ptr: Option<PtrRecord>,
    /// What is known of its certificate.
    pub policy: Arc<Policy>,
    /// Keys of the host out of a list that was taken apart, as they came.
    pub carried: Vec<(String, Box<RawValue>)>,
    /// What is odd about it.
    pub findings: Vec<Finding>,
    /// How long the lookup of the host took, if there was one.
    pub dns_took: Option<Duration>,
}

impl Candidate {
    /// Whether the record brought what its certificate is held against, or why it is not used.
    pub fn has_demands(&self) -> bool {
        let is_refused = self.target.as_ref().is_err_and(|error| error.code == Code::TlsDnssecInvalid);
        self.policy.dane.is_some() || is_refused
    }

    /// The name to ask a server for and to verify, or its address.
    pub fn server_name(&self) -> String {
        match (&self.target, &self.head.host) {
            // Who is reached by a path is this machine.
            (Ok(Endpoint::Unix(_)), _) => "localhost".to_owned(),
            (_, Some(host)) => host.trim_matches(['[', ']']).to_owned(),
            (Ok(Endpoint::Tcp(to)), None) => to.ip().to_string(),
            (Err(_), None) => String::new(),
        }
    }
}

/// The candidates of an input, and the keys of the record that they take apart.
pub type Planned = (Vec<Candidate>, &'static [&'static str]);

/// Finds the addresses of an input.
pub async fn candidates(
    input: &Body,
    options: &TargetOptions,
    lookup: &impl Lookup,
) -> Result<Planned, (Head, Error)> {
    let head = Head::of(input);
    let read = match input {
        Body::Word(word) => read_word(word),
        Body::Object(object) => read_object(object),
        Body::Broken { error, .. } => Err(error.clone()),
        Body::Job => Err(Error::unusable("there is no target")),
    };
    let Named { hosts, port, consumed } = read.map_err(|error| (head.clone(), error))?;
    let ports = match (port, input) {
        // A port beside a typed name is the most particular; a record's gives way to the command line.
        (Some(port), Body::Word(_)) => vec![port],
        (Some(port), _) => options.ports.clone().unwrap_or_else(|| vec![port]),
        (None, _) => options.ports.as_ref().unwrap_or(&options.default_ports).clone(),
    };
    let candidates = all_candidates(hosts, &head, &ports, options, lookup).await;
    Ok((candidates, consumed))
}

/// The addresses of a route that was looked up for a record. A policy counts that the record has for the same domain.
///
/// # Errors
/// `input.unusable`: that policy cannot be read.
pub async fn route_candidates(
    mx: Vec<HostRecord>,
    record: &Object,
    head: &Head,
    options: &TargetOptions,
    lookup: &impl Lookup,
) -> Result<Vec<Candidate>, Error> {
    let ports = options.ports.as_ref().unwrap_or(&options.default_ports);
    let of_domain = OfDomain::read_for(record, head.domain.as_deref())?;
    let hosts = mx.into_iter().map(|element| {
        let host = host_of(element);
        let brought = of_domain.host(&Object::default(), host.name.as_deref())?;
        Ok(Host { brought, ..host })
    });
    let hosts = hosts.collect::<Result<_, Error>>()?;
    Ok(all_candidates(hosts, head, ports, options, lookup).await)
}

async fn all_candidates(
    hosts: Vec<Host>,
    head: &Head,
    ports: &[u16],
    options: &TargetOptions,
    lookup: &impl Lookup,
) -> Vec<Candidate> {
    let found = hosts.into_iter().map(|host| {
        let head = Head { host: host.name.clone(), preference: host.preference, ..head.clone() };
        candidates_of(host, head, ports, options, lookup)
    });
    // A record can name thousands of hosts; they are not all asked for at once.
    let found: Vec<Vec<Candidate>> = stream::iter(found).buffered(AT_ONCE).collect().await;
    let mut candidates: Vec<Candidate> = found.into_iter().flatten().collect();
    leave_out_unroutable(&mut candidates, options);
    candidates
}

async fn candidates_of(
    host: Host,
    head: Head,
    ports: &[u16],
    options: &TargetOptions,
    lookup: &impl Lookup,
) -> Vec<Candidate> {
    let hopeless = |error: Error, dns_took| {
        let (head, policy, carried) = (head.clone(), host.brought.policy.clone(), host.carried.clone());
        let (target, known_ptr, findings) = (Err(error), None, Vec::new());
        vec![Candidate { head, target, known_ptr, policy, carried, findings, dns_took }]
    };
    if let Some(error) = &host.problem {
        return hopeless(error.clone(), None);
    }
    if host.origin == Origin::Mx
        && let Some(error) = unfit_exchange(host.name.as_deref().unwrap_or_default(), options.allow_private)
    {
        return hopeless(error, None);
    }
    // It needs no address then.
    if let (Some(error), None) = (&host.brought.refusal, &host.addresses) {
        return hopeless(error.clone(), None);
    }
    if let Some(path) = &host.socket {
        let target = host.brought.refusal.clone().map_or(Ok(Endpoint::Unix(path.clone())), Err);
        let (policy, carried) = (host.brought.policy.clone(), host.carried.clone());
        let (known_ptr, findings, dns_took) = (None, Vec::new(), None);
        return vec![Candidate { head, target, known_ptr, policy, carried, findings, dns_took }];
    }
    let mut findings = Vec::new();
    let mut dns_took = None;
    let addresses = match (&host.addresses, &host.name) {
        (Some(addresses), _) => addresses.clone(),
        (None, Some(name)) => {
            let begun = Instant::now();
            let found = find_addresses(name, host.origin, options, lookup).await;
            dns_took = Some(begun.elapsed());
            match found {
                Ok((addresses, partly)) => {
                    findings.extend(partly);
                    addresses
                }
                Err(mut error) => {
                    // Only one family was asked for.
                    let one = if options.families.v4 { "IPv4" } else { "IPv6" };
                    if error.code == Code::DnsNodata && options.families.v4 != options.families.v6 {
                        error.message = format!("the host has no {one} address");
                    }
                    return hopeless(error, dns_took);
                }
            }
        }
        (None, None) => Vec::new(),
    };
    let fitting: Vec<IpAddr> = addresses.iter().copied().filter(|ip| fits(*ip, options.families)).collect();
    if fitting.is_empty() {
        return hopeless(without_address(&host, &addresses, options.families), dns_took);
    }
    let mut candidates = Vec::new();
    for ip in fitting {
        for &port in ports {
            let (target, scope_finding) = admit(ip, port, &host, options.allow_private);
            let target = host.brought.refusal.clone().map_or(target, Err);
            let known_ptr = host.ptr.iter().find(|known| known.ip == ip).cloned();
            candidates.push(Candidate {
                head: Head { ip: Some(ip.to_string()), port: Some(port), ..head.clone() },
                target,
                known_ptr,
                policy: host.brought.policy.clone(),
                carried: host.carried.clone(),
                findings: findings.iter().cloned().chain(scope_finding).collect(),
                dns_took,
            });
        }
    }
    candidates
}

/// An exchange that is never connected to, whatever addresses it has.
fn unfit_exchange(name: &str, allow_private: bool) -> Option<Error> {
    if name == "." {
        let message = "the domain declares that it takes no mail (null MX)";
        return Some(Error::new(Code::DnsNullMx, "dns", message));
    }
    if read_literal(name.trim_matches(['[', ']'])).is_some() {
        let message = "the exchange is an address where a name belongs: no sender connects to it";
        return Some(Error::new(Code::DnsMxIpLiteral, "dns", message));
    }
    let localhost = DomainName::parse(name).is_ok_and(|name| name.is_localhost());
    (localhost && !allow_private).then(|| {
        let message =
            "the exchange is localhost: what answers there is this machine, not the domain's server";
        Error::new(Code::DnsMxLocalhost, "dns", message)
    })
}

/// Loopback and its like out of a DNS MX are this machine, not the server that is meant.
fn admit(
    ip: IpAddr,
    port: u16,
    host: &Host,
    allow_private: bool,
) -> (Result<Endpoint, Error>, Option<Finding>) {
    let target = Endpoint::Tcp(SocketAddr::new(ip, port));
    match (host.origin, scope(ip)) {
        (Origin::Typed, _) | (_, Scope::Public) => (Ok(target), None),
        (Origin::Mx, Scope::Local) if !allow_private => {
            let message =
                format!("the MX leads to {ip}, which is this machine or link, not the domain's server");
            let error = Error::new(Code::DnsMxNonPublic, "dns", message);
            (Err(error.with_hint("--allow-private connects all the same")), None)
        }
        (Origin::Mx, _) => (Ok(target), Some(Finding { host: host.name.clone(), ..non_public(ip) })),
    }
}

/// /etc/hosts first for a name that a person typed, never for one out of the DNS.
async fn find_addresses(
    name: &str,
    origin: Origin,
    options: &TargetOptions,
    lookup: &impl Lookup,
) -> Result<(Vec<IpAddr>, Option<Finding>), Error> {
    let name =
        DomainName::parse(name).map_err(|error| Error::unusable(format!("the host is no name: {error}")))?;
    if origin == Origin::Typed {
        let local = Hosts::system().addresses(&name);
        if !local.is_empty() {
            return Ok((local, None));
        }
    }
    let Addresses { found, failed, .. } = addresses(lookup, &name, options.families).await;
    match failed {
        Some(error) if found.is_empty() => Err(lookup_error(&error, origin)),
        Some(error) => {
            let mapped = lookup_error(&error, origin);
            let finding = Finding::new(mapped.code, "only a part of the addresses could be looked up");
            Ok((found, Some(Finding { ede: mapped.ede, ..finding }.host(&name))))
        }
        None => Ok((found, None)),
    }
}

fn lookup_error(error: &LookupError, origin: Origin) -> Error {
    let mut mapped = Error::lookup(error, "the addresses of the host");
    match (error.problem, origin) {
        (Problem::NxDomain, _) => mapped.message = "the host does not exist".to_owned(),
        (Problem::NoData, Origin::Mx) => {
            mapped.code = Code::DnsMxNoAddress;
            mapped.message = "the exchange has neither an A nor an AAAA record".to_owned();
        }
        (Problem::NoData, Origin::Typed) => {
            mapped.message = "the host has neither an A nor an AAAA record".to_owned();
            mapped.hint = Some("a domain is not a server: mxlookup DOMAIN | smtp-ping".to_owned());
        }
        _ => {}
    }
    mapped
}

fn without_address(host: &Host, addresses: &[IpAddr], families: Families) -> Error {
    let family = if families.v6 { "IPv6" } else { "IPv4" };
    match (host.origin, addresses.is_empty(), &host.name) {
        (Origin::Mx, true, _) => {
            Error::new(Code::DnsMxNoAddress, "dns", "the exchange has neither an A nor an AAAA record")
        }
        (Origin::Mx, false, _) => {
            Error::new(Code::DnsMxNoAddress, "dns", format!("the exchange has no {family} address"))
        }
        (Origin::Typed, false, None) => Error::unusable(format!("the target is not an {family} address")),
        (Origin::Typed, ..) => {
            Error::new(Code::DnsNodata, "dns", format!("the host has no {family} address"))
        }
    }
}

fn fits(ip: IpAddr, families: Families) -> bool {
    if ip.is_ipv4() { families.v4 } else { families.v6 }
}

/// A family without a route is left out, unless it was asked for or nothing else is left.
fn leave_out_unroutable(candidates: &mut Vec<Candidate>, options: &TargetOptions) {
    let address = |candidate: &Candidate| candidate.target.as_ref().ok().and_then(Endpoint::tcp);
    let is_v4 = |candidate: &Candidate| address(candidate).is_some_and(|to| to.is_ipv4());
    if options.family_named || !candidates.iter().any(is_v4) {
        return;
    }
    let unroutable =
        |candidate: &Candidate| address(candidate).is_some_and(|to| to.is_ipv6() && !has_route(to));
    let before = candidates.len();
    candidates.retain(|candidate| !unroutable(candidate));
    if candidates.len() < before {
        for candidate in candidates.iter_mut().filter(|candidate| candidate.target.is_ok()) {
            let message = "this machine has no route for IPv6: those addresses were left out";
            candidate.findings.push(Finding::new(Code::NetNoIpv6, message));
        }
    }
}

/// Whether the system would know where to send a packet for this address; none is sent.
fn has_route(target: SocketAddr) -> bool {
    UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).and_then(|socket| socket.connect(target)).is_ok()
}
