//! Questions for signatures, and what of the answers is looked at.

use std::collections::HashMap;

use hickory_net::proto::dnssec::rdata::{DNSSECRData, RRSIG};
use hickory_net::proto::op::{DnsResponse, Message, Query, ResponseCode};
use hickory_net::proto::rr::{Name, RData, Record, RecordType};

use crate::net::upstreams::Refusal;
use crate::net::wire::{self, Head, Question};
use crate::{Ede, Problem};

/// The most signatures that are tried for a set of records: of two algorithms, by two keys each, and once more.
const MOST_SIGNATURES: usize = 8;
/// The most sets of records that can have a part in a proof of absence (RFC 5155 section 7.2: three, and the SOA).
const MOST_PROOFS: usize = 8;

/// Asks with DO, and CD: what a server further on finds bogus comes all the same, and is judged here (RFC 6840
/// section 5.9). Letters are in random case as in any other question.
pub(super) fn question(query: &Query, coin: impl FnMut() -> bool) -> Question {
    let name = query.name();
    let write_name = |bytes: &mut Vec<u8>| {
        for label in name.iter() {
            // A label has at most 63 octets.
            bytes.push(label.len() as u8);
            bytes.extend_from_slice(label);
        }
        bytes.push(0);
    };
    let head = Head { bits: 0x10, edns: 0x80, kind: query.query_type(), class: query.query_class() };
    Question::of(head, name.len(), write_name, coin)
}

/// Reads an answer whose id and question section were checked before, and drops what says nothing about the question
/// (see [`keep`]); with the extended errors. `apex` is the closest trusted zone above.
///
/// # Errors
/// The server could not tell, or what it sent says nothing.
pub(super) fn read(
    bytes: &[u8],
    query: &Query,
    apex: Option<&Name>,
) -> Result<(DnsResponse, Vec<Ede>), Refusal> {
    let (mut message, ede) = wire::decode(bytes)?;
    if let Some(problem) = wire::refusal(&message, message.answers.is_empty()) {
        return Err(Refusal { problem, ede });
    }
    keep(&mut message, query, apex);
    match DnsResponse::from_message(message) {
        Ok(response) => Ok((response, ede)),
        Err(_) => Err(Refusal { problem: Problem::BadAnswer, ede }),
    }
}

/// Leaves the records of the name asked for (aliases are asked for one by one), or the proof that there are none.
///
/// A proof counts only if it is about a zone that the name is in: one of a zone that is not signed, elsewhere or above
/// what is trusted, would make an unsigned denial look like a matter of course.
fn keep(message: &mut Message, query: &Query, apex: Option<&Name>) {
    let (name, kind) = (query.name(), query.query_type());
    let answers = std::mem::take(&mut message.answers);
    let is_wanted = |of: RecordType| of == kind || of == RecordType::CNAME;
    message.answers =
        answers.into_iter().filter(|record| record.name == *name && is_wanted(covered(record))).collect();
    bound(&mut message.answers, usize::MAX);
    if !message.answers.is_empty() {
        // Whatever becomes of an alias's target, the alias is there.
        message.metadata.response_code = ResponseCode::NoError;
    }
    // Only an answer made from a wildcard needs a proof beside it (RFC 4035 section 5.3.4); another that a cache adds is
    // about the target of the alias.
    if !message.answers.is_empty() && !is_from_wildcard(&message.answers, name) {
        message.authorities.clear();
    }
    let is_above = |zone: &Name| zone.zone_of(name) && apex.is_some_and(|apex| apex.zone_of(zone));
    let signed: Vec<(Name, RecordType)> = message
        .authorities
        .iter()
        .filter(|record| signature(record).is_some_and(|rrsig| is_above(&rrsig.input().signer_name)))
        .map(|record| (record.name.clone(), covered(record)))
        .collect();
    let authorities = std::mem::take(&mut message.authorities);
    message.authorities = authorities
        .into_iter()
        .filter(|record| match covered(record) {
            RecordType::SOA => is_above(&record.name),
            of @ (RecordType::NSEC | RecordType::NSEC3) => {
                signed.iter().any(|(name, kind)| *name == record.name && *kind == of)
            }
            // A server that is the authority for a parent names the servers of a child there.
            RecordType::NS => kind == RecordType::NS && record.name == *name,
            _ => false,
        })
        .collect();
    bound(&mut message.authorities, MOST_PROOFS);
    message.additionals.clear();
}

/// Drops sets of records beyond `sets`, and signatures beyond what is tried.
fn bound(records: &mut Vec<Record>, sets: usize) {
    let mut seen: HashMap<(Name, RecordType), usize> = HashMap::new();
    records.retain(|record| {
        let key = (record.name.clone(), covered(record));
        if seen.len() >= sets && !seen.contains_key(&key) {
            return false;
        }
        let signatures = seen.entry(key).or_default();
        *signatures += usize::from(signature(record).is_some());
        signature(record).is_none() || *signatures <= MOST_SIGNATURES
    });
}

/// The type of a record, or the one that it is the signature of.
fn covered(record: &Record) -> RecordType {
    signature(record).map_or(record.record_type(), |rrsig| rrsig.input().type_covered)
}

/// Whether one of the signatures is over a wildcard that the name was made from (RFC 4035 section 5.3.1).
pub(super) fn is_from_wildcard(answers: &[Record], name: &Name) -> bool {
    answers.iter().filter_map(signature).any(|rrsig| rrsig.input().num_labels < name.num_labels())
}

