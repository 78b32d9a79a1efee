//! The keys of a zone that is trusted, looked up once.
//!
//! An anchor names one key, or its digest; the zone may sign with others, which that one has signed (RFC 4035
//! section 5).

use std::time::SystemTime;

use hickory_net::proto::dnssec::rdata::{DNSKEY, DNSSECRData, RRSIG};
use hickory_net::proto::dnssec::{TrustAnchors as Keys, Verifier};
use hickory_net::proto::op::Query;
use hickory_net::proto::rr::{DNSClass, LowerName, Name, RData, Record, RecordType, SerialNumber};

use super::TrustAnchors;
use super::message::signature;
use super::store::Store;
use crate::net::upstreams::End;
use crate::{LookupError, Problem, Security};

/// The most keys of a zone that are tried.
const MOST_KEYS: usize = 4;

/// The keys that are trusted at `apex`, with those that one of them has signed; none of another zone: what is above a
/// trusted zone must not be able to prove that it is not signed.
///
/// # Errors
/// They could not be asked for, or none of the zone's keys is trusted.
pub(super) async fn keys(
    anchors: &TrustAnchors,
    apex: &Name,
    store: &Store,
    end: Option<End>,
) -> Result<Keys, LookupError> {
    if anchors.suffice(apex) {
        return Ok((*anchors.keys).clone());
    }
    let told = store.ask(&Query::query(apex.clone(), RecordType::DNSKEY), end).await?;
    let answers = &told.response.answers;
    let set: Vec<&Record> =
        answers.iter().filter(|record| record.record_type() == RecordType::DNSKEY).collect();
    let all = || set.iter().filter_map(|record| dnskey(record));
    let known: Vec<&DNSKEY> = all().filter(|key| anchors.vouch_for(apex, key)).take(MOST_KEYS).collect();
    if known.is_empty() {
        let (resolver, security) = (Some(told.resolver), Some(Security::Bogus));
        return Err(LookupError { ede: told.ede, resolver, security, ..LookupError::new(Problem::Bogus) });
    }
    let is_signed = answers
        .iter()
        .filter_map(signature)
        .any(|rrsig| known.iter().any(|key| has_signed(key, rrsig, apex, &set)));
    let zone = LowerName::new(apex);
    let mut keys = Keys::empty();
    for key in known.iter().copied().chain(all().filter(|key| is_signed && key.zone_key() && !key.revoke())) {
        keys.insert_with_name(key.public_key(), zone.clone());
    }
    Ok(keys)
}

/// Whether a signature over the zone's keys is this key's, and is valid now.
fn has_signed(key: &DNSKEY, rrsig: &RRSIG, apex: &Name, set: &[&Record]) -> bool {
    let input = rrsig.input();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    // RFC 4034 section 3.1.5: times are serial numbers of 32 bits.
    let now = SerialNumber::new(now as u32);
    input.type_covered == RecordType::DNSKEY
        && input.signer_name == *apex
        && input.num_labels == apex.num_labels()
        && input.algorithm == key.algorithm()
        && key.calculate_key_tag().is_ok_and(|tag| tag == input.key_tag)
        && input.sig_inception <= now
        && now <= input.sig_expiration
        && key.verify_rrsig(apex, DNSClass::IN, rrsig, set.iter().copied()).is_ok()
}

fn dnskey(record: &Record) -> Option<&DNSKEY> {
    match &record.data {
        RData::DNSSEC(DNSSECRData::DNSKEY(key)) => Some(key),
        _ => None,
    }
}
