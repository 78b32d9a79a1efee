//! What DNSSEC and TLSA records come to, a zone signed by ldns behind a validating Unbound.

use crate::peers::pipeline::Run;
use crate::peers::signed::{self, WRONG};
use crate::peers::tally::Outcome;
use crate::peers::world::World;

type Check = fn(&World) -> Outcome;

pub(super) const LOOKUP: &[(&str, Check)] = &[
    ("a signed host with a TLSA record", right),
    ("TLSA records behind an alias, and a host that is one", aliases),
    ("a signed host without TLSA records", bare),
    ("a host in a zone that is not signed is not asked for", open),
    ("a TLSA record that was changed after it was signed", forged),
    ("a TLSA record whose signature has run out", late),
    ("of two hosts one whose TLSA records are bogus", half),
    ("an unsigned domain", unsigned),
    ("NSD itself, which does not validate, says nothing", authority),
];

fn lookup(world: &World, domain: &str) -> Result<Run, String> {
    let dns = world.unbound.address;
    Run::of(format!("mxlookup --tlsa --dns {dns} {domain}.{}", signed::origin()))
}

fn tlsa(data: &str) -> String {
    format!(r#""dnssec":"secure","tlsa":[{{"usage":3,"selector":1,"matching":1,"data":"{data}"}}]"#)
}

fn right(world: &World) -> Outcome {
    let run = lookup(world, "right")?;
    let parts = [&tlsa(&world.certificate.spki), r#""dnssec":"secure","dnssec_by":"resolver""#, r#""tlsa":"#];
    run.exits(0)?.holds(&parts)?.lacks("tlsa_base")?;
    lookup(world, "wrong")?.exits(0)?.has(&tlsa(WRONG)).map(drop)
}

fn aliases(world: &World) -> Outcome {
    let run = lookup(world, "aliased")?;
    run.exits(0)?.has(&tlsa(&world.certificate.spki))?.lacks("tlsa_base")?;
    let base = format!(r#""tlsa_base":"mx.right.{}""#, signed::origin());
    lookup(world, "alias")?.exits(0)?.holds(&[&tlsa(&world.certificate.spki), &base]).map(drop)
}

fn bare(world: &World) -> Outcome {
    lookup(world, "bare")?.exits(0)?.has(r#""dnssec":"secure","tlsa":[]"#).map(drop)
}

fn open(world: &World) -> Outcome {
    let run = lookup(world, "island")?;
    let parts = [r#""dnssec":"insecure"}"#, r#""dnssec":"secure","dnssec_by":"resolver""#];
    run.exits(0)?.holds(&parts)?.lacks(r#""tlsa":["#).map(drop)
}

fn bogus(run: &Run) -> Outcome {
    let error = r#""tlsa_error":{"code":"tls.dnssec_invalid""#;
    let parts = [r#""status":"unknown""#, error, r#""error":{"tool":"mxlookup","code":"tls.dnssec_invalid""#];
    // RFC 8914 section 4: 6 bogus, 7 expired; Unbound has one of them to say.
    run.exits(75)?.holds(&parts)?.has(r#""ede":[{"code":"#)?.lacks(r#""tlsa":["#).map(drop)
}

fn forged(world: &World) -> Outcome {
    bogus(&lookup(world, "forged")?)
}

fn late(world: &World) -> Outcome {
    bogus(&lookup(world, "late")?)
}

fn half(world: &World) -> Outcome {
    let run = lookup(world, "half")?;
    let tlsa = tlsa(&world.certificate.spki);
    let finding = r#""code":"dns.servfail","severity":"warn""#;
    run.exits(0)?.holds(&[r#""exchange":"mx.forged."#, r#""tlsa_error":{"#, &tlsa, finding]).map(drop)
}

fn unsigned(world: &World) -> Outcome {
    let dns = world.unbound.address;
    let run = Run::of(format!("mxlookup --tlsa --dns {dns} plain.peers.example"))?;
    let parts = [r#""dnssec":"insecure"},"#, r#""dnssec":"insecure","dnssec_by":"resolver""#];
    run.exits(0)?.holds(&parts)?.lacks(r#""tlsa":["#).map(drop)
}

fn authority(world: &World) -> Outcome {
    let dns = world.nsd.address;
    let run = Run::of(format!("mxlookup --tlsa --dns {dns} right.{}", signed::origin()))?;
    run.exits(0)?.lacks("secure\",\"tlsa\"")?.has(r#""dnssec":"insecure""#).map(drop)
}
