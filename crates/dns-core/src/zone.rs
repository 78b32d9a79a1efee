//! A zone in memory with faults, for the tests of this crate.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use crate::{Answer, Data, DomainName, Kind, Lookup, LookupError, Problem, Rr};

#[derive(Default)]
pub(crate) struct Zone {
    records: HashMap<(DomainName, Kind), Vec<Rr>>,
    aliases: HashMap<DomainName, DomainName>,
    faults: HashMap<(DomainName, Kind), Problem>,
    names: HashSet<DomainName>,
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

    pub(crate) fn fails(mut self, at: &str, kind: Kind, problem: Problem) -> Self {
        self.faults.insert((name(at), kind), problem);
        self
    }
}

impl Lookup for Zone {
    async fn lookup(&self, at: &DomainName, kind: Kind) -> Result<Answer, LookupError> {
        let (mut at, mut cname) = (at.clone(), Vec::new());
        while let Some(next) = self.aliases.get(&at) {
            if cname.contains(next) {
                return Err(LookupError { cname, ..LookupError::new(Problem::CnameLoop) });
            }
            cname.push(next.clone());
            at = next.clone();
        }
        let key = (at, kind);
        if let Some(problem) = self.faults.get(&key) {
            return Err(LookupError::new(*problem));
        }
        match self.records.get(&key) {
            Some(records) => Ok(Answer { records: records.clone(), cname, resolver: "zone".into() }),
            None if self.names.contains(&key.0) => {
                Err(LookupError { cname, ..LookupError::new(Problem::NoData) })
            }
            None => Err(LookupError { cname, ..LookupError::new(Problem::NxDomain) }),
        }
    }
}
