//! Where mail goes, as records say it, and reading that back.

use std::net::IpAddr;

use dns_core::{
    Asked, Families, Finding as RouteFinding, Host, Iprev, Kind, Problem, Reverse, Route, RouteError,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DnssecWord, Error, Finding, IprevWord, TlsaErrorRecord, TlsaRecord, non_public};
use crate::Code;

/// A host of a route: an element of `mx`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HostRecord {
    /// Lower is tried first.
    pub preference: Option<u16>,
    /// The host; `.` in a null MX.
    pub exchange: String,
    /// Its addresses: empty if it has none, absent if not asked for or not to be found out now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Vec<IpAddr>>,
    /// Time to live of the MX record in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u32>,
    /// The aliases of the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cname: Option<Vec<String>>,
    /// What DNSSEC says of the addresses; absent unless somebody trustworthy said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dnssec: Option<DnssecWord>,
    /// The TLSA records of its port 25; empty if there is none, absent if not asked for, not to be found out now, or not
    /// secure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tlsa: Option<Vec<TlsaRecord>>,
    /// The name that has them, if it is not the exchange (RFC 7672 section 2.2.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tlsa_base: Option<String>,
    /// Why they could not be found out: then the host is not used (RFC 7672 section 2.1.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tlsa_error: Option<TlsaErrorRecord>,
    /// The names of its addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ptr: Option<Vec<PtrRecord>>,
}

/// The names of an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PtrRecord {
    /// The address.
    pub ip: IpAddr,
    /// Its names; absent if they could not be found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// Whether one leads back.
    pub iprev: IprevWord,
}

impl PtrRecord {
    /// From what was looked up.
    pub fn new(ip: IpAddr, reverse: &Reverse) -> Self {
        let names = reverse.names.as_ref().map(|names| names.iter().map(ToString::to_string).collect());
        Self { ip, names, iprev: reverse.iprev.into() }
    }
}

impl HostRecord {
    /// From what was looked up.
    pub fn new(host: &Host) -> Self {
        let cname: Vec<String> = host.cname.iter().map(ToString::to_string).collect();
        Self {
            preference: Some(host.preference),
            exchange: host.exchange.to_string(),
            addresses: host.addresses.clone(),
            ttl: host.ttl,
            cname: (!cname.is_empty()).then_some(cname),
            dnssec: host.security.map(DnssecWord::from),
            ..Self::default()
        }
    }
}

/// Why a route has no host to go to, if it has none.
pub fn route_error(route: &Route, domain: &str) -> Option<Error> {
    let word = family(route.families);
    Some(match route.verdict.as_ref().err()? {
        RouteError::NullMx => {
            Error::new(Code::DnsNullMx, "dns", "the domain declares that it takes no mail (null MX)")
        }
        RouteError::NoAddress => {
            let message = format!("no exchange of the domain has an {word}address");
            Error::new(Code::DnsMxNoAddress, "dns", message)
        }
        RouteError::Lookup { error, of } => {
            let asked = match of {
                Asked::Mx => "the MX of the domain".to_owned(),
                Asked::Domain(kinds) => {
                    format!("the {}address of the domain, which has no MX", family(kinds_of(kinds)))
                }
                Asked::Exchange(host, kinds) => {
                    let word = family(kinds_of(kinds));
                    format!("the {word}addresses of {host}, and no other exchange has one")
                }
            };
            let mapped = Error::lookup(error, &asked);
            match error.problem {
                Problem::NoData if !word.is_empty() => {
                    Error { message: format!("the domain has neither an MX nor an {word}address"), ..mapped }
                }
                Problem::ServFail | Problem::Refused | Problem::Timeout | Problem::BadAnswer => mapped
                    .with_hint(format!("compare with another resolver: mxlookup --dns 9.9.9.9 {domain}")),
                Problem::Bogus => mapped.with_hint(format!(
                    "compare with another resolver: mxlookup --dnssec --dns 9.9.9.9 {domain}; check this machine's clock"
                )),
                Problem::Unreachable => {
                    mapped.with_hint("check the servers in /etc/resolv.conf, or name one with --dns")
                }
                _ => mapped,
            }
        }
    })
}

