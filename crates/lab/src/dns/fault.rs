//! Names that are answered wrongly, late or not at all.

use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{LowerName, Name, RecordType};

/// Octets of the header, before the question.
pub(crate) const HEADER: usize = 12;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// This code, and nothing else.
    Code(ResponseCode),
    /// No answer.
    Timeout,
    /// After header and question, octets that are no record.
    Garbage,
    /// The right answer under another id.
    WrongId,
    /// The right answer to another question.
    WrongQuestion,
    /// Nothing but TC over UDP, the whole answer over TCP.
    Truncate,
    /// A middlebox writes the question in lower case over UDP.
    LowerCase,
    /// The right answer, late.
    Delay(Duration),
}

/// A fault, and which names have it.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// The name; with `below`, all names below it.
    pub(crate) name: LowerName,
    pub(crate) below: bool,
    pub(crate) record_type: Option<RecordType>,
    pub(crate) kind: Kind,
    /// RFC 8914: code and text.
    pub(crate) ede: Option<(u16, String)>,
}

impl Fault {
    /// The first of `faults` that a question has.
    pub(crate) fn find<'a>(faults: &'a [Self], name: &Name, kind: RecordType) -> Option<&'a Self> {
        if faults.is_empty() {
            return None;
        }
        let name = LowerName::new(name);
        faults.iter().find(|fault| fault.fits(&name) && fault.record_type.is_none_or(|only| only == kind))
    }

    fn fits(&self, name: &LowerName) -> bool {
        if self.below { self.name != *name && self.name.zone_of(name) } else { self.name == *name }
    }
}

impl Kind {
    /// Spoils a right answer, whose question section ends at `end`.
    pub(crate) fn spoil(self, answer: &mut Vec<u8>, end: usize, udp: bool) {
        match self {
            Self::Garbage => {
                answer.truncate(end);
                answer.extend_from_slice(&[0xff; 40]);
                // One answer, nothing else.
                if let Some(counts) = answer.get_mut(6..HEADER) {
                    counts.copy_from_slice(&[0, 1, 0, 0, 0, 0]);
                }
            }
            Self::WrongId => {
                if let Some(octet) = answer.first_mut() {
                    *octet ^= 0x55;
                }
            }
            Self::WrongQuestion => {
                // The name's first letter; the root has none, so its type.
                let at = if answer.get(HEADER) == Some(&0) { HEADER + 2 } else { HEADER + 1 };
                if let Some(octet) = answer.get_mut(at) {
                    *octet = if octet.eq_ignore_ascii_case(&b'x') { b'y' } else { b'x' };
                }
            }
            Self::LowerCase if udp => {
                if let Some(question) = answer.get_mut(HEADER..end.saturating_sub(4)) {
                    question.make_ascii_lowercase();
                }
            }
            Self::LowerCase | Self::Code(_) | Self::Timeout | Self::Truncate | Self::Delay(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(name: &str, below: bool, record_type: Option<RecordType>) -> Fault {
        let name = LowerName::new(&Name::from_ascii(name).unwrap());
        Fault { name, below, record_type, kind: Kind::Timeout, ede: None }
    }

    fn found(fault: Fault, name: &str, kind: RecordType) -> bool {
        Fault::find(&[fault], &Name::from_ascii(name).unwrap(), kind).is_some()
    }

    #[test]
    fn one_name_or_all_below_it() {
        assert!(found(fault("a.example.", false, None), "A.Example.", RecordType::MX));
        assert!(!found(fault("a.example.", false, None), "b.a.example.", RecordType::MX));
        assert!(found(fault("a.example.", true, None), "c.b.A.example.", RecordType::MX));
        assert!(!found(fault("a.example.", true, None), "a.example.", RecordType::MX));
    }

    #[test]
    fn one_type_only() {
        assert!(found(fault("a.example.", false, Some(RecordType::MX)), "a.example.", RecordType::MX));
        assert!(!found(fault("a.example.", false, Some(RecordType::MX)), "a.example.", RecordType::A));
    }

    #[test]
    fn spoiling_the_shortest_message_does_not_panic() {
        for kind in [Kind::Garbage, Kind::WrongId, Kind::WrongQuestion, Kind::LowerCase] {
            for length in 0..20 {
                kind.spoil(&mut vec![0; length], 17, true);
            }
        }
    }
}
