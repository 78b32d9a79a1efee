//! A message comes, a message goes.

use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{DNSClass, RecordType};

use super::Data;
use super::fault::{Fault, HEADER, Kind};

/// What fits into a datagram without EDNS (RFC 1035 section 4.2.1).
const PLAIN_SIZE: u16 = 512;
/// The largest datagram taken and sent.
pub(super) const MOST_UDP: u16 = 4_096;
/// The EDNS option for extended errors (RFC 8914).
const EXTENDED_ERROR: u16 = 15;

/// What is done about a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Response {
    Now(Vec<u8>),
    Later(Duration, Vec<u8>),
    Never,
}

/// Answers `query`, which may be anything.
pub(super) fn respond(data: &Data, query: &[u8], udp: bool) -> Response {
    // What is no question is not answered, or two servers could keep each other busy.
    let Some(header) = query.first_chunk::<HEADER>().filter(|header| header[2] & 0x80 == 0) else {
        return Response::Never;
    };
    let id = u16::from_be_bytes([header[0], header[1]]);
    let refuse = |code| {
        let op_code = OpCode::from_u8(header[2] >> 3 & 0x0f);
        Message::error_msg(id, op_code, code).to_vec().map_or(Response::Never, Response::Now)
    };
    let Ok(asked) = Message::from_vec(query) else { return refuse(ResponseCode::FormErr) };
    if asked.metadata.op_code != OpCode::Query {
        return refuse(ResponseCode::NotImp);
    }
    let ([question], Some(end)) = (asked.queries.as_slice(), question_end(query)) else {
        return refuse(ResponseCode::FormErr);
    };
    // Class CH holds what is text in class IN: enough for servers that say who asks.
    let class = question.query_class();
    if class != DNSClass::IN && (class, question.query_type()) != (DNSClass::CH, RecordType::TXT) {
        return refuse(ResponseCode::Refused);
    }
    let fault = Fault::find(&data.faults, question.name(), question.query_type());
    let kind = fault.map(|fault| fault.kind);

    let mut answer = Message::new(id, MessageType::Response, OpCode::Query);
    answer.metadata.recursion_desired = asked.metadata.recursion_desired;
    answer.metadata.authoritative = true;
    answer.add_query(question.clone());
    if asked.edns.is_some() {
        let mut edns = Edns::new();
        edns.set_max_payload(MOST_UDP);
        if let Some((code, text)) = fault.and_then(|fault| fault.ede.as_ref()) {
            let payload = [&code.to_be_bytes(), text.as_bytes()].concat();
            edns.options_mut().insert(EdnsOption::Unknown(EXTENDED_ERROR, payload));
        }
        answer.set_edns(edns);
    }
    match kind {
        Some(Kind::Timeout) => return Response::Never,
        Some(Kind::Code(code)) => {
            answer.metadata.response_code = code;
            answer.metadata.authoritative = false;
        }
        _ => {
            let found = data.zone.answer(question.name(), question.query_type());
            answer.metadata.response_code = found.code;
            answer.answers = found.answers;
            answer.answers.iter_mut().for_each(|record| record.dns_class = class);
            answer.authorities = found.authorities;
            // RFC 6840 section 5.8: only where it was asked for.
            let wanted = asked.metadata.authentic_data
                || asked.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok);
            answer.metadata.authentic_data = wanted && data.signed.covers(&found.walked);
        }
    }
    let size = if udp { asked.max_payload().clamp(PLAIN_SIZE, MOST_UDP) } else { u16::MAX };
    let Some(mut bytes) = encode(&answer, size, udp && kind == Some(Kind::Truncate)) else {
        return refuse(ResponseCode::ServFail);
    };
    // To the octet as it was asked: clients draw the letter case at random (0x20).
    if let (Some(ours), Some(theirs)) = (bytes.get_mut(HEADER..end), query.get(HEADER..end)) {
        ours.copy_from_slice(theirs);
    }
    if let Some(kind) = kind {
        kind.spoil(&mut bytes, end, udp);
    }
    match kind {
        Some(Kind::Delay(time)) => Response::Later(time, bytes),
        _ => Response::Now(bytes),
    }
}

