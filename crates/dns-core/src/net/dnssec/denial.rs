//! What a proof that there is nothing is worth.
//!
//! hickory proves that a name or a type has no *signed* records. With Opt-Out that leaves open whether it is
//! delegated to a zone that is not signed (RFC 5155 section 6): what such a proof denies is insecure (section 9.2).

use hickory_net::proto::dnssec::Proof;
use hickory_net::proto::dnssec::rdata::{DNSSECRData, NSEC3};
use hickory_net::proto::op::{DnsResponse, Query, ResponseCode};
use hickory_net::proto::rr::{Name, RData, Record};

use super::message::is_from_wildcard;
use crate::Security;

/// The most that can be said of an answer that hickory accepts, by what stands beside its records.
pub(super) fn most(response: &DnsResponse, query: &Query) -> Security {
    let name = query.name();
    // Only these need a proof beside them (RFC 4035 section 5.3.4).
    if !response.answers.is_empty() && !is_from_wildcard(&response.answers, name) {
        return Security::Secure;
    }
    let proved = || response.authorities.iter().filter(|record| record.proof == Proof::Secure);
    let is_proved = proved().any(|record| is_proof(&record.data));
    let hashed = || proved().filter_map(|record| Some((&record.name, nsec3(record)?)));
    // Of a name that is in the zone Opt-Out takes nothing away.
    let has_nothing = response.response_code == ResponseCode::NoError && response.answers.is_empty();
    let is_there = || has_nothing && hashed().any(|(owner, nsec3)| matches(owner, nsec3, name));
    match is_proved && (!hashed().any(|(_, nsec3)| nsec3.opt_out()) || is_there()) {
        true => Security::Secure,
        false => Security::Insecure,
    }
}

fn is_proof(data: &RData) -> bool {
    matches!(data, RData::DNSSEC(DNSSECRData::NSEC(_) | DNSSECRData::NSEC3(_)))
}

fn nsec3(record: &Record) -> Option<&NSEC3> {
    match &record.data {
        RData::DNSSEC(DNSSECRData::NSEC3(nsec3)) => Some(nsec3),
        _ => None,
    }
}

/// Whether an NSEC3 stands at the hash of this name (RFC 5155 section 3).
fn matches(owner: &Name, nsec3: &NSEC3, name: &Name) -> bool {
    let kind = nsec3.hash_algorithm();
    let Ok(hash) = kind.hash(nsec3.salt(), name, nsec3.iterations()) else { return false };
    // hickory writes the label of a hash for its next owner alone.
    let next = NSEC3::new(kind, false, 0, Vec::new(), hash.as_ref().to_vec(), []);
    let label = next.next_hashed_owner_name_base32();
    label.is_some_and(|label| owner.base_name().prepend_label(label).is_ok_and(|hashed| hashed == *owner))
}

#[cfg(test)]
mod tests {
    use hickory_net::proto::dnssec::Nsec3HashAlgorithm;
    use hickory_net::proto::dnssec::rdata::NSEC;
    use hickory_net::proto::op::{Message, MessageType, OpCode};
    use hickory_net::proto::rr::RecordType;
    use hickory_net::proto::rr::rdata::TXT;

    use super::*;
    use crate::net::dnssec::message::tests::{name, rrsig};

    fn record(at: &str, data: DNSSECRData, proof: Proof) -> Record {
        let mut record = Record::from_rdata(name(at), 300, RData::DNSSEC(data));
        record.proof = proof;
        record
    }

    fn nsec3(at: &str, opt_out: bool, proof: Proof) -> Record {
        let salt = vec![0xaa, 0xbb, 0xcc, 0xdd];
        let nsec3 = NSEC3::new(Nsec3HashAlgorithm::SHA1, opt_out, 12, salt, vec![0; 20], [RecordType::A]);
        record(at, DNSSECRData::NSEC3(nsec3), proof)
    }

    /// The TXT of `a.example`, whose signature is over a name of so many labels.
    fn answer(labels: u8) -> Vec<Record> {
        let mut signature = rrsig("a.example.", RecordType::TXT, "example.", labels);
        signature.proof = Proof::Secure;
        let txt = RData::TXT(TXT::new(vec!["x".into()]));
        let txt = Record::from_rdata(name("a.example."), 300, txt);
        vec![txt, signature]
    }

    /// Of an answer for the TXT of `a.example`.
    fn worth(code: ResponseCode, answers: Vec<Record>, authorities: Vec<Record>) -> Security {
        let mut message = Message::new(0, MessageType::Response, OpCode::Query);
        message.metadata.response_code = code;
        message.answers = answers;
        message.authorities = authorities;
        let response = DnsResponse::from_message(message).unwrap();
        most(&response, &Query::query(name("a.example."), RecordType::TXT))
    }

    // The hash of `a.example` in RFC 5155 appendix A, and that of another name.
    const THERE: &str = "35mthgpgcu1qg68fab165klnsnk3dpvl.example.";
    const OTHER: &str = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.";

    #[test]
    fn opt_out_says_nothing_of_what_is_not_signed() {
        use Proof::Secure;
        use ResponseCode::{NXDomain, NoError};
        let secure = |code, answers, proof: &[&Record]| {
            let proof = proof.iter().copied().cloned().collect();
            worth(code, answers, proof) == Security::Secure
        };
        let (out, whole) = (&nsec3(OTHER, true, Secure), &nsec3(OTHER, false, Secure));
        assert!(secure(NXDomain, vec![], &[whole]));
        assert!(!secure(NXDomain, vec![], &[out]));
        assert!(!secure(NXDomain, vec![], &[whole, out]));
        assert!(secure(NoError, answer(1), &[whole]), "a wildcard");
        assert!(!secure(NoError, answer(1), &[out]), "a wildcard");
        assert!(!secure(NoError, vec![], &[out]), "a wildcard without the type");
        let there = &nsec3(&THERE.to_uppercase(), true, Secure);
        assert!(secure(NoError, vec![], &[there]), "the name is there");
        assert!(secure(NoError, vec![], &[out, there]), "whatever else is sent");
        assert!(!secure(NoError, vec![], &[out, &nsec3(THERE, true, Proof::Bogus)]));
    }

    #[test]
    fn a_record_of_its_own_needs_no_proof_and_one_of_a_wildcard_does() {
        use ResponseCode::NoError;
        let nsec = |proof| {
            let nsec = NSEC::new(name("b.example."), [RecordType::A]);
            vec![record("a.example.", DNSSECRData::NSEC(nsec), proof)]
        };
        assert_eq!(worth(NoError, answer(2), vec![]), Security::Secure);
        assert_eq!(worth(NoError, answer(1), nsec(Proof::Secure)), Security::Secure);
        assert_eq!(worth(NoError, answer(1), nsec(Proof::Insecure)), Security::Insecure);
        assert_eq!(worth(NoError, vec![], nsec(Proof::Secure)), Security::Secure);
        assert_eq!(worth(NoError, vec![], vec![]), Security::Insecure);
    }
}
