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
/// What the TLSA record of `forged` was when it was signed.
const BEFORE: &str = "00000000000000000000000000000000000000000000000000000000000000aa";
/// And what it became afterwards.
const AFTER: &str = "00000000000000000000000000000000000000000000000000000000000000bb";
/// The digest of no key.
pub(super) const WRONG: &str = "1111111111111111111111111111111111111111111111111111111111111111";
/// The owner of the record whose signature has run out.
const LATE: &str = "_25._tcp.mx.late";

/// The zone as it is served, and what a resolver has to know.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) file: PathBuf,
    /// The file of the zone that is not signed.
    pub(super) open: PathBuf,
    /// The file with the key that the resolver trusts.
    pub(super) anchor: PathBuf,
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
        let keygen = ["-C".into(), folder.into(), (&programs.keygen).into()];
        let kind = ["-a", "ECDSAP256SHA256", "-k", &origin].map(Into::into);
        let key = CommandLine::new("env", keygen.into_iter().chain(kind).collect()).read()?;
        let key = folder.join(key.trim());
        let plain = folder.join("signed.plain");
        write(&plain, &text(block, spki))?;
        let sign = |file: &Path, times: &[&str]| {
            let words = ["-o", &origin, "-f"].map(Into::into).into_iter().chain([file.into()]);
            let words = words.chain(times.iter().map(Into::into)).chain([(&plain).into(), (&key).into()]);
            CommandLine::new(&programs.signzone, words.collect()).quiet()?;
            fs::read_to_string(file)
                .map_err(|error| Failure::new(format!("peers: {}: {error}", file.display())))
        };
        let file = folder.join("signed.zone");
        let now = sign(&file, &[])?;
        let long_ago = sign(&folder.join("signed.old"), &["-i", "20200101", "-e", "20200201"])?;
        write(&file, &spoilt(&now, &long_ago)?)?;
        let open = folder.join("open.zone");
        write(&open, &text_of_open(block, spki))?;
        Ok(Self { file, open, anchor: key.with_added_extension("key") })
    }
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

fn text_of_open(block: Block, spki: &str) -> String {
    format!(
        "$ORIGIN {OPEN}.{origin}.
$TTL 300
@ SOA ns.{parent}. hostmaster.{parent}. 1 3600 600 86400 60
@ NS ns.{parent}.
mx A {address}
_25._tcp.mx TLSA 3 1 1 {spki}
",
        origin = origin(),
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
