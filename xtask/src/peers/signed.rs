//! A signed zone below the others, a domain for each state that DNSSEC and TLSA records can be in.

use std::fs;
use std::path::{Path, PathBuf};

use super::address::Block;
use super::need::Programs;
use super::world::write;
use super::zone;
use crate::command::{CommandLine, Failure};

/// The label of the zone.
pub(super) const LABEL: &str = "signed";
/// The label in it of a zone that is delegated and not signed.
pub(super) const OPEN: &str = "open";
/// The label in it of a zone with two keys and hashed proofs (NSEC3), below which `OPEN` is delegated too.
pub(super) const SPLIT: &str = "split";
/// The label in it of a zone whose hashed proofs say nothing of what is not signed (Opt-Out), such as `OPEN` below it.
pub(super) const LOOSE: &str = "loose";
/// The label in it of a zone that is signed with another key than its DS says.
pub(super) const MISLED: &str = "misled";
/// What the TLSA record of `forged` was when it was signed.
const BEFORE: &str = "00000000000000000000000000000000000000000000000000000000000000aa";
/// And what it became afterwards.
const AFTER: &str = "00000000000000000000000000000000000000000000000000000000000000bb";
/// The digest of no key.
pub(super) const WRONG: &str = "1111111111111111111111111111111111111111111111111111111111111111";
/// The owner of the record whose signature has run out.
const LATE: &str = "_25._tcp.mx.late";

/// The zones as they are served, and what a resolver has to know.
#[derive(Debug)]
pub(super) struct Signed {
    /// Each with its file.
    pub(super) zones: Vec<(String, PathBuf)>,
    /// The file with the key that the resolver trusts.
    pub(super) anchor: PathBuf,
    /// The path of the key that signs the keys of `SPLIT`, without extension.
    pub(super) split: PathBuf,
}

pub(super) fn origin() -> String {
    format!("{LABEL}.{}", zone::ORIGIN)
}

impl Signed {
    /// Signs the zone, whose hosts are all at the same address; `spki` is the digest of the key that is used there.
    pub(super) fn make(
        programs: &Programs,
        folder: &Path,
        block: Block,
        spki: &str,
    ) -> Result<Self, Failure> {
        let origin = origin();
        let keys = Keys { programs, folder };
        let key = keys.make(&origin, &["-a", "ECDSAP256SHA256", "-k"])?;
        let split = keys.split(&format!("{SPLIT}.{origin}"), block, spki)?;
        let loose = keys.loose(&format!("{LOOSE}.{origin}"), block, spki)?;
        let misled = keys.misled(&format!("{MISLED}.{origin}"), block, spki)?;
        let plain = folder.join("signed.plain");
        write(&plain, &format!("{}{}{}", text(block, spki), split.ds, loose.ds))?;
        let file = folder.join("signed.zone");
        let now = keys.sign(&origin, &file, &[], &plain, &[&key])?;
        let times = ["-i", "20200101", "-e", "20200201"];
        let long_ago = keys.sign(&origin, &folder.join("signed.old"), &times, &plain, &[&key])?;
        write(&file, &spoilt(&now, &long_ago)?)?;
        let mut zones =
            vec![(origin.clone(), file), (split.origin, split.file), (loose.origin, loose.file), misled];
        for above in [origin.clone(), format!("{SPLIT}.{origin}"), format!("{LOOSE}.{origin}")] {
            let open = format!("{OPEN}.{above}");
            let file = folder.join(format!("{open}.zone"));
            write(&file, &child(&open, block, spki))?;
            zones.push((open, file));
        }
        Ok(Self { zones, anchor: key.with_added_extension("key"), split: split.key })
    }
}

/// A zone with what its parent says of it.
struct Child {
    origin: String,
    file: PathBuf,
    key: PathBuf,
    ds: String,
}

/// Makes keys, and signs with them.
struct Keys<'a> {
    programs: &'a Programs,
    folder: &'a Path,
}

