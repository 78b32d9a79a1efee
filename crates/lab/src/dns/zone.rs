//! The data of the world's DNS, and what it answers: aliases, wildcards, NXDOMAIN and NODATA.

use std::collections::HashMap;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::SOA;
use hickory_proto::rr::{LowerName, Name, RData, Record, RecordType};
use hickory_proto::serialize::txt::Parser;

/// Seconds that "there is nothing" may be remembered (RFC 2308 section 5).
const NEGATIVE_TTL: u32 = 300;

/// All records there are. A name above another one exists too, without records (RFC 8020).
#[derive(Debug, Clone, Default)]
pub(crate) struct Zone {
    names: HashMap<LowerName, Vec<Record>>,
}

/// What the data says to a question.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: ResponseCode,
    pub(crate) answers: Vec<Record>,
    pub(crate) authorities: Vec<Record>,
    /// The name asked for, and those its aliases lead to.
    pub(crate) walked: Vec<LowerName>,
}

impl Zone {
    /// Reads records in the text form of RFC 1035 section 5, without the root as `$ORIGIN`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let parse = |text: &str| Parser::new(text.to_owned(), None, Some(Name::root())).parse();
        let (_, sets) = parse(text).map_err(|error| {
            // The library does not say where; a line that is wrong by itself is most likely it.
            match text.lines().find(|line| parse(line).is_err()) {
                Some(line) => format!("{error} in {:?}", line.trim()),
                None => error.to_string(),
            }
        })?;
        let mut zone = Self::default();
        for set in sets.into_values() {
            let mut name = LowerName::new(set.name());
            zone.names.entry(name.clone()).or_default().extend(set.into_parts().records);
            while !name.is_root() {
                name = name.base_name();
                zone.names.entry(name.clone()).or_default();
            }
        }
        Ok(zone)
    }

    /// Answers a question; aliases are followed as far as the data goes.
    pub(crate) fn answer(&self, name: &Name, kind: RecordType) -> Answer {
        let mut answer = Answer {
            code: ResponseCode::NoError,
            answers: Vec::new(),
            authorities: Vec::new(),
            walked: Vec::new(),
        };
        let mut at = name.clone();
        loop {
            answer.walked.push(LowerName::new(&at));
            let Some(records) = self.at(&at) else {
                answer.code = ResponseCode::NXDomain;
                answer.authorities.push(self.soa(&at));
                return answer;
            };
            let asked = |record: &&Record| kind == RecordType::ANY || record.record_type() == kind;
            // The owner is written as asked: a wildcard takes the name, a client's letter case returns.
            let owned = |record: &Record| Record::from_rdata(at.clone(), record.ttl, record.data.clone());
            let before = answer.answers.len();
            answer.answers.extend(records.iter().filter(asked).map(owned));
            if answer.answers.len() > before {
                return answer;
            }
            let alias = records.iter().find_map(|record| match &record.data {
                RData::CNAME(to) => Some((record, to.0.clone())),
                _ => None,
            });
            let Some((record, to)) = alias else {
                answer.authorities.push(self.soa(&at));
                return answer;
            };
            answer.answers.push(owned(record));
            if answer.walked.contains(&LowerName::new(&to)) {
                return answer;
            }
            at = to;
        }
    }

    /// The records at a name, from a wildcard where there is no such name (RFC 4592 section 3.3.1).
    fn at(&self, name: &Name) -> Option<&[Record]> {
        let mut below = LowerName::new(name);
        if let Some(records) = self.names.get(&below) {
            return Some(records);
        }
        while !below.is_root() {
            let encloser = below.base_name();
            if self.names.contains_key(&encloser) {
                return self.names.get(&below.into_wildcard()).map(Vec::as_slice);
            }
            below = encloser;
        }
        None
    }

    /// The start of authority over a name: from the data, else made up for its last two labels.
    fn soa(&self, name: &Name) -> Record {
        let mut above = LowerName::new(name);
        loop {
            let records = self.names.get(&above).into_iter().flatten();
            if let Some(soa) = records.into_iter().find(|record| record.record_type() == RecordType::SOA) {
                return soa.clone();
            }
            if above.is_root() {
                break;
            }
            above = above.base_name();
        }
        let zone = name.trim_to(2).to_lowercase();
        let below = |label: &str| zone.prepend_label(label).unwrap_or_else(|_| zone.clone());
        let (hour, minutes, day) = (3_600, 600, 86_400);
        let soa = SOA::new(below("ns"), below("hostmaster"), 1, hour, minutes, day, NEGATIVE_TTL);
        Record::from_rdata(zone, NEGATIVE_TTL, RData::SOA(soa))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> Zone {
        Zone::parse(
            "port25.com. 3600 IN MX 100 mail.port25.com.\n\
             mail.port25.com. 3600 IN A 127.63.149.30\n\
             alias.example. 300 IN CNAME port25.com.\n\
             to-nothing.example. 300 IN CNAME nothing.example.\n\
             one.loop.example. 300 IN CNAME two.loop.example.\n\
             two.loop.example. 300 IN CNAME one.loop.example.\n\
             *.bulk.example. 300 IN MX 10 mx.bulk.example.\n\
             mx.bulk.example. 300 IN A 127.63.0.1\n\
             null.example. 300 IN MX 0 .\n\
             _25._tcp.mail.port25.com. 300 IN TXT \"a b\" c\n\
             own.example. 60 IN SOA ns.own.example. me.own.example. 7 1 2 3 60\n",
        )
        .unwrap()
    }

    fn ask(name: &str, kind: RecordType) -> Answer {
        zone().answer(&Name::from_ascii(name).unwrap(), kind)
    }

    fn shown(answer: &Answer) -> Vec<String> {
        answer.answers.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_name_in_any_case() {
        let answer = ask("PORT25.com.", RecordType::MX);
        assert_eq!(shown(&answer), ["PORT25.com. 3600 IN MX 100 mail.port25.com."]);
        assert!(answer.authorities.is_empty());
    }

    #[test]
    fn a_name_without_such_records_is_nodata_with_soa() {
        let answer = ask("port25.com.", RecordType::AAAA);
        assert_eq!(answer.code, ResponseCode::NoError);
        assert!(answer.answers.is_empty());
        assert_eq!(answer.authorities[0].name.to_ascii(), "port25.com.");
        assert_eq!(answer.authorities[0].ttl, NEGATIVE_TTL);
    }

    #[test]
    fn a_name_above_another_exists() {
        assert_eq!(ask("_tcp.mail.port25.com.", RecordType::A).code, ResponseCode::NoError);
        assert_eq!(ask("com.", RecordType::A).code, ResponseCode::NoError);
        assert_eq!(ask(".", RecordType::A).code, ResponseCode::NoError);
    }

    #[test]
    fn a_name_that_nothing_knows() {
        for name in ["nosuch.example.", "x.mail.port25.com.", "localhost.", "nowhere."] {
            let answer = ask(name, RecordType::A);
            assert_eq!(answer.code, ResponseCode::NXDomain, "{name}");
            assert_eq!(answer.authorities.len(), 1, "{name}");
        }
    }

    #[test]
    fn an_alias_is_followed() {
        let answer = ask("alias.example.", RecordType::MX);
        assert_eq!(answer.answers.len(), 2);
        assert_eq!(ask("alias.example.", RecordType::CNAME).answers.len(), 1);
        let nothing = ask("to-nothing.example.", RecordType::MX);
        assert_eq!((nothing.code, nothing.answers.len()), (ResponseCode::NXDomain, 1));
    }

    #[test]
    fn a_circle_of_aliases_ends_after_each_name_once() {
        let answer = ask("one.loop.example.", RecordType::A);
        assert_eq!((answer.code, answer.answers.len()), (ResponseCode::NoError, 2));
    }

    #[test]
    fn a_wildcard_takes_the_name_asked_for_but_no_name_that_exists() {
        for name in ["x.bulk.example.", "a.b.bulk.example."] {
            assert_eq!(shown(&ask(name, RecordType::MX)), [format!("{name} 300 IN MX 10 mx.bulk.example.")]);
            assert!(ask(name, RecordType::A).answers.is_empty());
        }
        assert!(ask("mx.bulk.example.", RecordType::MX).answers.is_empty());
        assert_eq!(ask("x.mx.bulk.example.", RecordType::MX).code, ResponseCode::NXDomain);
    }

    #[test]
    fn a_null_mx_and_a_soa_of_its_own() {
        assert_eq!(shown(&ask("null.example.", RecordType::MX)), ["null.example. 300 IN MX 0 ."]);
        assert_eq!(ask("x.own.example.", RecordType::A).authorities[0].ttl, 60);
        assert_eq!(ask("own.example.", RecordType::SOA).answers.len(), 1);
    }

    #[test]
    fn a_line_that_is_no_record_is_named() {
        let error = Zone::parse("a.example. 300 IN A 127.0.0.1\nb.example. 300 IN A nonsense\n").unwrap_err();
        assert!(error.ends_with("in \"b.example. 300 IN A nonsense\""), "{error}");
        assert!(Zone::parse("a.example. IN A 127.0.0.1").is_err());
    }
}
