//! Questions and answers on the wire; the only file that knows the codec.

use hickory_proto::op::{Edns, Header, Message, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

use super::upstreams::Refusal;
use crate::{Data, DomainName, Ede, Kind, Problem, Rr, Tlsa};

/// The payload that fits every path without fragments (DNS flag day 2020).
const PAYLOAD: u16 = 1232;

/// The option that fills a message up (RFC 7830).
const PADDING: u16 = 12;

/// A question ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Question {
    /// The message.
    pub(super) bytes: Vec<u8>,
    /// Where its question section ends; the answer's must be the same to the letter.
    pub(super) end: usize,
}

/// What a question says beside the name.
#[derive(Debug)]
pub(super) struct Head {
    /// The second octet of the header's flags.
    pub(super) bits: u8,
    /// The first of the EDNS flags.
    pub(super) edns: u8,
    pub(super) kind: RecordType,
    pub(super) class: DNSClass,
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

    /// The same question, filled up so that its length does not tell the name (RFC 8467 section 4.1); for a
    /// connection that is encrypted.
    pub(super) fn padded(mut self) -> Self {
        const BLOCK: usize = 128;
        let Ok(mut message) = Message::from_vec(&self.bytes) else { return self };
        if let Some(edns) = &mut message.edns {
            // Four octets before it say what it is, and how long.
            let length = (BLOCK - (self.bytes.len() + 4) % BLOCK) % BLOCK;
            edns.options_mut().insert(EdnsOption::Unknown(PADDING, vec![0; length]));
        }
        if let Ok(bytes) = message.to_vec() {
            self.bytes = bytes;
        }
        self
    }

    /// Asks for `kind` at `name`; each letter's case is drawn from `coin`, so that a forger must
    /// guess it (0x20).
    pub(super) fn new(name: &DomainName, kind: Kind, coin: impl FnMut() -> bool) -> Self {
        // AD: a resolver that validates is to say so (RFC 6840 section 5.7).
        let head = Head { bits: 0x20, edns: 0, kind: record_type(kind), class: class(kind) };
        Self::of(head, name.octets(), |bytes| name.write_to(bytes), coin)
    }

    /// The same of a name that takes so many octets.
    pub(super) fn of(
        head: Head,
        octets: usize,
        write_name: impl FnOnce(&mut Vec<u8>),
        mut coin: impl FnMut() -> bool,
    ) -> Self {
        // By hand, since the codec takes a tenth of the time of a whole lookup for it.
        // The id is drawn later; RD; one question, one OPT.
        let header = [0, 0, 0x01, head.bits, 0, 1, 0, 0, 0, 0, 0, 1];
        let [high, low] = PAYLOAD.to_be_bytes();
        let opt = [0, 0, 41, high, low, 0, 0, head.edns, 0, 0, 0];
        let mut bytes = Vec::with_capacity(HEADER + octets + 4 + opt.len());
        bytes.extend_from_slice(&header);
        write_name(&mut bytes);
        // The length of a label is no letter.
        for byte in &mut bytes[HEADER..] {
            if byte.is_ascii_alphabetic() && coin() {
                *byte ^= 0x20;
            }
        }
        bytes.extend_from_slice(&u16::from(head.kind).to_be_bytes());
        bytes.extend_from_slice(&u16::from(head.class).to_be_bytes());
        let end = bytes.len();
        bytes.extend_from_slice(&opt);
        Self { bytes, end }
    }
}

/// Random coins, drawn many at a time.
pub(super) fn coins() -> impl FnMut() -> bool {
    let mut drawn = 1_u64;
    move || {
        // The highest bit that is set marks the end of them.
        if drawn == 1 {
            drawn = rand::random::<u64>() | 1 << 63;
        }
        let coin = drawn & 1 == 1;
        drawn >>= 1;
        coin
    }
}

