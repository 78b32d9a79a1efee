//! Where trust begins.

use std::fmt;
use std::sync::Arc;

use hickory_net::proto::dnssec::{TrustAnchors as Keys, Verifier};
use hickory_net::proto::rr::{LowerName, Name};
use hickory_net::proto::serialize::txt::trust_anchor::{Entry, Parser};

/// The keys that are trusted without being looked up, each at its zone (RFC 4033 section 2).
#[derive(Clone)]
pub struct TrustAnchors {
    pub(super) keys: Arc<Keys>,
    zones: Vec<Name>,
}

impl Default for TrustAnchors {
    /// The root's, as IANA publishes them (the keys of 2017 and 2024).
    fn default() -> Self {
        Self { keys: Arc::default(), zones: vec![Name::root()] }
    }
}

impl TrustAnchors {
    /// Reads DNSKEY records in the text form of RFC 1035 section 5: name, TTL, class, type, data. With these, the
    /// root is not trusted unless its key is among them.
    ///
    /// # Errors
    /// One sentence: something else than DNSKEY records, a key that could never be used, or none at all.
    pub fn parse(text: &str) -> Result<Self, String> {
        // A byte order mark, and the line ends of another system.
        let text = text.trim_start_matches('\u{feff}').replace('\r', "");
        let entries = Parser::new(text).parse().map_err(|error| format!("not DNSKEY records: {error}"))?;
        let (mut keys, mut zones) = (Keys::empty(), Vec::new());
        for entry in entries {
            let Entry::DNSKEY(record) = entry else { continue };
            let (name, key) = (record.name(), record.data());
            let algorithm = key.algorithm();
            let unusable = |why: &str| format!("the key of {name} cannot be used: {why}");
            if !algorithm.is_supported() {
                return Err(unusable(&format!("algorithm {} is not supported", u8::from(algorithm))));
            }
            if !key.zone_key() || key.revoke() {
                return Err(unusable("its flags do not make it a key of a zone (RFC 4034 section 2.1.1)"));
            }
            if key.key().is_err() {
                return Err(unusable("it is damaged"));
            }
            keys.insert_with_name(key.public_key(), LowerName::new(name));
            if !zones.contains(name) {
                zones.push(name.clone());
            }
        }
        match zones.is_empty() {
            true => Err("there is no DNSKEY record in it".to_owned()),
            false => Ok(Self { keys: Arc::new(keys), zones }),
        }
    }

    /// The closest zone at or above `name` whose keys are trusted.
    pub(super) fn above(&self, name: &Name) -> Option<&Name> {
        self.zones.iter().filter(|zone| zone.zone_of(name)).max_by_key(|zone| zone.num_labels())
    }
}

impl fmt::Debug for TrustAnchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustAnchors").field("zones", &self.zones).finish_non_exhaustive()
    }
}
