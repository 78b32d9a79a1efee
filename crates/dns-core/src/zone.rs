//! A zone in memory with faults, for the tests of this crate.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use crate::{Answer, Data, DomainName, Kind, Lookup, LookupError, Problem, Rr, Security, Tlsa};

#[derive(Default)]
pub(crate) struct Zone {
    records: HashMap<(DomainName, Kind), Vec<Rr>>,
    aliases: HashMap<DomainName, DomainName>,
    faults: HashMap<(DomainName, Kind), Problem>,
    names: HashSet<DomainName>,
    signed: Vec<(String, bool)>,
}

fn name(text: &str) -> DomainName {
    match text {
        "." => DomainName::from_labels([]).unwrap(),
        // As the wire would have it: an exchange may look like an address.
        _ => DomainName::parse(text).unwrap(),
    }
}

impl Zone {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn exists(mut self, at: &str) -> Self {
        self.names.insert(name(at));
        self
    }

    fn add(mut self, at: DomainName, kind: Kind, data: Data) -> Self {
        self.names.insert(at.clone());
        self.records.entry((at, kind)).or_default().push(Rr { ttl: 300, data });
        self
    }

    pub(crate) fn mx(self, at: &str, preference: u16, exchange: &str) -> Self {
        self.add(name(at), Kind::Mx, Data::Mx { preference, exchange: name(exchange) })
    }

    pub(crate) fn a(self, at: &str, ip: &str) -> Self {
        match ip.parse().unwrap() {
            IpAddr::V4(v4) => self.add(name(at), Kind::A, Data::A(v4)),
            IpAddr::V6(v6) => self.add(name(at), Kind::Aaaa, Data::Aaaa(v6)),
        }
    }

    pub(crate) fn ptr(self, ip: &str, to: &str) -> Self {
        self.add(DomainName::of_address(ip.parse().unwrap()), Kind::Ptr, Data::Ptr(name(to)))
    }

    pub(crate) fn cname(mut self, at: &str, to: &str) -> Self {
        self.aliases.insert(name(at), name(to));
        self
    }

    pub(crate) fn tlsa(self, host: &str, data: &[u8]) -> Self {
        let at = name(host).below(&["_25", "_tcp"]).unwrap();
        self.add(at, Kind::Tlsa, Data::Tlsa(Tlsa { usage: 3, selector: 1, matching: 1, data: data.to_vec() }))
    }

    pub(crate) fn txt(self, at: &str, text: &[u8]) -> Self {
        self.add(name(at), Kind::Txt, Data::Txt(text.to_vec()))
    }

    /// This name and those below it.
    pub(crate) fn signed(mut self, at: &str) -> Self {
        self.signed.push((at.to_owned(), true));
        self
    }

    pub(crate) fn unsigned(mut self, at: &str) -> Self {
        self.signed.push((at.to_owned(), false));
        self
    }

    fn security(&self, at: &DomainName) -> Security {
        let covers = |zone: &str| {
            at.as_str().strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        match self.signed.iter().rev().find(|(zone, _)| covers(zone)) {
            Some((_, true)) => Security::Secure,
            _ => Security::Insecure,
        }
    }

    pub(crate) fn fails(mut self, at: &str, kind: Kind, problem: Problem) -> Self {
        self.faults.insert((name(at), kind), problem);
        self
    }
}

impl Lookup for Zone {
    async fn lookup(&self, at: &DomainName, kind: Kind) -> Result<Answer, LookupError> {
        let (mut at, mut cname) = (at.clone(), Vec::new());
        let mut security = self.security(&at);
        while let Some(next) = self.aliases.get(&at).filter(|_| kind != Kind::Cname) {
            if cname.contains(next) {
                return Err(LookupError { cname, ..LookupError::new(Problem::CnameLoop) });
            }
            cname.push(next.clone());
            at = next.clone();
            if self.security(&at) == Security::Insecure {
                security = Security::Insecure;
            }
        }
        let security = Some(security);
        let key = (at, kind);
        if let Some(problem) = self.faults.get(&key) {
            return Err(LookupError::new(*problem));
        }
        let found = match (self.records.get(&key), self.aliases.get(&key.0)) {
            (None, Some(alias)) => Some(vec![Rr { ttl: 300, data: Data::Cname(alias.clone()) }]),
            (found, _) => found.cloned(),
        };
        match found {
            Some(records) => Ok(Answer { records, cname, resolver: "zone".into(), security, lasts: 0 }),
            None if self.names.contains(&key.0) => {
                Err(LookupError { cname, security, ..LookupError::new(Problem::NoData) })
            }
            None => Err(LookupError { cname, security, ..LookupError::new(Problem::NxDomain) }),
        }
    }
}