pub(super) fn record_type(kind: Kind) -> RecordType {
    match kind {
        Kind::A => RecordType::A,
        Kind::Aaaa => RecordType::AAAA,
        Kind::Mx => RecordType::MX,
        Kind::Ptr => RecordType::PTR,
        Kind::Cname => RecordType::CNAME,
        Kind::Tlsa => RecordType::TLSA,
        Kind::Txt | Kind::ChaosTxt => RecordType::TXT,
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
    /// How long it may be kept, in seconds.
    pub(super) lasts: u32,
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
    match read_records(bytes, name, kind) {
        Some(reading) => Ok(reading),
        None => read_whole(bytes, name, kind),
    }
}

fn read_whole(bytes: &[u8], name: &DomainName, kind: Kind) -> Result<Reading, Refusal> {
    let (message, ede) = decode(bytes)?;
    let (cname, records, looped) = follow(&message.answers, name, kind);
    let denial = match refusal(&message, records.is_empty()) {
        _ if looped => Some(Problem::CnameLoop),
        Some(problem) => return Err(Refusal { problem, ede }),
        None if message.metadata.response_code == ResponseCode::NXDomain => Some(Problem::NxDomain),
        None => records.is_empty().then_some(Problem::NoData),
    };
    let lasts = match denial {
        None => shortest(&message.answers),
        Some(_) => shortest(&message.answers).min(denial_lasts(&message.authorities)),
    };
    Ok(Reading { cname, records, denial, authentic: message.metadata.authentic_data, ede, lasts })
}

/// Reads a plain answer, which most are, and of that only the section that counts.
fn read_records(bytes: &[u8], name: &DomainName, kind: Kind) -> Option<Reading> {
    let mut decoder = BinDecoder::new(bytes);
    let Header { metadata, counts } = Header::read(&mut decoder).ok()?;
    if metadata.response_code != ResponseCode::NoError || counts.queries != 1 {
        return None;
    }
    decoder.read_slice(name.octets() + 4).ok()?;
    let count = usize::from(counts.answers);
    let (answers, ..) = Message::read_records(&mut decoder, count, false, metadata.op_code).ok()?;
    let (cname, records, looped) = follow(&answers, name, kind);
    let plain = !looped && !records.is_empty();
    plain.then_some(Reading {
        cname,
        records,
        denial: None,
        authentic: metadata.authentic_data,
        ede: Vec::new(),
        lasts: shortest(&answers),
    })
}

/// A time to live; one with the highest bit set counts as none (RFC 2181 section 8).
pub(super) fn seconds(ttl: u32) -> u32 {
    if ttl > i32::MAX.cast_unsigned() { 0 } else { ttl }
}

/// How long all of the records may be kept, in seconds.
fn shortest(records: &[Record]) -> u32 {
    records.iter().map(|record| seconds(record.ttl)).min().unwrap_or(u32::MAX)
}

/// How long a denial may be kept, in seconds: without a SOA not at all (RFC 2308 section 5).
fn denial_lasts(authorities: &[Record]) -> u32 {
    let soa = authorities.iter().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(seconds(record.ttl).min(soa.minimum)),
        _ => None,
    });
    soa.unwrap_or_default()
}

/// A message with its extended errors.
///
/// # Errors
/// It is none.
pub(super) fn decode(bytes: &[u8]) -> Result<(Message, Vec<Ede>), Refusal> {
    let bad = |_| Refusal { problem: Problem::BadAnswer, ede: Vec::new() };
    let message = Message::from_vec(bytes).map_err(bad)?;
    let ede = message.edns.as_ref().map(extended_errors).unwrap_or_default();
    Ok((message, ede))
}

/// Why a message tells nothing of what was asked, if it does not; `is_empty` if it holds no such records.
pub(super) fn refusal(message: &Message, is_empty: bool) -> Option<Problem> {
    match message.metadata.response_code {
        // It knows somebody who might know: that denies nothing.
        ResponseCode::NoError if is_empty && is_referral(message) => Some(Problem::BadAnswer),
        ResponseCode::NoError | ResponseCode::NXDomain => None,
        ResponseCode::Refused => Some(Problem::Refused),
        ResponseCode::FormErr | ResponseCode::NotImp => Some(Problem::BadAnswer),
        _ => Some(Problem::ServFail),
    }
}

