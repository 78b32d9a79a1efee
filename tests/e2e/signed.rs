//! A server with signed zones, made for one test: the root, what it delegates, and what is wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use hickory_proto::dnssec::crypto::EcdsaSigningKey;
use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, NSEC, NSEC3, RRSIG, SigInput};
use hickory_proto::dnssec::{Algorithm, DigestType, DnssecSigner, Nsec3HashAlgorithm, SigningKey, TBS};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType, SerialNumber};
use hickory_proto::serialize::txt::Parser;
use tempfile::NamedTempFile;

const DAY: u64 = 86_400;
const TTL: u32 = 300;

/// What becomes of the records of one name and type, or of their signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The signature ran out yesterday.
    Late,
    /// There is no signature.
    Unsigned,
    /// The records were changed after they were signed.
    Forged,
    /// The server cannot tell, whatever it is asked.
    ServFail,
    /// There is no answer.
    Silent,
    /// The answer holds nothing.
    Empty,
    /// The first answer holds nothing.
    EmptyAtFirst,
    /// The name does not exist, says somebody who has only what is signed.
    Denied,
}

/// How a zone hangs on the one above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delegation {
    Signed,
    /// Signed with a key that the parent does not know: its DS is of another.
    WrongDs,
    /// Signed, and the proofs are hashed and say nothing of what is not signed (RFC 5155 section 6).
    OptOut,
    Unsigned,
}

/// A server to be.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    zones: Vec<(Name, Delegation, String)>,
    faults: Vec<(Name, RecordType, Fault)>,
}

/// A server that runs until the test is over.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    asked: Arc<Mutex<Vec<(Name, RecordType)>>>,
    anchors: BTreeMap<Name, NamedTempFile>,
    digests: BTreeMap<Name, NamedTempFile>,
}

/// The records of a zone by name and type, each with its signatures.
type Sets = BTreeMap<(Name, RecordType), Vec<Record>>;

struct Zone {
    apex: Name,
    is_signed: bool,
    sets: Sets,
}

struct World {
    zones: Vec<Zone>,
    faults: Vec<(Name, RecordType, Fault)>,
}

impl Tree {
    /// A zone below those before it; the first is the root. SOA, NS, keys and what the parent needs come by themselves.
    pub(crate) fn zone(mut self, apex: &str, delegation: Delegation, records: &str) -> Self {
        self.zones.push((name(apex), delegation, records.to_owned()));
        self
    }

    pub(crate) fn fault(mut self, at: &str, kind: RecordType, fault: Fault) -> Self {
        self.faults.push((name(at), kind, fault));
        self
    }

    pub(crate) fn open(self) -> Server {
        let mut zones = Vec::new();
        let (mut anchors, mut digests) = (BTreeMap::new(), BTreeMap::new());
        // From the leaves up: a parent needs the keys of its children.
        let mut delegated: Vec<(Name, Option<DS>)> = Vec::new();
        for (apex, delegation, text) in self.zones.into_iter().rev() {
            let signer = (delegation != Delegation::Unsigned).then(|| signer(&apex));
            let mut sets = parse(&apex, &text);
            let mut add = |at: &Name, data: RData| {
                sets.entry((at.clone(), data.record_type())).or_default().push(Record::from_rdata(
                    at.clone(),
                    TTL,
                    data,
                ));
            };
            delegated.retain(|(child, ds)| {
                if !apex.zone_of(child) {
                    return true;
                }
                add(child, RData::NS(hickory_proto::rr::rdata::NS(name("ns."))));
                if let Some(ds) = ds.as_ref().filter(|_| signer.is_some()) {
                    add(child, RData::DNSSEC(DNSSECRData::DS(ds.clone())));
                }
                false
            });
            if let Some(signer) = &signer {
                add(&apex, RData::DNSSEC(DNSSECRData::DNSKEY(signer.to_dnskey())));
                let mut file = NamedTempFile::new().unwrap();
                writeln!(file, "; a comment\n{apex} {TTL} IN DNSKEY {}", signer.dnskey()).unwrap();
                anchors.insert(apex.clone(), file);
            }
            let ds = signer.as_ref().map(|signer| ds(&apex, signer.dnskey(), delegation));
            if let Some(ds) = &ds {
                let mut file = NamedTempFile::new().unwrap();
                writeln!(file, "{apex} {TTL} IN DS {ds}").unwrap();
                digests.insert(apex.clone(), file);
            }
            delegated.push((apex.clone(), ds));
            if let Some(signer) = &signer {
                match delegation {
                    Delegation::OptOut => deny_hashed(&apex, &mut sets),
                    _ => deny(&apex, &mut sets),
                }
                sign(&apex, signer, &mut sets, &self.faults);
            }
            zones.push(Zone { apex, is_signed: signer.is_some(), sets });
        }
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = socket.local_addr().unwrap();
        let world = World { zones, faults: self.faults };
        let asked = Arc::default();
        let heard = Arc::clone(&asked);
        thread::spawn(move || world.serve(&socket, &heard));
        Server { addr, asked, anchors, digests }
    }
}