impl Keys<'_> {
    /// The path of a new key, without extension.
    fn make(&self, origin: &str, kind: &[&str]) -> Result<PathBuf, Failure> {
        let words = ["-C".into(), self.folder.into(), (&self.programs.keygen).into()];
        let words = words.into_iter().chain(kind.iter().chain([&origin]).map(Into::into));
        let key = CommandLine::new("env", words.collect()).read()?;
        Ok(self.folder.join(key.trim()))
    }

    /// The text of the zone in `plain`, signed, which is then in `file` too.
    fn sign(
        &self,
        origin: &str,
        file: &Path,
        options: &[&str],
        plain: &Path,
        keys: &[&Path],
    ) -> Result<String, Failure> {
        let words = ["-o", origin, "-f"].map(Into::into).into_iter().chain([file.into()]);
        let words = words.chain(options.iter().map(Into::into)).chain([plain.into()]);
        let words = words.chain(keys.iter().map(Into::into));
        CommandLine::new(&self.programs.signzone, words.collect()).quiet()?;
        fs::read_to_string(file).map_err(|error| unread(file, &error))
    }

    /// A zone with a key for its keys and another for the rest, and NSEC3.
    fn split(&self, origin: &str, block: Block, spki: &str) -> Result<Child, Failure> {
        const RSA: [&str; 4] = ["-a", "RSASHA256", "-b", "2048"];
        let for_keys = self.make(origin, &[&RSA[..], &["-k"]].concat())?;
        let for_rest = self.make(origin, &RSA)?;
        self.hashed(origin, &["-n", "-t", "0"], block, spki, &[&for_keys, &for_rest])
    }

    /// A zone whose NSEC3 records all have the Opt-Out flag, and none of what is delegated unsigned.
    fn loose(&self, origin: &str, block: Block, spki: &str) -> Result<Child, Failure> {
        let key = self.make(origin, &["-a", "ECDSAP256SHA256", "-k"])?;
        self.hashed(origin, &["-n", "-p", "-t", "0"], block, spki, &[&key])
    }

    /// A zone with `OPEN` below it; the first key is the one that its parent knows.
    fn hashed(
        &self,
        origin: &str,
        options: &[&str],
        block: Block,
        spki: &str,
        keys: &[&Path],
    ) -> Result<Child, Failure> {
        let plain = self.folder.join(format!("{origin}.plain"));
        let zone = child(origin, block, spki) + &format!("{OPEN} NS ns.{}.\n", zone::ORIGIN);
        write(&plain, &zone)?;
        let file = self.folder.join(format!("{origin}.zone"));
        self.sign(origin, &file, options, &plain, keys)?;
        let ds = keys[0].with_added_extension("ds");
        let ds = fs::read_to_string(&ds).map_err(|error| unread(&ds, &error))?;
        Ok(Child { origin: origin.to_owned(), file, key: keys[0].to_owned(), ds })
    }

    /// A zone whose parent has the digest of no key.
    fn misled(&self, origin: &str, block: Block, spki: &str) -> Result<(String, PathBuf), Failure> {
        let key = self.make(origin, &["-a", "ECDSAP256SHA256", "-k"])?;
        let plain = self.folder.join("misled.plain");
        write(&plain, &child(origin, block, spki))?;
        let file = self.folder.join("misled.zone");
        self.sign(origin, &file, &[], &plain, &[&key])?;
        Ok((origin.to_owned(), file))
    }
}

fn unread(file: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("peers: {}: {error}", file.display()))
}

/// The zone with one record changed after it was signed, and the signature of another out of the zone of long ago.
fn spoilt(now: &str, long_ago: &str) -> Result<String, Failure> {
    let owner = format!("{LATE}.{}.\t", origin());
    let is_late = |line: &&str| line.starts_with(&owner) && line.contains("\tRRSIG\tTLSA ");
    let find = |zone: &str| zone.lines().find(is_late).map(str::to_owned);
    match (find(now), find(long_ago)) {
        (Some(fresh), Some(stale)) if now.contains(BEFORE) => {
            Ok(now.replace(&fresh, &stale).replace(BEFORE, AFTER))
        }
        _ => Err(Failure::new("peers: the signed zone does not look as expected")),
    }
}

fn text(block: Block, spki: &str) -> String {
    let address = block.host(zone::MX1);
    let host = |label: &str, tlsa: &str| {
        format!("{label} MX 10 mx.{label}\nmx.{label} A {address}\n_25._tcp.mx.{label} {tlsa}\n")
    };
    format!(
        "$ORIGIN {origin}.
$TTL 300
@ SOA ns.{parent}. hostmaster.{parent}. 1 3600 600 86400 60
@ NS ns.{parent}.
{right}{wrong}{unusable}{aliased}{forged}{late}bare MX 10 mx.bare
mx.bare A {address}
alias MX 10 mx.alias
mx.alias CNAME mx.right
; The second exchange can be used.
half MX 10 mx.forged
half MX 20 mx.right
{OPEN} NS ns.{parent}.
island MX 10 mx.{OPEN}
{SPLIT} NS ns.{parent}.
{LOOSE} NS ns.{parent}.
{MISLED} NS ns.{parent}.
{MISLED} DS 12345 13 2 {WRONG}
",
        origin = origin(),
        parent = zone::ORIGIN,
        right = host("right", &format!("TLSA 3 1 1 {spki}")),
        wrong = host("wrong", &format!("TLSA 3 1 1 {WRONG}")),
        unusable = host("unusable", &format!("TLSA 1 1 1 {WRONG}")),
        aliased = host("aliased", "CNAME _25._tcp.mx.right"),
        forged = host("forged", &format!("TLSA 3 1 1 {BEFORE}")),
        late = host("late", &format!("TLSA 3 1 1 {spki}")),
    )
}

fn child(origin: &str, block: Block, spki: &str) -> String {
    format!(
        "$ORIGIN {origin}.
$TTL 300
@ SOA ns.{parent}. hostmaster.{parent}. 1 3600 600 86400 60
@ NS ns.{parent}.
@ MX 10 mx
mx A {address}
_25._tcp.mx TLSA 3 1 1 {spki}
",
        parent = zone::ORIGIN,
        address = block.host(zone::MX1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_record_is_changed_and_one_signature_is_old() {
        let zone = |signature: &str| {
            format!("x\tTLSA\t3 1 1 {BEFORE}\n{LATE}.{}.\t300\tIN\tRRSIG\tTLSA {signature}\n", origin())
        };
        let spoilt = spoilt(&zone("new"), &zone("old")).unwrap();
        assert_eq!(spoilt, zone("old").replace(BEFORE, AFTER));
        assert!(super::spoilt("x", "x").is_err());
    }
}