/// The family that alone is meant, before another word.
fn family(families: Families) -> &'static str {
    match families {
        Families { v4: true, v6: false } => "IPv4 ",
        Families { v4: false, v6: true } => "IPv6 ",
        _ => "",
    }
}

fn kinds_of(kinds: &[Kind]) -> Families {
    Families { v4: kinds.contains(&Kind::A), v6: kinds.contains(&Kind::Aaaa) }
}

/// The findings of a route.
pub fn route_findings(route: &Route) -> Vec<Finding> {
    route.findings.iter().map(|found| finding(found, route)).collect()
}

fn finding(finding: &RouteFinding, route: &Route) -> Finding {
    match finding {
        RouteFinding::ImplicitMx => {
            Finding::new(Code::DnsImplicitMx, "no MX record: mail goes to the address of the domain itself")
        }
        RouteFinding::NullMxMixed => Finding::new(
            Code::DnsNullMxMixed,
            "a null MX stands beside others, which RFC 7505 section 3 forbids",
        ),
        RouteFinding::MxCname(host) => {
            Finding::new(Code::DnsMxCname, "the exchange is an alias, which RFC 2181 section 10.3 forbids")
                .host(host)
        }
        RouteFinding::MxIpLiteral(host) => {
            Finding::new(Code::DnsMxIpLiteral, "the exchange is an address where a name belongs").host(host)
        }
        RouteFinding::MxSingleLabel(host) => {
            Finding::new(Code::DnsMxSingleLabel, "the exchange has a single label").host(host)
        }
        RouteFinding::MxLocalhost(host) => {
            Finding::new(Code::DnsMxLocalhost, "the exchange is localhost, which is every sender itself")
                .host(host)
        }
        RouteFinding::MxDuplicate(host) => {
            Finding::new(Code::DnsMxDuplicate, "the exchange is named more than once").host(host)
        }
        RouteFinding::MxNoAddress(host) => {
            let message = match family(route.families) {
                "" => "the exchange has neither an A nor an AAAA record".to_owned(),
                word => format!("the exchange has no {word}address"),
            };
            Finding::new(Code::DnsMxNoAddress, message).host(host)
        }
        RouteFinding::MxNonPublic(host, ip) => non_public(*ip).host(host),
        RouteFinding::TooManyMx(count) => Finding::new(
            Code::DnsMxTooMany,
            format!("the domain has {count} exchanges; only the {} tried first are kept", Route::MOST_HOSTS),
        ),
        RouteFinding::TooManyAddresses(host, count) => Finding::new(
            Code::DnsMxTooMany,
            format!("the exchange has {count} addresses; only {} are kept", Host::MOST_ADDRESSES),
        )
        .host(host),
        RouteFinding::MxLookup(host, error, kinds) => {
            let mapped = Error::lookup(error, "the addresses of the exchange");
            let word = family(kinds_of(kinds));
            let message = match error.problem {
                Problem::NxDomain => "the exchange does not exist".to_owned(),
                Problem::Bogus => format!("the {word}addresses fail validation (DNSSEC) and are not used"),
                Problem::CnameLoop => "the aliases of the exchange lead in a circle".to_owned(),
                _ => format!("the {word}addresses could not be looked up now"),
            };
            // The table has no finding for a circle of aliases, where the exchange has no address, and
            // none for a resolver that is gone.
            let code = match mapped.code {
                Code::DnsCnameLoop => Code::DnsMxNoAddress,
                Code::DnsResolverUnreachable => Code::DnsTimeout,
                code => code,
            };
            Finding { ede: mapped.ede, ..Finding::new(code, message).host(host) }
        }
    }
}

impl From<Iprev> for IprevWord {
    fn from(iprev: Iprev) -> Self {
        match iprev {
            Iprev::Pass => Self::Pass,
            Iprev::Fail => Self::Fail,
            Iprev::TempError => Self::Temperror,
            Iprev::PermError => Self::Permerror,
        }
    }
}
