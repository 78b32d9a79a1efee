//! What the domain says of the TLS of its servers: a policy (`--mta-sts`), and where reports go (`--tlsrpt`).

use std::time::{Duration, Instant};

use dns_core::address::{Scope, scope};
use dns_core::http::{HttpUrl, Request, Trust};
use dns_core::net::Bounded;
use dns_core::policy::{Announced, StsPolicy, sts_announced, tlsrpt_announced};
use dns_core::{Addresses, DomainName, Families, HttpError, Location, Problem, addresses};
use futures_util::future::join;
use tool_core::record::{Error, StsAnswer, StsFailure, TimingMs, tlsrpt};
use tool_core::{Budget, Outcome};

use crate::data::Answer;

/// What is asked of every domain, and what that takes.
#[derive(Debug)]
pub(crate) struct Policies {
    pub(crate) mta_sts: bool,
    pub(crate) tlsrpt: bool,
    pub(crate) trust: Trust,
    pub(crate) port: u16,
    pub(crate) allow_private: bool,
    pub(crate) families: Families,
}

/// What was found out about a domain, and how long each took; `None` where it was not asked.
#[derive(Debug)]
pub(crate) struct Asked {
    sts: Option<(StsAnswer, Duration)>,
    tlsrpt: Option<(Announced<Vec<String>>, Duration)>,
}

/// The most that fetching a policy may take (RFC 8461 section 3.3); the time of the target may be shorter.
const FETCH: Duration = Duration::from_secs(60);
/// The most that the connection may take.
const CONNECT: Duration = Duration::from_secs(10);

impl Policies {
    /// Whether there is anything to ask.
    pub(crate) fn are_asked(&self) -> bool {
        self.mta_sts || self.tlsrpt
    }

    /// Asks both at a time.
    pub(crate) async fn ask(&self, lookup: &Bounded<'_>, domain: &DomainName, budget: &Budget) -> Asked {
        let begun = Instant::now();
        let sts = async {
            match self.mta_sts {
                true => Some((self.sts(lookup, domain, budget).await, begun.elapsed())),
                false => None,
            }
        };
        let tlsrpt = async {
            match self.tlsrpt {
                true => Some((tlsrpt_announced(lookup, domain).await, begun.elapsed())),
                false => None,
            }
        };
        let (sts, tlsrpt) = join(sts, tlsrpt).await;
        Asked { sts, tlsrpt }
    }

    async fn sts(&self, lookup: &Bounded<'_>, domain: &DomainName, budget: &Budget) -> StsAnswer {
        let id = match sts_announced(lookup, domain).await {
            Announced::None => return StsAnswer::None,
            Announced::Broken(fault) => return StsAnswer::Broken(fault),
            Announced::Failed(error) => return StsAnswer::NotKnown(error),
            Announced::Found(id) => id,
        };
        // Boxed, since few domains get here and each has room for it.
        let fetched = Box::pin(self.fetch(lookup, domain, budget)).await.map_err(StsFailure::Fetch);
        let policy = fetched.and_then(|text| StsPolicy::parse(&text).map_err(StsFailure::Document));
        StsAnswer::Announced { id, policy }
    }

    async fn fetch(
        &self,
        lookup: &Bounded<'_>,
        domain: &DomainName,
        budget: &Budget,
    ) -> Result<Vec<u8>, Error> {
        let (host, url) = place(domain, self.port)
            .ok_or_else(|| unreachable(format!("mta-sts.{domain} is not the name of a web server")))?;
        let Addresses { mut found, failed, .. } = addresses(lookup, &host, self.families).await;
        if let (true, Some(error)) = (found.is_empty(), failed) {
            return Err(match error.problem {
                Problem::NxDomain => unreachable(format!("{host} does not exist")),
                Problem::NoData => unreachable(format!("{host} has no address")),
                Problem::CnameLoop => unreachable(format!("the aliases of {host} lead in a circle")),
                _ => Error::lookup(&error, &format!("the addresses of {host}")),
            });
        }
        // As with an exchange: whoever owns the name could make a service of this machine look like theirs.
        let local = found.iter().find(|ip| scope(**ip) == Scope::Local).copied();
        found.retain(|ip| self.allow_private || scope(*ip) != Scope::Local);
        if let (true, Some(ip)) = (found.is_empty(), local) {
            return Err(unreachable(format!("{host} leads to {ip}, which is not connected to")));
        }
        let own = Instant::now() + FETCH;
        let (deadline, limit) = match own < budget.deadline() {
            true => (own, FETCH),
            false => (budget.deadline(), budget.limit),
        };
        let trust = Some(&self.trust);
        let request =
            Request { url: &url, addresses: &found, trust, connect_timeout: CONNECT, deadline, limit };
        request.fetch().await.map_err(|error| Error::http(&error))
    }
}

/// The web server that has the policy of a domain, and where it has it, if there can be one.
fn place(domain: &DomainName, port: u16) -> Option<(DomainName, HttpUrl)> {
    let host = domain.below(&["mta-sts"]).ok()?;
    let url: HttpUrl = format!("https://{host}:{port}/.well-known/mta-sts.txt").parse().ok()?;
    // Anything can stand in a name; only what is a host to the URL as well goes on.
    let is_same = url.host() == Some(Location::Name(host.clone())) && url.port() == port;
    is_same.then_some((host, url))
}

fn unreachable(cause: String) -> Error {
    Error::http(&HttpError::Unreachable(cause))
}

impl Asked {
    /// Writes it into the record of the route. What a sender has to keep to and nobody knows is the error, unless
    /// there is one.
    pub(crate) fn tell(self, domain: &str, outcome: &mut Outcome<Answer>) {
        let timing = outcome.timing.get_or_insert_with(TimingMs::default);
        if let Some((answer, took)) = self.sts {
            timing.add("mta_sts", took);
            let hosts = outcome.answer.mx.iter().flatten().map(|host| host.exchange.as_str());
            let record = answer.record(hosts.filter(|exchange| *exchange != "."));
            outcome.findings.extend(answer.findings(domain, &record, outcome.error.is_some()));
            outcome.answer.mta_sts = Some(record);
            outcome.error = outcome.error.take().or_else(|| answer.error(domain));
        }
        if let Some((answer, took)) = self.tlsrpt {
            timing.add("tlsrpt", took);
            let (record, finding) = tlsrpt(&answer, domain);
            outcome.findings.extend(finding);
            outcome.answer.tlsrpt = record;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_policy_is_that_of_the_domain_and_no_other() {
        let url = |name: &[&str]| {
            let name = DomainName::from_labels(name.iter().map(|label| label.as_bytes())).unwrap();
            place(&name, 443).map(|(_, url)| url.to_string())
        };
        let expected = "https://mta-sts.a.example/.well-known/mta-sts.txt";
        assert_eq!(url(&["a", "example"]).as_deref(), Some(expected));
        for odd in [
            &["a/b", "example"][..],
            &["a?b", "example"],
            &["a@b", "example"],
            &["a.b", "example"],
            &["192", "0", "2", "1"],
        ] {
            assert_eq!(url(odd), None, "{odd:?}");
        }
        let long = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(58)];
        assert_eq!(url(&long.each_ref().map(String::as_str)), None);
    }
}
