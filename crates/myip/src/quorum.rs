//! What the sources agree on.

use std::net::IpAddr;

use tool_core::Code;
use tool_core::record::{Error, Finding};

use crate::ask::Asked;

/// What is known so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Agreement {
    /// The address that most sources name; none if two are named by as many.
    pub(crate) ip: Option<IpAddr>,
    /// How many sources name the same address at the most.
    pub(crate) agree: usize,
    /// Whether a witness is among those who name it.
    pub(crate) is_witnessed: bool,
}

impl Agreement {
    /// A network that intercepts DNS answers every DNS source in the same way. So an address that
    /// only these name does not count where a witness names another ([`crate::via::Via::is_witness`]).
    pub(crate) fn of<'a>(asked: impl IntoIterator<Item = &'a Asked>) -> Self {
        let mut named: Vec<Self> = Vec::new();
        for (ip, is_witness) in asked.into_iter().filter_map(|asked| Some((asked.ip()?, asked.is_witness))) {
            match named.iter_mut().find(|known| known.ip == Some(ip)) {
                Some(known) => {
                    known.agree += 1;
                    known.is_witnessed |= is_witness;
                }
                None => named.push(Self { ip: Some(ip), agree: 1, is_witnessed: is_witness }),
            }
        }
        if named.iter().any(|one| one.is_witnessed) {
            named.retain(|one| one.is_witnessed);
        }
        let agree = named.iter().map(|one| one.agree).max().unwrap_or(0);
        let mut best = named.iter().filter(|one| one.agree == agree);
        match (best.next(), best.next()) {
            (Some(best), None) => *best,
            _ => Self { ip: None, agree, is_witnessed: false },
        }
    }

    /// The address, if as many sources as asked for name it.
    pub(crate) fn address(&self, quorum: usize) -> Option<IpAddr> {
        self.ip.filter(|_| self.agree >= quorum)
    }
}

/// Why there is no address.
pub(crate) fn error(asked: &[Asked], quorum: usize) -> Error {
    let failures: Vec<&Error> = asked.iter().filter_map(|asked| asked.answer.as_ref().err()).collect();
    let limit = failures.iter().find_map(|error| error.limit);
    let named: Vec<String> = asked
        .iter()
        .filter_map(|asked| Some(format!("{} ({})", asked.answer.as_ref().ok()?, asked.scheme)))
        .collect();
    let mut all = asked.iter().filter_map(Asked::ip);
    let first = all.next();
    let error = |message: String, hint: &str| {
        Error::new(Code::NetSourcesDisagree, "sources", message).with_hint(hint)
    };
    match (named.is_empty(), all.all(|ip| Some(ip) == first)) {
        (true, _) if failures.iter().all(|error| is_silence(error.code)) => {
            let error = Error::new(Code::NetOffline, "sources", "no source could be reached");
            let hint = "check ip addr and ip route; in a closed network name what can be reached with --via";
            Error { limit, ..error.with_hint(hint) }
        }
        (true, _) => {
            let said: Vec<String> = asked
                .iter()
                .filter_map(|a| Some(format!("{} ({})", a.answer.as_ref().err()?.code, a.scheme)))
                .collect();
            let private = failures.iter().any(|error| error.code == Code::NetNotPublic);
            let hint = match private {
                true => "--allow-private takes addresses that are not public",
                false => "see sources for what each of them said, or name others with --via",
            };
            error(format!("no source named a usable address: {}", said.join(", ")), hint)
        }
        (false, true) => {
            let message =
                format!("only {} of {} sources named an address: {}", named.len(), asked.len(), named[0]);
            error(message, "see sources for what the others said; --quorum 1 takes the word of one")
        }
        (false, false) => {
            let hint = "DNS queries are intercepted, or this machine leaves by several addresses";
            let named = named.join(", ");
            let unwitnessed = Agreement::of(asked.iter().filter(|asked| !asked.is_witness)).address(quorum);
            let is_dns = |ip| asked.iter().all(|asked| asked.ip() != Some(ip) || asked.scheme == "dns");
            let message = match unwitnessed {
                _ if Agreement::of(asked).agree >= quorum => {
                    format!("as many sources name one address as another: {named}")
                }
                Some(ip) if !is_dns(ip) => {
                    format!("{ip} is named by no page and no STUN server, and these do not agree: {named}")
                }
                Some(ip) => format!("{ip} is named over DNS alone, and other sources do not agree: {named}"),
                None => format!("no {} sources name the same address: {named}", in_words(quorum)),
            };
            error(message, hint)
        }
    }
}

/// Sources that see another address than the quorum.
pub(crate) fn dissent(asked: &[Asked], ip: IpAddr) -> Option<Finding> {
    let others: Vec<&Asked> =
        asked.iter().filter(|asked| asked.ip().is_some_and(|other| other != ip)).collect();
    let named = others.iter().filter_map(|asked| Some(format!("{} ({})", asked.ip()?, asked.scheme)));
    let named = named.collect::<Vec<_>>().join(", ");
    let is_witnessed = asked.iter().any(|asked| asked.is_witness && asked.ip() == Some(ip));
    let message = match is_witnessed && others.iter().all(|asked| asked.scheme == "dns") {
        true => format!(
            "over DNS another address is named: {named}: DNS queries are intercepted, or leave by another address"
        ),
        false => format!("another address was named too: {named}"),
    };
    (!others.is_empty()).then(|| Finding::new(Code::NetSourcesDisagree, message))
}