pub(super) fn signature(record: &Record) -> Option<&RRSIG> {
    match &record.data {
        RData::DNSSEC(DNSSECRData::RRSIG(rrsig)) => Some(rrsig),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use hickory_net::proto::dnssec::Algorithm;
    use hickory_net::proto::dnssec::rdata::{NSEC, SigInput};
    use hickory_net::proto::op::{MessageType, OpCode};
    use hickory_net::proto::rr::SerialNumber;
    use hickory_net::proto::rr::rdata::{CNAME, NS, SOA, TXT};

    use super::*;

    pub(in crate::net::dnssec) fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn record(at: &str, data: RData) -> Record {
        Record::from_rdata(name(at), 300, data)
    }

    fn soa(at: &str) -> Record {
        record(at, RData::SOA(SOA::new(name("ns."), name("ns."), 1, 1, 1, 1, 1)))
    }

    fn nsec(at: &str) -> Record {
        record(at, RData::DNSSEC(DNSSECRData::NSEC(NSEC::new(name("z."), [RecordType::MX]))))
    }

    pub(in crate::net::dnssec) fn rrsig(at: &str, of: RecordType, signer: &str, labels: u8) -> Record {
        let input = SigInput {
            type_covered: of,
            algorithm: Algorithm::ECDSAP256SHA256,
            num_labels: labels,
            original_ttl: 300,
            sig_expiration: SerialNumber::new(1),
            sig_inception: SerialNumber::new(0),
            key_tag: 1,
            signer_name: name(signer),
        };
        record(at, RData::DNSSEC(DNSSECRData::RRSIG(RRSIG::from_sig(input, vec![0; 64]))))
    }

    /// What is left of an answer for the TXT of `x.a.example`: answers and authorities.
    fn kept(answers: Vec<Record>, authorities: Vec<Record>, apex: Option<&str>) -> (usize, usize) {
        let mut message = Message::new(0, MessageType::Response, OpCode::Query);
        message.answers = answers;
        message.authorities = authorities;
        let apex = apex.map(name);
        keep(&mut message, &Query::query(name("x.a.example."), RecordType::TXT), apex.as_ref());
        (message.answers.len(), message.authorities.len())
    }

    #[test]
    fn a_question_asks_for_signatures_whatever_the_server_thinks() {
        let query = Query::query(name("a.example."), RecordType::DNSKEY);
        let question = question(&query, || true);
        assert_eq!(question.section(), b"\x01A\x07EXAMPLE\0\0\x30\0\x01");
        let message = Message::from_vec(&question.bytes).unwrap();
        assert!(message.metadata.checking_disabled && message.edns.unwrap().flags().dnssec_ok);
        let root = super::question(&Query::query(Name::root(), RecordType::NS), || true);
        assert_eq!(root.section(), b"\0\0\x02\0\x01");
    }

    #[test]
    fn only_what_is_about_the_name_is_looked_at() {
        let txt = |at: &str| record(at, RData::TXT(TXT::new(vec!["x".into()])));
        let all = vec![
            txt("X.a.Example."),
            rrsig("x.a.example.", RecordType::TXT, "example.", 3),
            txt("y.a.example."),
            record("x.a.example.", RData::NS(NS(name("ns.")))),
            rrsig("x.a.example.", RecordType::NS, "example.", 3),
        ];
        assert_eq!(kept(all, vec![], Some(".")), (2, 0));
        let alias = vec![record("x.a.example.", RData::CNAME(CNAME(name("b.")))), txt("b.")];
        let about_the_target = vec![nsec("b."), rrsig("b.", RecordType::NSEC, ".", 1)];
        assert_eq!(kept(alias, about_the_target, Some(".")), (1, 0));
    }

    #[test]
    fn what_a_wildcard_gives_keeps_its_proof() {
        let answer = vec![
            record("x.a.example.", RData::TXT(TXT::new(vec!["x".into()]))),
            rrsig("x.a.example.", RecordType::TXT, "example.", 2),
        ];
        let proof = vec![nsec("a.example."), rrsig("a.example.", RecordType::NSEC, "example.", 2)];
        assert_eq!(kept(answer, proof, Some(".")), (2, 2));
    }

    #[test]
    fn a_proof_counts_only_if_it_is_about_a_zone_above_the_name() {
        let signed = |signer| vec![nsec("w.example."), rrsig("w.example.", RecordType::NSEC, signer, 2)];
        for (authorities, apex, left) in [
            (vec![soa("example.")], Some("."), 1),
            (vec![soa("example.")], Some("a.example."), 0),
            (vec![soa("other.")], Some("."), 0),
            (vec![soa("example.")], None, 0),
            (vec![nsec("w.example.")], Some("."), 0),
            (signed("example."), Some("."), 2),
            (signed("w.example."), Some("."), 0),
            (vec![record("example.", RData::NS(NS(name("ns."))))], Some("."), 0),
        ] {
            assert_eq!(kept(vec![], authorities.clone(), apex), (0, left), "{authorities:?}");
        }
    }

    #[test]
    fn sets_and_signatures_without_end_are_cut() {
        let many = |count: usize| (0..count).map(|n| soa(&format!("x{n}.")));
        let mut records: Vec<Record> = many(20).collect();
        bound(&mut records, MOST_PROOFS);
        assert_eq!(records.len(), MOST_PROOFS);
        let mut records: Vec<Record> = (0..20).map(|_| rrsig("x.", RecordType::MX, ".", 1)).collect();
        bound(&mut records, usize::MAX);
        assert_eq!(records.len(), MOST_SIGNATURES);
    }

    #[test]
    fn garbage_is_a_bad_answer() {
        let query = Query::query(name("x."), RecordType::MX);
        for bytes in [&b""[..], b"\0\0", &[0xff; 64], b"GET / HTTP/1.0\r\n\r\n"] {
            assert_eq!(read(bytes, &query, None).unwrap_err().problem, Problem::BadAnswer);
        }
    }
}
