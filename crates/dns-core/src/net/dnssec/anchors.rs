//! Where trust begins.

use std::fmt;
use std::sync::Arc;

use hickory_net::proto::dnssec::rdata::{DNSKEY, DS};
use hickory_net::proto::dnssec::{Algorithm, DigestType, TrustAnchors as Keys, Verifier};
use hickory_net::proto::rr::{LowerName, Name};
use hickory_net::proto::serialize::txt::trust_anchor::{Entry, Parser};

/// What is trusted without being proved: keys, or digests of keys, each at its zone (RFC 4033 section 2).
#[derive(Clone)]
pub struct TrustAnchors {
    pub(super) keys: Arc<Keys>,
    digests: Vec<(Name, DS)>,
    zones: Vec<Name>,
}

impl Default for TrustAnchors {
    /// The root's keys, as IANA publishes them (those of 2017 and 2024).
    fn default() -> Self {
        Self { keys: Arc::default(), digests: Vec::new(), zones: vec![Name::root()] }
    }
}

impl TrustAnchors {
    /// Reads DNSKEY and DS records in the text form of RFC 1035 section 5: name, TTL, class, type, data; a DS stands
    /// on one line. With these, the root is not trusted unless it is among them.
    ///
    /// # Errors
    /// One sentence: something else than such records, one that could never be used, or none at all.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut digests = Vec::new();
        let mut rest = String::new();
        // A byte order mark, and the line ends of another system.
        for line in text.trim_start_matches('\u{feff}').lines() {
            match digest(line)? {
                Some(digest) => digests.push(digest),
                None => rest.push_str(line.trim_end()),
            }
            rest.push('\n');
        }
        let entries =
            Parser::new(rest).parse().map_err(|error| format!("not DNSKEY or DS records: {error}"))?;
        let mut keys = Keys::empty();
        let mut zones: Vec<Name> = digests.iter().map(|(zone, _)| zone.clone()).collect();
        for entry in entries {
            let Entry::DNSKEY(record) = entry else { continue };
            let (mut zone, key) = (record.name().clone(), record.data());
            zone.set_fqdn(true);
            if let Some(why) = unusable(key) {
                return Err(format!("the key of {zone} cannot be used: {why}"));
            }
            keys.insert_with_name(key.public_key(), LowerName::new(&zone));
            zones.push(zone);
        }
        match zones.is_empty() {
            true => Err("there is neither a DNSKEY nor a DS record in it".to_owned()),
            false => Ok(Self { keys: Arc::new(keys), digests, zones }),
        }
    }

    /// Whether this key of a zone is trusted by itself.
    pub(super) fn vouch_for(&self, zone: &Name, key: &DNSKEY) -> bool {
        let is_digested = |(at, ds): &(Name, DS)| {
            at == zone && ds.algorithm() == key.algorithm() && ds.covers(zone, key).unwrap_or(false)
        };
        let is_named = self.keys.contains_with_name(key.public_key(), &LowerName::new(zone));
        unusable(key).is_none() && (is_named || self.digests.iter().any(is_digested))
    }

    /// Whether a zone's keys can be proved by the keys that are given alone. Below the root hickory looks for a DS of
    /// each key that is not.
    pub(super) fn suffice(&self, zone: &Name) -> bool {
        zone.is_root() && self.digests.is_empty()
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

/// Why a key is none to be trusted.
fn unusable(key: &DNSKEY) -> Option<String> {
    let algorithm = key.algorithm();
    if !algorithm.is_supported() {
        return Some(format!("algorithm {} is not supported", u8::from(algorithm)));
    }
    if !key.zone_key() || key.revoke() {
        return Some("its flags do not make it a key of a zone (RFC 4034 section 2.1.1)".to_owned());
    }
    key.key().is_err().then(|| "it is damaged".to_owned())
}

/// The DS record on a line, if that is what it is.
fn digest(line: &str) -> Result<Option<(Name, DS)>, String> {
    let line = line.split(';').next().unwrap_or_default();
    let words: Vec<&str> = line.split(|c: char| c.is_whitespace() || "()".contains(c)).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let is_type = |word: &&str| word.eq_ignore_ascii_case("DS");
    // After the name there can be TTL and class.
    let Some(at) = words.iter().take(4).position(is_type).filter(|at| *at > 0) else { return Ok(None) };
    let bad = |why: &str| format!("the DS of {} cannot be used: {why}", words[0]);
    let mut zone = Name::from_ascii(words[0]).map_err(|error| bad(&error.to_string()))?;
    zone.set_fqdn(true);
    let [tag, algorithm, kind, hex @ ..] = &words[at + 1..] else { return Err(bad("it is not whole")) };
    let (Ok(tag), Ok(algorithm), Ok(kind)) = (tag.parse(), algorithm.parse(), kind.parse::<u8>()) else {
        return Err(bad("key tag, algorithm and digest type are numbers"));
    };
    let (algorithm, kind) = (Algorithm::from_u8(algorithm), DigestType::from(kind));
    if !algorithm.is_supported() || !kind.is_supported() {
        return Err(bad("its algorithm or digest type is not supported"));
    }
    let digits: Option<Vec<u8>> =
        hex.concat().chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect();
    let digits = digits.unwrap_or_default();
    let length = match kind {
        DigestType::SHA1 => 20,
        DigestType::SHA384 => 48,
        _ => 32,
    };
    if digits.len() != 2 * length {
        return Err(bad(&format!("its digest is not {} hexadecimal digits", 2 * length)));
    }
    let octets = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    Ok(Some((zone, DS::new(tag, algorithm, kind, octets))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=";
    const DIGEST: &str = "3a5f2e1b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f";

    #[test]
    fn the_closest_zone_with_a_key_or_a_digest_counts() {
        let text = format!(
            "; a comment\n. 300 IN DNSKEY {KEY} ; another\r\na.example. in ds 12345 13 2 {DIGEST}\nb.example. 60 IN DS \
             12345 13 2 ( {} {} )\n",
            &DIGEST[..32],
            &DIGEST[32..]
        );
        let anchors = TrustAnchors::parse(&text).unwrap();
        let above = |name: &str| anchors.above(&Name::from_ascii(name).unwrap()).map(ToString::to_string);
        assert_eq!(above("x.a.example.").as_deref(), Some("a.example."));
        assert_eq!(above("B.example.").as_deref(), Some("b.example."));
        assert_eq!(above("example.").as_deref(), Some("."));
        let island = TrustAnchors::parse(&format!("a.example. DS 12345 13 2 {DIGEST}")).unwrap();
        assert_eq!(island.above(&Name::from_ascii("example.").unwrap()), None);
    }

    #[test]
    fn what_cannot_be_trusted_says_why() {
        let why = |text: &str| TrustAnchors::parse(text).unwrap_err();
        assert_eq!(why("\n;\n"), "there is neither a DNSKEY nor a DS record in it");
        assert_eq!(why(". DS 1 13"), "the DS of . cannot be used: it is not whole");
        assert!(why(". DS 1 13 2 00").ends_with("its digest is not 64 hexadecimal digits"));
        assert!(why(&format!(". DS 1 1 2 {DIGEST}")).ends_with("is not supported"));
        assert!(why("garbage").starts_with("not DNSKEY or DS records: "));
        assert!(why("\u{1f4a5} DS é é é é").starts_with("the DS of "));
    }
}