/// Whether nothing came back that shows a source to be there.
fn is_silence(code: Code) -> bool {
    matches!(
        code,
        Code::HttpUnreachable
            | Code::HttpTimeout
            | Code::DnsTimeout
            | Code::DnsResolverUnreachable
            | Code::DnsServfail
            | Code::StunTimeout
            | Code::StunUnreachable
            | Code::NetNoRoute
    )
}

fn in_words(count: usize) -> String {
    ["no", "one", "two", "three", "four", "five", "six"]
        .get(count)
        .map_or_else(|| count.to_string(), |word| (*word).to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const A: &str = "203.0.113.7";
    const B: &str = "198.51.100.9";

    fn asked(scheme: &'static str, answer: Result<&str, Code>) -> Asked {
        let answer = answer.map(|text| text.parse().unwrap()).map_err(|code| Error::new(code, "http", "m"));
        let is_witness = scheme != "dns";
        Asked { via: scheme.to_owned(), scheme, is_witness, answer, local: None, took: Duration::ZERO }
    }

    fn agreement(answers: &[(&'static str, &str)]) -> (Option<String>, usize) {
        let asked: Vec<Asked> = answers.iter().map(|(scheme, ip)| asked(scheme, Ok(ip))).collect();
        let Agreement { ip, agree, .. } = Agreement::of(&asked);
        (ip.map(|ip| ip.to_string()), agree)
    }

    fn why(asked: &[Asked]) -> (&'static str, String) {
        let error = error(asked, 2);
        (error.code.as_str(), error.message)
    }

    #[test]
    fn the_address_that_most_name_and_none_when_two_are_named_by_as_many() {
        let web = |answers: &[&'static str]| {
            agreement(&answers.iter().map(|ip| ("https", *ip)).collect::<Vec<_>>())
        };
        assert_eq!(web(&[]), (None, 0));
        assert_eq!(web(&[A]), (Some(A.into()), 1));
        assert_eq!(web(&[B, A, A]), (Some(A.into()), 2));
        assert_eq!(web(&[A, B, B, A]), (None, 2));
    }

    #[test]
    fn dns_alone_does_not_count_against_others() {
        assert_eq!(agreement(&[("dns", A), ("dns", A)]), (Some(A.into()), 2));
        assert_eq!(agreement(&[("dns", A), ("dns", A), ("https", B)]), (Some(B.into()), 1));
        assert_eq!(
            agreement(&[("dns", A), ("dns", A), ("dns", A), ("https", B), ("stun", B)]),
            (Some(B.into()), 2)
        );
        assert_eq!(agreement(&[("dns", A), ("https", A), ("stun", B)]), (Some(A.into()), 2));
    }

    #[test]
    fn a_quorum_is_reached_or_not() {
        let agreement = Agreement::of(&[asked("https", Ok(A)), asked("dns", Ok(A))]);
        assert!(agreement.address(2).is_some() && agreement.address(3).is_none());
        assert!(agreement.is_witnessed && !Agreement::of(&[asked("dns", Ok(A))]).is_witnessed);
    }

    #[test]
    fn why_there_is_no_address() {
        let both = [asked("https", Ok(A)), asked("dns", Ok(B))];
        let message = "no two sources name the same address: 203.0.113.7 (https), 198.51.100.9 (dns)";
        assert_eq!(why(&both), ("net.sources_disagree", message.into()));
        let dns = [asked("https", Ok(A)), asked("dns", Ok(B)), asked("dns", Ok(B))];
        let message = "198.51.100.9 is named over DNS alone, and other sources do not agree: \
                       203.0.113.7 (https), 198.51.100.9 (dns), 198.51.100.9 (dns)";
        assert_eq!(why(&dns), ("net.sources_disagree", message.into()));
        let one = [asked("https", Ok(A)), asked("dns", Err(Code::DnsTimeout))];
        let message = "only 1 of 2 sources named an address: 203.0.113.7 (https)";
        assert_eq!(why(&one), ("net.sources_disagree", message.into()));
        let bad = [asked("http", Err(Code::HttpStatus)), asked("dns", Err(Code::DnsTimeout))];
        let message = "no source named a usable address: http.status (http), dns.timeout (dns)";
        assert_eq!(why(&bad), ("net.sources_disagree", message.into()));
        let none = [asked("http", Err(Code::HttpUnreachable)), asked("dns", Err(Code::DnsTimeout))];
        assert_eq!(why(&none).0, "net.offline");
    }

    #[test]
    fn who_sees_another_address_is_a_finding() {
        let message = |asked: &[Asked]| dissent(asked, A.parse().unwrap()).map(|finding| finding.message);
        let all = [asked("https", Ok(A)), asked("dns", Ok(B)), asked("https", Ok(B)), asked("dns", Ok(A))];
        let others = "another address was named too: 198.51.100.9 (dns), 198.51.100.9 (https)";
        assert_eq!(message(&all).as_deref(), Some(others));
        let intercepted = "over DNS another address is named: 198.51.100.9 (dns): \
                           DNS queries are intercepted, or leave by another address";
        assert_eq!(message(&all[..2]).as_deref(), Some(intercepted));
        assert_eq!(message(&all[..1]), None);
    }
}
