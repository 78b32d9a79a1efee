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
}

impl Agreement {
    pub(crate) fn of(answers: impl IntoIterator<Item = IpAddr>) -> Self {
        let mut counts: Vec<(IpAddr, usize)> = Vec::new();
        for ip in answers {
            match counts.iter_mut().find(|(known, _)| *known == ip) {
                Some((_, count)) => *count += 1,
                None => counts.push((ip, 1)),
            }
        }
        let agree = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let mut best = counts.iter().filter(|(_, count)| *count == agree);
        let ip = match (best.next(), best.next()) {
            (Some((ip, _)), None) => Some(*ip),
            _ => None,
        };
        Self { ip, agree }
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
            let message =
                format!("no {} sources name the same address: {}", in_words(quorum), named.join(", "));
            error(message, "DNS queries are intercepted, or this machine leaves by several addresses")
        }
    }
}

/// Sources that see another address than the quorum.
pub(crate) fn dissent(asked: &[Asked], ip: IpAddr) -> Vec<Finding> {
    let others = asked.iter().filter_map(|asked| match asked.answer {
        Ok(other) if other != ip => Some(format!("{other} ({})", asked.scheme)),
        _ => None,
    });
    let others: Vec<String> = others.collect();
    let message = || format!("another address was named too: {}", others.join(", "));
    (!others.is_empty()).then(|| Finding::new(Code::NetSourcesDisagree, message())).into_iter().collect()
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

    fn agreement(answers: &[&str]) -> (Option<String>, usize) {
        let Agreement { ip, agree } = Agreement::of(answers.iter().map(|text| text.parse().unwrap()));
        (ip.map(|ip| ip.to_string()), agree)
    }

    fn asked(scheme: &'static str, answer: Result<&str, Code>) -> Asked {
        let answer = answer.map(|text| text.parse().unwrap()).map_err(|code| Error::new(code, "http", "m"));
        Asked { via: scheme.to_owned(), scheme, answer, local: None, took: Duration::ZERO }
    }

    fn why(asked: &[Asked]) -> (&'static str, String) {
        let error = error(asked, 2);
        (error.code.as_str(), error.message)
    }

    #[test]
    fn the_address_that_most_name_and_none_when_two_are_named_by_as_many() {
        assert_eq!(agreement(&[]), (None, 0));
        assert_eq!(agreement(&[A]), (Some(A.into()), 1));
        assert_eq!(agreement(&[B, A, A]), (Some(A.into()), 2));
        assert_eq!(agreement(&[A, B, B, A]), (None, 2));
    }

    #[test]
    fn a_quorum_is_reached_or_not() {
        let agreement = Agreement::of([A, A].map(|text| text.parse().unwrap()));
        assert!(agreement.address(2).is_some() && agreement.address(3).is_none());
    }

    #[test]
    fn why_there_is_no_address() {
        let both = [asked("https", Ok(A)), asked("dns", Ok(B))];
        let message = "no two sources name the same address: 203.0.113.7 (https), 198.51.100.9 (dns)";
        assert_eq!(why(&both), ("net.sources_disagree", message.into()));
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
        let all = [asked("https", Ok(A)), asked("dns", Ok(B)), asked("dns", Ok(A))];
        let findings = dissent(&all, A.parse().unwrap());
        assert_eq!(findings[0].message, "another address was named too: 198.51.100.9 (dns)");
        assert!(dissent(&all[..1], A.parse().unwrap()).is_empty());
    }
}