impl Server {
    /// The path of a file with the key of a zone.
    pub(crate) fn anchor(&self, apex: &str) -> &str {
        self.anchors[&name(apex)].path().to_str().unwrap()
    }

    /// The path of a file with what the parent says of a zone's key.
    pub(crate) fn digest(&self, apex: &str) -> &str {
        self.digests[&name(apex)].path().to_str().unwrap()
    }

    /// The questions until now.
    pub(crate) fn asked(&self) -> Vec<(Name, RecordType)> {
        self.asked.lock().unwrap().clone()
    }
}

impl World {
    fn serve(&self, socket: &UdpSocket, heard: &Mutex<Vec<(Name, RecordType)>>) {
        let mut buffer = [0; 4_096];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
            let Ok(asked) = Message::from_vec(&buffer[..length]) else { continue };
            let query = &asked.queries[0];
            let key = (query.name().to_lowercase(), query.query_type());
            let is_first = !heard.lock().unwrap().contains(&key);
            heard.lock().unwrap().push(key);
            if let Some(answer) = self.answer(&asked, is_first) {
                let _ = socket.send_to(&answer.to_vec().unwrap(), peer);
            }
        }
    }

    /// As a resolver that validates would, with what is wrong with its data.
    fn answer(&self, asked: &Message, is_first: bool) -> Option<Message> {
        let query = &asked.queries[0];
        let (at, kind) = (query.name(), query.query_type());
        let mut answer = Message::new(asked.metadata.id, MessageType::Response, OpCode::Query);
        answer.metadata.recursion_available = true;
        answer.add_query(query.clone());
        answer.set_edns(Edns::new());
        let fault = self.faults.iter().find(|(name, of, _)| name == at && *of == kind).map(|found| found.2);
        let is_bogus = fault.is_some() && !asked.metadata.checking_disabled;
        match fault {
            Some(Fault::Silent) => return None,
            Some(Fault::Empty) => return Some(answer),
            Some(Fault::EmptyAtFirst) if is_first => return Some(answer),
            Some(Fault::Denied) => {
                let above = self.zones.iter().find(|zone| zone.apex.zone_of(at) && zone.apex != *at)?;
                answer.metadata.response_code = ResponseCode::NXDomain;
                let soa = above.sets[&(above.apex.clone(), RecordType::SOA)].clone();
                answer.authorities = [soa, above.denial(at)].concat();
                return Some(answer);
            }
            Some(_) if is_bogus || fault == Some(Fault::ServFail) => {
                answer.metadata.response_code = ResponseCode::ServFail;
                return Some(answer);
            }
            _ => {}
        }
        let wants_signatures = asked.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok);
        let mut at = at.clone();
        // The zones stand from the leaves up.
        while let Some(zone) = self.zones.iter().find(|zone| {
            zone.apex.zone_of(&at) && !(kind == RecordType::DS && zone.apex == at && !at.is_root())
        }) {
            let get = |at: &Name, kind| zone.sets.get(&(at.clone(), kind)).cloned().unwrap_or_default();
            let (found, alias) = (get(&at, kind), get(&at, RecordType::CNAME));
            if !found.is_empty() || alias.is_empty() {
                if found.is_empty() {
                    let (code, proofs) = zone.absence(&at);
                    answer.metadata.response_code = code;
                    answer.authorities = get(&zone.apex, RecordType::SOA);
                    answer.authorities.extend(proofs);
                }
                answer.answers.extend(found);
                break;
            }
            let RData::CNAME(to) = &alias[0].data else { unreachable!() };
            at = to.0.clone();
            answer.answers.extend(alias);
        }
        if !wants_signatures {
            let is_plain = |record: &Record| !matches!(record.data, RData::DNSSEC(_));
            answer.answers.retain(is_plain);
            answer.authorities.retain(is_plain);
        }
        Some(answer)
    }
}

