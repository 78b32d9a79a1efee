//! Questions and answers on the wire; the only file that knows the codec.

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::{DNSClass, Label, Name, RData, RecordType};

use super::upstreams::Refusal;
use crate::{Data, DomainName, Ede, Kind, Problem, Rr, Tlsa};

/// The payload that fits every path without fragments (DNS flag day 2020).
const PAYLOAD: u16 = 1232;

/// A question ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Question {
    /// The message.
    pub(super) bytes: Vec<u8>,
    /// Where its question section ends; the answer's must be the same to the letter.
    pub(super) end: usize,
}

/// Where the header ends and the question section begins.
pub(super) const HEADER: usize = 12;

impl Question {
    /// The question section.
    pub(super) fn section(&self) -> &[u8] {
        &self.bytes[HEADER..self.end]
    }

    /// The same question under another id.
    pub(super) fn set_id(&mut self, id: u16) {
        self.bytes[..2].copy_from_slice(&id.to_be_bytes());
    }

    /// Asks for `kind` at `name`; each letter's case is drawn from `coin`, so that a forger must
    /// guess it (0x20). `None` if the name does not fit on the wire.
    pub(super) fn new(name: &DomainName, kind: Kind, mut coin: impl FnMut() -> bool) -> Option<Self> {
        let labels = name.labels().into_iter().map(|mut label| {
            for byte in &mut label {
                if byte.is_ascii_alphabetic() && coin() {
                    *byte ^= 0x20;
                }
            }
            Label::from_raw_bytes(&label)
        });
        let mut wire_name = Name::from_labels(labels.collect::<Result<Vec<_>, _>>().ok()?).ok()?;
        wire_name.set_fqdn(true);
        let length: usize = name.labels().iter().map(|label| label.len() + 1).sum();
        let record_type = match kind {
            Kind::A => RecordType::A,
            Kind::Aaaa => RecordType::AAAA,
            Kind::Mx => RecordType::MX,
            Kind::Ptr => RecordType::PTR,
            Kind::Cname => RecordType::CNAME,
            Kind::Tlsa => RecordType::TLSA,
            Kind::Txt | Kind::ChaosTxt => RecordType::TXT,
        };
        let mut message = Message::new(0, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        // RFC 6840 section 5.7: a resolver that validates is to say so.
        message.metadata.authentic_data = true;
        let mut query = Query::query(wire_name, record_type);
        query.set_query_class(class(kind));
        message.add_query(query);
        let mut edns = Edns::new();
        edns.set_max_payload(PAYLOAD);
        message.set_edns(edns);
        let bytes = message.to_vec().ok()?;
        Some(Self { bytes, end: HEADER + length + 1 + 4 })
    }
}

/// What an answer says.
#[derive(Debug)]
pub(super) struct Reading {
    /// The aliases followed, without the name asked for.
    pub(super) cname: Vec<DomainName>,
    /// The records at the end of the aliases.
    pub(super) records: Vec<Rr>,
    /// Why there are none: no such name, no such records, a circle of aliases.
    pub(super) denial: Option<Problem>,
    /// The AD bit: the server claims to have validated all of it.
    pub(super) authentic: bool,
    pub(super) ede: Vec<Ede>,
}

/// Whether the TC bit is set: the whole answer is to be had over TCP.
pub(super) fn is_truncated(bytes: &[u8]) -> bool {
    bytes.get(2).is_some_and(|flags| flags & 0x02 != 0)
}

/// Reads an answer whose id and question section were checked before.
///
/// # Errors
/// The server could not tell, or what it sent says nothing.
pub(super) fn read(bytes: &[u8], name: &DomainName, kind: Kind) -> Result<Reading, Refusal> {
    let bad = |ede| Refusal { problem: Problem::BadAnswer, ede };
    let message = Message::from_vec(bytes).map_err(|_| bad(Vec::new()))?;
    let ede = message.edns.as_ref().map(extended_errors).unwrap_or_default();
    let (cname, records, looped) = follow(&message, name, kind);
    let denial = match message.metadata.response_code {
        _ if looped => Some(Problem::CnameLoop),
        // It knows somebody who might know: that denies nothing.
        ResponseCode::NoError if records.is_empty() && is_referral(&message) => return Err(bad(ede)),
        ResponseCode::NoError if records.is_empty() => Some(Problem::NoData),
        ResponseCode::NoError => None,
        ResponseCode::NXDomain => Some(Problem::NxDomain),
        ResponseCode::Refused => return Err(Refusal { problem: Problem::Refused, ede }),
        ResponseCode::FormErr | ResponseCode::NotImp => return Err(bad(ede)),
        _ => return Err(Refusal { problem: Problem::ServFail, ede }),
    };
    Ok(Reading { cname, records, denial, authentic: message.metadata.authentic_data, ede })
}

/// Whether a server that neither is the authority nor resolves names other servers, and nothing
/// else (RFC 2308 section 2.2.1).
fn is_referral(message: &Message) -> bool {
    let has = |kind| message.authorities.iter().any(|record| record.record_type() == kind);
    let flags = &message.metadata;
    !flags.authoritative && !flags.recursion_available && has(RecordType::NS) && !has(RecordType::SOA)
}

/// Follows the aliases that the answer holds, and takes the records at their end.
fn follow(message: &Message, name: &DomainName, kind: Kind) -> (Vec<DomainName>, Vec<Rr>, bool) {
    const MAX_ALIASES: usize = 16;
    let owned = |at: &DomainName| {
        let at = at.clone();
        let answers = message.answers.iter().filter(|record| record.dns_class == class(kind));
        answers.filter(move |record| from_wire(&record.name).is_some_and(|owner| owner == at))
    };
    let (mut at, mut cname) = (name.clone(), Vec::new());
    loop {
        let records: Vec<Rr> = owned(&at)
            .filter_map(|record| Some(Rr { ttl: record.ttl, data: data(&record.data, kind)? }))
            .collect();
        if !records.is_empty() {
            return (cname, records, false);
        }
        let alias = owned(&at).find_map(|record| match &record.data {
            RData::CNAME(to) => from_wire(&to.0),
            _ => None,
        });
        match alias {
            None => return (cname, Vec::new(), false),
            Some(next) if next == *name || cname.contains(&next) || cname.len() == MAX_ALIASES => {
                return (cname, Vec::new(), true);
            }
            Some(next) => {
                cname.push(next.clone());
                at = next;
            }
        }
    }
}

fn class(kind: Kind) -> DNSClass {
    match kind {
        Kind::ChaosTxt => DNSClass::CH,
        _ => DNSClass::IN,
    }
}

fn data(rdata: &RData, kind: Kind) -> Option<Data> {
    match (rdata, kind) {
        (RData::A(a), Kind::A) => Some(Data::A(a.0)),
        (RData::AAAA(aaaa), Kind::Aaaa) => Some(Data::Aaaa(aaaa.0)),
        (RData::MX(mx), Kind::Mx) => {
            Some(Data::Mx { preference: mx.preference, exchange: from_wire(&mx.exchange)? })
        }
        (RData::PTR(ptr), Kind::Ptr) => Some(Data::Ptr(from_wire(&ptr.0)?)),
        (RData::CNAME(to), Kind::Cname) => Some(Data::Cname(from_wire(&to.0)?)),
        (RData::TLSA(tlsa), Kind::Tlsa) => Some(Data::Tlsa(Tlsa {
            usage: tlsa.cert_usage.into(),
            selector: tlsa.selector.into(),
            matching: tlsa.matching.into(),
            data: tlsa.cert_data.clone(),
        })),
        (RData::TXT(txt), Kind::Txt | Kind::ChaosTxt) => Some(Data::Txt(txt.txt_data.concat())),
        _ => None,
    }
}

fn from_wire(name: &Name) -> Option<DomainName> {
    DomainName::from_labels(name.iter()).ok()
}

/// RFC 8914: option 15, two octets of code, then text. The library hands it over raw.
fn extended_errors(edns: &Edns) -> Vec<Ede> {
    const OPTION: u16 = 15;
    const MOST: usize = 8;
    let options = edns.options().options.iter().filter(|(code, _)| *code == EdnsCode::Unknown(OPTION));
    let read = options.filter_map(|(_, option)| match option {
        EdnsOption::Unknown(OPTION, payload) => {
            let (code, text) = payload.split_first_chunk::<2>()?;
            Some(Ede { code: u16::from_be_bytes(*code), text: String::from_utf8_lossy(text).into_owned() })
        }
        _ => None,
    });
    read.take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_section_ends_where_it_says() {
        let name = DomainName::parse("mail.port25.com").unwrap();
        let question = Question::new(&name, Kind::Mx, || false).unwrap();
        assert_eq!(question.section(), b"\x04mail\x06port25\x03com\0\0\x0f\0\x01");
        let upper = Question::new(&name, Kind::Mx, || true).unwrap();
        assert_eq!(upper.section(), b"\x04MAIL\x06PORT25\x03COM\0\0\x0f\0\x01");
    }

    #[test]
    fn the_class_is_asked_for_and_looked_at() {
        let name = DomainName::parse("whoami.cloudflare").unwrap();
        let question = Question::new(&name, Kind::ChaosTxt, || false).unwrap();
        assert!(question.section().ends_with(b"\x0acloudflare\0\0\x10\0\x03"));
        // The same answer in two classes: header, question, a TXT of two strings.
        let answer = |class: u8| {
            let mut bytes = question.bytes[..question.end].to_vec();
            bytes[2..12].copy_from_slice(&[0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0]);
            bytes.extend_from_slice(&[0xc0, 12, 0, 16, 0, class, 0, 0, 0, 0, 0, 6, 3]);
            bytes.extend_from_slice(b"203\x01.");
            bytes
        };
        assert_eq!(
            read(&answer(3), &name, Kind::ChaosTxt).unwrap().records,
            [Rr { ttl: 0, data: Data::Txt(b"203.".to_vec()) }]
        );
        assert_eq!(read(&answer(1), &name, Kind::ChaosTxt).unwrap().denial, Some(Problem::NoData));
    }

    #[test]
    fn garbage_is_a_bad_answer() {
        let name = DomainName::parse("x.example").unwrap();
        for bytes in [&b""[..], b"\0\0", &[0xff; 64], b"GET / HTTP/1.0\r\n\r\n"] {
            let refusal = read(bytes, &name, Kind::Mx).unwrap_err();
            assert_eq!(refusal.problem, Problem::BadAnswer);
        }
    }
}