/// Whether a server that neither is the authority nor resolves names other servers, and nothing
/// else (RFC 2308 section 2.2.1).
fn is_referral(message: &Message) -> bool {
    let has = |kind| message.authorities.iter().any(|record| record.record_type() == kind);
    let flags = &message.metadata;
    !flags.authoritative && !flags.recursion_available && has(RecordType::NS) && !has(RecordType::SOA)
}

/// Follows the aliases that the answer holds, and takes the records at their end.
fn follow(answers: &[Record], name: &DomainName, kind: Kind) -> (Vec<DomainName>, Vec<Rr>, bool) {
    const MAX_ALIASES: usize = 16;
    let mut cname: Vec<DomainName> = Vec::new();
    loop {
        let at = cname.last().unwrap_or(name);
        let owned =
            answers.iter().filter(|record| record.dns_class == class(kind) && at.is_of(record.name.iter()));
        let read = |record: &Record| Some(Rr { ttl: seconds(record.ttl), data: data(&record.data, kind)? });
        let records: Vec<Rr> = owned.clone().filter_map(read).collect();
        if !records.is_empty() {
            return (cname, records, false);
        }
        let alias = owned.clone().find_map(|record| match &record.data {
            RData::CNAME(to) => from_wire(&to.0),
            _ => None,
        });
        match alias {
            None => return (cname, Vec::new(), false),
            Some(next) if next == *name || cname.contains(&next) || cname.len() == MAX_ALIASES => {
                return (cname, Vec::new(), true);
            }
            Some(next) => cname.push(next),
        }
    }
}

fn class(kind: Kind) -> DNSClass {
    match kind {
        Kind::ChaosTxt => DNSClass::CH,
        _ => DNSClass::IN,
    }
}

