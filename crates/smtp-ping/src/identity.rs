//! What is odd about the names that a server gives.

use std::net::IpAddr;

use dns_core::{Data, DomainName, Kind, Lookup};
use tool_core::Code;
use tool_core::record::{BannerRecord, Finding, HelloRecord, IprevWord, generic_finding};

/// The names of a server that greeted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity<'a> {
    /// The name by which it was found.
    pub(crate) host: Option<&'a str>,
    pub(crate) ip: Option<IpAddr>,
    pub(crate) banner: &'a BannerRecord,
    pub(crate) ehlo: Option<&'a HelloRecord>,
    /// The names of the address; none if they were not looked up.
    pub(crate) ptr: Option<&'a [String]>,
    pub(crate) iprev: Option<IprevWord>,
}

impl Identity<'_> {
    /// What shows without asking anybody.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        findings.extend(self.banner_finding());
        if let (Some(banner), Some(ehlo)) = (self.name(), self.ehlo.and_then(|ehlo| ehlo.host.as_deref()))
            && banner != ehlo
        {
            let message = format!("the greeting names {banner}, the EHLO reply {ehlo}");
            findings.push(Finding::new(Code::IdBannerNeEhlo, message));
        }
        let ptr = self.ptr.unwrap_or_default();
        if let Some(generic) = self.ip.and_then(|ip| generic_finding(ip, ptr)) {
            findings.push(generic);
        } else if let (Some(banner), Some(first)) = (self.name(), ptr.first())
            && !ptr.iter().any(|name| name == banner)
        {
            let message = format!("the address is called {first}, the greeting names {banner}");
            findings.push(Finding::new(Code::IdPtrNeBanner, message));
        }
        findings
    }

    /// Whether the name in the greeting leads to the address, where that is not known already.
    pub(crate) async fn forward(&self, lookup: &impl Lookup) -> Option<Finding> {
        let ip = self.ip?.to_canonical();
        let name = self.name().filter(|_| self.banner_finding().is_none())?;
        let is_confirmed = self.iprev == Some(IprevWord::Pass) && self.ptr == Some(&[name.to_owned()][..]);
        if self.host == Some(name) || is_confirmed {
            return None;
        }
        let kind = if ip.is_ipv4() { Kind::A } else { Kind::Aaaa };
        let name = DomainName::parse(name).ok()?;
        match lookup.lookup(&name, kind).await {
            Ok(answer) => {
                let leads_here = answer.records.iter().any(|rr| match rr.data {
                    Data::A(v4) => ip == v4,
                    Data::Aaaa(v6) => ip == v6,
                    _ => false,
                });
                let message = format!("{name}, which the greeting names, has other addresses than this");
                (!leads_here).then(|| Finding::new(Code::IdBannerForwardMismatch, message).ip(ip))
            }
            Err(error) if error.problem.is_temporary() => None,
            Err(_) => {
                let family = if ip.is_ipv4() { "IPv4" } else { "IPv6" };
                let message = format!("{name}, which the greeting names, has no {family} address");
                Some(Finding::new(Code::IdBannerUnresolvable, message))
            }
        }
    }

    /// The domain name in the greeting.
    fn name(&self) -> Option<&str> {
        self.banner.host.as_deref().filter(|host| !host.starts_with('['))
    }

    fn banner_finding(&self) -> Option<Finding> {
        let (code, message) = match self.banner.host.as_deref() {
            None => (Code::IdBannerNoDomain, "the greeting does not begin with a name".to_owned()),
            Some(host) if is_localhost(host) => {
                (Code::IdBannerLocalhost, format!("the greeting names {host}, which every machine is"))
            }
            Some(host) if !host.starts_with('[') && !host.contains('.') => {
                (Code::IdBannerNotFqdn, format!("the greeting names {host}, which is no full name"))
            }
            Some(_) => return None,
        };
        Some(Finding::new(code, message))
    }
}

fn is_localhost(host: &str) -> bool {
    let literal = host.trim_matches(['[', ']']);
    let literal = literal.strip_prefix("IPv6:").unwrap_or(literal);
    literal.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        || ["localhost", "localhost.localdomain"].contains(&host)
        || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(banner: Option<&str>, ptr: &[&str]) -> Vec<Code> {
        let banner = BannerRecord { code: 220, host: banner.map(str::to_owned), text: String::new() };
        let ptr: Vec<String> = ptr.iter().map(|name| (*name).to_owned()).collect();
        let identity = Identity {
            host: None,
            ip: Some("203.0.113.7".parse().unwrap()),
            banner: &banner,
            ehlo: None,
            ptr: Some(&ptr),
            iprev: None,
        };
        identity.findings().iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn a_greeting_begins_with_the_full_name_of_the_server() {
        assert_eq!(codes(None, &[]), [Code::IdBannerNoDomain]);
        assert_eq!(codes(Some("mail"), &[]), [Code::IdBannerNotFqdn]);
        for host in ["localhost", "localhost.localdomain", "[127.0.0.1]", "[IPv6:::1]", "x.localhost"] {
            assert_eq!(codes(Some(host), &[]), [Code::IdBannerLocalhost], "{host}");
        }
        assert!(codes(Some("mail.example"), &[]).is_empty());
        assert!(codes(Some("[203.0.113.7]"), &[]).is_empty());
    }

    #[test]
    fn a_generic_name_of_the_address_is_said_once() {
        assert_eq!(codes(Some("mail.example"), &["other.example"]), [Code::IdPtrNeBanner]);
        assert_eq!(codes(Some("mail.example"), &["203-0-113-7.isp.example"]), [Code::IdPtrGeneric]);
        assert!(codes(Some("mail.example"), &["other.example", "mail.example"]).is_empty());
    }
}