/// The message in at most `size` octets; a longer one becomes just its question, with TC.
fn encode(answer: &Message, size: u16, truncate: bool) -> Option<Vec<u8>> {
    let whole = answer.to_vec().ok()?;
    if truncate || whole.len() > usize::from(size) { answer.truncate().to_vec().ok() } else { Some(whole) }
}

/// Where the question section ends, if its name is written out.
fn question_end(query: &[u8]) -> Option<usize> {
    const LONGEST_LABEL: u8 = 63;
    let mut at = HEADER;
    loop {
        match *query.get(at)? {
            0 => return Some(at + 5).filter(|end| *end <= query.len()),
            length @ 1..=LONGEST_LABEL => at += usize::from(length) + 1,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::Query;
    use hickory_proto::rr::{LowerName, Name};

    use super::super::{Signed, Zone};
    use super::*;

    fn data(kind: Option<Kind>) -> Data {
        let many: String =
            (0..80).map(|n| format!("many.example. 60 IN MX {n} mx{n}.many.example.\n")).collect();
        let zone = Zone::parse(&format!("x.example. 300 IN MX 10 mx.example.\n{many}")).unwrap();
        let faults = kind.map(|kind| Fault {
            name: LowerName::new(&Name::from_ascii("x.example.").unwrap()),
            below: false,
            record_type: None,
            kind,
            ede: Some((22, "no reachable authority".into())),
        });
        let signed = Signed::parse(&["x.example".to_owned()], &[]).unwrap();
        Data { zone, faults: faults.into_iter().collect(), signed }
    }

    fn question(name: &str, edns: Option<u16>) -> Vec<u8> {
        let mut message = Message::new(0x1234, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::MX));
        if let Some(size) = edns {
            let mut edns = Edns::new();
            edns.set_max_payload(size);
            message.set_edns(edns);
        }
        message.to_vec().unwrap()
    }

    fn now(response: Response) -> Vec<u8> {
        match response {
            Response::Now(bytes) => bytes,
            other => panic!("{other:?}"),
        }
    }

    fn spoilt(kind: Kind, udp: bool) -> Vec<u8> {
        now(respond(&data(Some(kind)), &question("X.eXample.", Some(1232)), udp))
    }

    #[test]
    fn the_question_comes_back_octet_for_octet() {
        let query = question("X.eXaMPle.", None);
        let bytes = now(respond(&data(None), &query, true));
        assert_eq!(bytes[HEADER..query.len()], query[HEADER..]);
        let message = Message::from_vec(&bytes).unwrap();
        assert!(message.metadata.authoritative && message.metadata.recursion_desired);
        assert!(!message.metadata.recursion_available);
        assert!(message.edns.is_none());
        assert_eq!(message.answers.len(), 1);
    }

    #[test]
    fn what_does_not_fit_into_a_datagram_is_truncated() {
        for (edns, whole) in [(None, false), (Some(100), false), (Some(1232), false), (Some(4096), true)] {
            let bytes = now(respond(&data(None), &question("many.example.", edns), true));
            let message = Message::from_vec(&bytes).unwrap();
            assert_eq!(message.metadata.truncation, !whole, "{edns:?}");
            assert_eq!(message.answers.len(), if whole { 80 } else { 0 });
            assert_eq!(message.edns.is_some(), edns.is_some());
        }
        let bytes = now(respond(&data(None), &question("many.example.", None), false));
        assert_eq!(Message::from_vec(&bytes).unwrap().answers.len(), 80);
    }

    #[test]
    fn an_extended_error_where_the_question_had_edns() {
        let servfail = Kind::Code(ResponseCode::ServFail);
        let message = Message::from_vec(&spoilt(servfail, true)).unwrap();
        assert_eq!(message.metadata.response_code, ResponseCode::ServFail);
        let edns = message.edns.unwrap();
        let (_, option) = &edns.options().options[0];
        assert_eq!(*option, EdnsOption::Unknown(15, b"\0\x16no reachable authority".to_vec()));
        let plain = now(respond(&data(Some(servfail)), &question("x.example.", None), true));
        assert!(Message::from_vec(&plain).unwrap().edns.is_none());
    }

    #[test]
    fn the_word_of_a_validating_resolver_where_it_was_asked_for() {
        let of = |name: &str, ad: bool, dnssec_ok: bool| {
            let mut query = Message::from_vec(&question(name, Some(1232))).unwrap();
            query.metadata.authentic_data = ad;
            query.edns.as_mut().unwrap().set_dnssec_ok(dnssec_ok);
            let bytes = now(respond(&data(None), &query.to_vec().unwrap(), true));
            Message::from_vec(&bytes).unwrap().metadata.authentic_data
        };
        assert!(of("x.example.", true, false) && of("x.example.", false, true));
        assert!(of("nosuch.x.example.", true, false), "a denial is signed too");
        assert!(!of("x.example.", false, false) && !of("many.example.", true, true));
    }

    #[test]
    fn each_fault_spoils_what_it_says() {
        let right = now(respond(&data(None), &question("X.eXample.", Some(1232)), true));
        assert!(Message::from_vec(&spoilt(Kind::Garbage, true)).is_err());
        assert_ne!(spoilt(Kind::WrongId, true)[..2], right[..2]);
        assert_eq!(spoilt(Kind::WrongId, true)[2..12], right[2..12]);
        let other = Message::from_vec(&spoilt(Kind::WrongQuestion, true)).unwrap();
        assert_eq!(other.queries[0].name().to_ascii(), "y.eXample.");
        let lower = Message::from_vec(&spoilt(Kind::LowerCase, true)).unwrap();
        assert_eq!(lower.queries[0].name().to_ascii(), "x.example.");
        let truncated = Message::from_vec(&spoilt(Kind::Truncate, true)).unwrap();
        assert!(truncated.metadata.truncation && truncated.answers.is_empty());
        let late =
            respond(&data(Some(Kind::Delay(Duration::from_secs(1)))), &question("x.example.", None), true);
        assert!(matches!(late, Response::Later(time, _) if time == Duration::from_secs(1)));
        let never = respond(&data(Some(Kind::Timeout)), &question("x.example.", None), true);
        assert_eq!(never, Response::Never);
    }

    #[test]
    fn over_tcp_nothing_is_truncated_and_no_case_is_lost() {
        for kind in [Kind::Truncate, Kind::LowerCase] {
            let message = Message::from_vec(&spoilt(kind, false)).unwrap();
            assert_eq!(message.answers.len(), 1);
            assert_eq!(message.queries[0].name().to_ascii(), "X.eXample.");
        }
    }

    #[test]
    fn what_is_no_question_gets_an_error_or_nothing() {
        let code = |bytes: &[u8]| {
            let bytes = now(respond(&data(None), bytes, true));
            assert_eq!(bytes[..2], [0x12, 0x34]);
            Message::from_vec(&bytes).unwrap().metadata.response_code
        };
        let good = question("x.example.", Some(1232));
        assert_eq!(respond(&data(None), b"", true), Response::Never);
        assert_eq!(respond(&data(None), &good[..11], true), Response::Never);
        let mut response = good.clone();
        response[2] |= 0x80;
        assert_eq!(respond(&data(None), &response, true), Response::Never);
        assert_eq!(code(&good[..12]), ResponseCode::FormErr);
        for cut in 13..good.len() {
            assert_eq!(code(&good[..cut]), ResponseCode::FormErr, "{cut}");
        }
        let mut notify = good.clone();
        notify[2] |= 4 << 3;
        assert_eq!(code(&notify), ResponseCode::NotImp);
        let mut chaos = question("x.example.", None);
        *chaos.last_mut().unwrap() = 3;
        assert_eq!(code(&chaos), ResponseCode::Refused);
        let mut none = good[..12].to_vec();
        none[4..].fill(0);
        assert_eq!(code(&none), ResponseCode::FormErr);
    }
}