pub(super) fn data(rdata: &RData, kind: Kind) -> Option<Data> {
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

pub(super) fn from_wire(name: &Name) -> Option<DomainName> {
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_question_section_ends_where_it_says() {
        let name = DomainName::parse("mail.port25.com").unwrap();
        let question = Question::new(&name, Kind::Mx, || false);
        assert_eq!(question.section(), b"\x04mail\x06port25\x03com\0\0\x0f\0\x01");
        let upper = Question::new(&name, Kind::Mx, || true);
        assert_eq!(upper.section(), b"\x04MAIL\x06PORT25\x03COM\0\0\x0f\0\x01");
    }

    #[test]
    fn the_codec_reads_a_question_as_it_is_meant() {
        let name = DomainName::parse(r"a\046b.mail.port25.com").unwrap();
        let question = Question::new(&name, Kind::Mx, || true);
        let message = Message::from_vec(&question.bytes).unwrap();
        let edns = message.edns.unwrap();
        assert_eq!((edns.max_payload(), edns.flags().dnssec_ok), (PAYLOAD, false));
        let flags = message.metadata;
        assert!(flags.recursion_desired && flags.authentic_data && !flags.checking_disabled);
        assert_eq!(message.queries.len(), 1);
        assert!(name.is_of(message.queries[0].name().iter()));
        assert_eq!(message.queries[0].query_type(), RecordType::MX);
    }

    #[test]
    fn a_padded_question_is_the_same_and_a_round_number_of_octets_long() {
        for name in ["a.example", &format!("{}.example", "x".repeat(60)), &"yy.".repeat(60)] {
            let plain = Question::new(&DomainName::parse(name).unwrap(), Kind::Mx, coins());
            let padded = plain.clone().padded();
            assert_eq!(padded.bytes.len() % 128, 0, "{name}");
            assert_eq!((padded.section(), padded.end), (plain.section(), plain.end));
            let message = Message::from_vec(&padded.bytes).unwrap();
            assert_eq!(message.edns.unwrap().max_payload(), PAYLOAD);
        }
    }

    #[test]
    fn the_class_is_asked_for_and_looked_at() {
        let name = DomainName::parse("whoami.cloudflare").unwrap();
        let question = Question::new(&name, Kind::ChaosTxt, || false);
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
    fn a_time_to_live_with_the_highest_bit_set_is_none() {
        let name = DomainName::parse("a.example").unwrap();
        let question = Question::new(&name, Kind::A, || false);
        for (ttl, read_as) in [(0, 0), (0x7fff_ffff, 0x7fff_ffff), (0x8000_0000, 0), (u32::MAX, 0)] {
            let mut bytes = question.bytes[..question.end].to_vec();
            bytes[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
            bytes.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1]);
            bytes.extend_from_slice(&ttl.to_be_bytes());
            bytes.extend_from_slice(&[0, 4, 192, 0, 2, 1]);
            let reading = read(&bytes, &name, Kind::A).unwrap();
            assert_eq!((reading.records[0].ttl, reading.lasts), (read_as, read_as));
        }
    }

    #[test]
    fn garbage_is_a_bad_answer() {
        let name = DomainName::parse("x.example").unwrap();
        for bytes in [&b""[..], b"\0\0", &[0xff; 64], b"GET / HTTP/1.0\r\n\r\n"] {
            let refusal = read(bytes, &name, Kind::Mx).unwrap_err();
            assert_eq!(refusal.problem, Problem::BadAnswer);
        }
    }

    /// Names at which records stand: few, so that they are about one another.
    fn owner() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            3 => Just(vec![0xc0, HEADER as u8]),
            2 => Just(b"\x01b\x07example\0".to_vec()),
            1 => Just(b"\x01C\x07EXAMPLE\0".to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..6),
        ]
    }

    /// A record as it is on the wire, more or less.
    fn record() -> impl Strategy<Value = Vec<u8>> {
        let named =
            |kind: u8, before: &'static [u8]| owner().prop_map(move |name| (kind, [before, &name].concat()));
        let data = prop_oneof![
            named(15, b"\0\x0a"),
            named(5, b""),
            prop::collection::vec(any::<u8>(), 4).prop_map(|ip| (1, ip)),
            prop::collection::vec(any::<u8>(), 16).prop_map(|ip| (28, ip)),
            (any::<u8>(), prop::collection::vec(any::<u8>(), 0..20)),
        ];
        let class = prop_oneof![9 => Just(1_u8), 1 => any::<u8>()];
        (owner(), data, class, any::<u32>()).prop_map(|(owner, (kind, data), class, ttl)| {
            let head = [0, kind, 0, class];
            [&owner[..], &head, &ttl.to_be_bytes(), &[0, data.len() as u8], &data].concat()
        })
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let name = DomainName::parse("a.example").unwrap();
            for kind in [Kind::A, Kind::Aaaa, Kind::Mx, Kind::Ptr, Kind::Cname, Kind::Tlsa, Kind::Txt, Kind::ChaosTxt] {
                let _ = read(&bytes, &name, kind);
            }
        }

        #[test]
        fn the_quick_reading_says_what_the_whole_one_says(
            flags: (u8, u8),
            records in prop::collection::vec(record(), 0..8),
            counts: (u8, u8, u8),
            harm: Option<(prop::sample::Index, u8)>,
        ) {
            let name = DomainName::parse("a.example").unwrap();
            for kind in [Kind::Mx, Kind::A, Kind::Aaaa] {
                let question = Question::new(&name, kind, || false);
                let mut bytes = question.bytes[..question.end].to_vec();
                let answers = counts.0 % (records.len() as u8 + 2);
                // NOERROR as a rule, since the others tell little.
                let code = if flags.1 & 0x40 == 0 { flags.1 & 0xf0 } else { flags.1 };
                let counts = [0, 1, 0, answers, 0, counts.1 % 3, 0, counts.2 % 3];
                bytes[2..HEADER].copy_from_slice(&[&[flags.0 | 0x80, code], &counts[..]].concat());
                records.iter().for_each(|record| bytes.extend_from_slice(record));
                if let Some((at, bits)) = &harm && bytes.len() > question.end {
                    let at = question.end + at.index(bytes.len() - question.end);
                    bytes[at] ^= bits;
                }
                let (quick, whole) = (read_records(&bytes, &name, kind), read_whole(&bytes, &name, kind));
                if let (Some(quick), Ok(whole)) = (quick, whole) {
                    // Extended errors of an answer that tells something are not looked at.
                    prop_assert_eq!(
                        (quick.records, quick.cname, quick.denial, quick.authentic, quick.lasts),
                        (whole.records, whole.cname, whole.denial, whole.authentic, whole.lasts)
                    );
                }
            }
        }
    }
}