impl Zone {
    /// Whether a name exists without the type asked for or not at all, and what proves it.
    fn absence(&self, at: &Name) -> (ResponseCode, Vec<Record>) {
        match self.exists(at) {
            true => (ResponseCode::NoError, self.proofs(&[at])),
            false => (ResponseCode::NXDomain, self.denial(at)),
        }
    }

    fn exists(&self, at: &Name) -> bool {
        self.sets.keys().any(|(name, _)| at.zone_of(name))
    }

    /// The proofs that a name is not there, nor a wildcard for it.
    fn denial(&self, at: &Name) -> Vec<Record> {
        let mut next_closer = at.clone();
        while next_closer.base_name() != self.apex && !self.exists(&next_closer.base_name()) {
            next_closer = next_closer.base_name();
        }
        let encloser = next_closer.base_name();
        let wildcard = encloser.prepend_label("*").unwrap();
        match self.is_hashed() {
            true => self.proofs(&[&encloser, &next_closer, &wildcard]),
            false => self.proofs(&[at, &wildcard]),
        }
    }

    fn is_hashed(&self) -> bool {
        self.sets.keys().any(|(_, kind)| *kind == RecordType::NSEC3)
    }

    /// The NSEC or NSEC3 records that match these names or cover them.
    fn proofs(&self, wanted: &[&Name]) -> Vec<Record> {
        if !self.is_signed {
            return Vec::new();
        }
        let is_hashed = self.is_hashed();
        let kind = if is_hashed { RecordType::NSEC3 } else { RecordType::NSEC };
        let owners = || self.sets.keys().filter(|(_, of)| *of == kind).map(|(name, _)| name.clone());
        let owner = |at: &&Name| {
            let at = if is_hashed { hashed(at, &self.apex).0 } else { (*at).clone() };
            owners().filter(|name| *name <= at).max().or_else(|| owners().max()).unwrap()
        };
        let found: BTreeSet<Name> = wanted.iter().map(owner).collect();
        found.into_iter().flat_map(|owner| self.sets[&(owner, kind)].clone()).collect()
    }
}

fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap();
    name.set_fqdn(true);
    name
}

fn parse(apex: &Name, text: &str) -> Sets {
    let text =
        format!("{apex} {TTL} IN SOA ns. hostmaster. 1 3600 600 86400 60\n{apex} {TTL} IN NS ns.\n{text}\n");
    let (_, sets) = Parser::new(text, None, Some(apex.clone())).parse().unwrap();
    let sets = sets.into_values().map(|set| {
        let records = set.into_parts().records;
        ((records[0].name.clone(), records[0].record_type()), records)
    });
    sets.collect()
}

fn signer(apex: &Name) -> DnssecSigner {
    const ALGORITHM: Algorithm = Algorithm::ECDSAP256SHA256;
    let pkcs8 = EcdsaSigningKey::generate_pkcs8(ALGORITHM).unwrap();
    let key = EcdsaSigningKey::from_pkcs8(&pkcs8, ALGORITHM).unwrap();
    let dnskey = DNSKEY::from_key(&key.to_public_key().unwrap());
    DnssecSigner::new(dnskey, Box::new(key), apex.clone(), Duration::from_secs(DAY))
}

fn ds(apex: &Name, key: &DNSKEY, delegation: Delegation) -> DS {
    let digest = key.to_digest(apex, DigestType::SHA256).unwrap();
    let mut digest = digest.as_ref().to_vec();
    if delegation == Delegation::WrongDs {
        digest[0] ^= 1;
    }
    DS::new(key.calculate_key_tag().unwrap(), Algorithm::ECDSAP256SHA256, DigestType::SHA256, digest)
}

/// Adds the chain of NSEC records (RFC 4034 section 4).
fn deny(apex: &Name, sets: &mut Sets) {
    let owners: BTreeSet<Name> = sets.keys().map(|(name, _)| name.clone()).collect();
    let owners: Vec<Name> = owners.into_iter().collect();
    for (n, owner) in owners.iter().enumerate() {
        let next = owners.get(n + 1).unwrap_or(apex);
        let types: Vec<_> = sets.keys().filter(|(name, _)| name == owner).map(|(_, kind)| *kind).collect();
        let data = RData::DNSSEC(DNSSECRData::NSEC(NSEC::new_cover_self(next.clone(), types)));
        let record = Record::from_rdata(owner.clone(), TTL, data);
        sets.insert((owner.clone(), RecordType::NSEC), vec![record]);
    }
}

/// Where the NSEC3 of a name stands, and the hash.
fn hashed(at: &Name, apex: &Name) -> (Name, Vec<u8>) {
    let hash = Nsec3HashAlgorithm::SHA1.hash(&[], at, 0).unwrap().as_ref().to_vec();
    // The label of a hash is written for the next owner alone.
    let next = opt_out(hash.clone(), &[]);
    (apex.prepend_label(next.next_hashed_owner_name_base32().unwrap()).unwrap(), hash)
}

fn opt_out(next: Vec<u8>, types: &[RecordType]) -> NSEC3 {
    NSEC3::new(Nsec3HashAlgorithm::SHA1, true, 0, Vec::new(), next, types.iter().copied())
}

/// Adds the chain of NSEC3 records with Opt-Out (RFC 5155 section 7.1): what is not signed has none.
fn deny_hashed(apex: &Name, sets: &mut Sets) {
    let mut types: BTreeMap<Name, Vec<RecordType>> = BTreeMap::new();
    for (at, kind) in sets.keys() {
        types.entry(at.clone()).or_default().push(*kind);
    }
    types.retain(|_, kinds| *kinds != [RecordType::NS]);
    let mut chain: Vec<_> = types.into_iter().map(|(at, kinds)| (hashed(&at, apex), kinds)).collect();
    chain.sort();
    for (n, ((owner, _), kinds)) in chain.iter().enumerate() {
        let ((_, next), _) = &chain[(n + 1) % chain.len()];
        let data = RData::DNSSEC(DNSSECRData::NSEC3(opt_out(next.clone(), kinds)));
        let record = Record::from_rdata(owner.clone(), TTL, data);
        sets.insert((owner.clone(), RecordType::NSEC3), vec![record]);
    }
}

/// Signs every set but those of a child's name servers; with the faults that are of signatures.
fn sign(apex: &Name, signer: &DnssecSigner, sets: &mut Sets, faults: &[(Name, RecordType, Fault)]) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    for ((at, kind), records) in sets {
        let fault = faults.iter().find(|(name, of, _)| name == at && of == kind).map(|found| found.2);
        if (*kind == RecordType::NS && at != apex) || fault == Some(Fault::Unsigned) {
            continue;
        }
        let expires = if fault == Some(Fault::Late) { now - DAY } else { now + DAY };
        let input = SigInput {
            type_covered: *kind,
            algorithm: Algorithm::ECDSAP256SHA256,
            num_labels: at.num_labels(),
            original_ttl: TTL,
            sig_expiration: SerialNumber::new(u32::try_from(expires).unwrap()),
            sig_inception: SerialNumber::new(u32::try_from(now - 7 * DAY).unwrap()),
            key_tag: signer.calculate_key_tag().unwrap(),
            signer_name: apex.clone(),
        };
        let tbs = TBS::from_input(at, DNSClass::IN, &input, records.iter()).unwrap();
        let rrsig = RRSIG::from_sig(input, signer.sign(&tbs).unwrap());
        if fault == Some(Fault::Forged) {
            // One record is gone, or its time to live would do.
            records.pop();
            assert!(!records.is_empty(), "what is to be forged has several records");
        }
        records.push(Record::from_rdata(at.clone(), TTL, RData::DNSSEC(DNSSECRData::RRSIG(rrsig))));
    }
}
