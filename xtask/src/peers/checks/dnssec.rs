//! What validation makes of zones signed by ldns, whoever hands them out: NSD, which does not validate, and Unbound,
//! which is told not to.

use std::net::SocketAddrV4;

use crate::peers::pipeline::Run;
use crate::peers::signed::{self, LOOSE, MISLED, OPEN, SPLIT};
use crate::peers::tally::Outcome;
use crate::peers::world::World;

type Check = fn(&World, SocketAddrV4) -> Outcome;

pub(super) const OF_ANY_SERVER: &[(&str, Check)] = &[
    ("a signed domain with a TLSA record", right),
    ("a zone with two keys and NSEC3", split),
    ("no TLSA record and no MX, proved by NSEC and by NSEC3", absent),
    ("a name that does not exist, proved by NSEC and by NSEC3", denied),
    ("zones that are not signed below those that are", open),
    ("a zone with Opt-Out, what is below it and what is not", loose),
    ("an alias within the zone", alias),
    ("a zone whose DS is of another key", misled),
    ("a TLSA record that was changed, and one whose signature has run out", spoilt),
    ("a trusted zone with two keys, by one of them and by its digest", trusted),
    ("a domain below no trusted key", outside),
];

const SECURE: &str = r#""dnssec":"secure","dnssec_by":"validation""#;

fn lookup(world: &World, dns: SocketAddrV4, domain: &str) -> Result<Run, String> {
    let anchor = world.anchor.display();
    Run::of(format!(
        "mxlookup --dnssec --trust-anchor {anchor} --tlsa --dns {dns} {domain}.{}",
        signed::origin()
    ))
}

fn tlsa(world: &World) -> String {
    format!(
        r#""dnssec":"secure","tlsa":[{{"usage":3,"selector":1,"matching":1,"data":"{}"}}]"#,
        world.certificate.spki
    )
}

fn right(world: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(world, dns, "right")?;
    run.exits(0)?.holds(&[&tlsa(world), SECURE]).map(drop)
}

fn split(world: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(world, dns, SPLIT)?;
    run.exits(0)?.holds(&[&tlsa(world), SECURE]).map(drop)
}

fn absent(world: &World, dns: SocketAddrV4) -> Outcome {
    lookup(world, dns, "bare")?.exits(0)?.holds(&[r#""dnssec":"secure","tlsa":[]"#, SECURE])?;
    for domain in ["mx.right".to_owned(), format!("mx.{SPLIT}")] {
        let run = lookup(world, dns, &domain)?;
        run.exits(0)?.holds(&[r#""implicit":true"#, &tlsa(world), SECURE])?;
    }
    Ok(())
}

fn denied(world: &World, dns: SocketAddrV4) -> Outcome {
    for domain in ["nowhere".to_owned(), format!("nowhere.{SPLIT}")] {
        let run = lookup(world, dns, &domain)?;
        run.exits(1)?.holds(&[SECURE, r#""code":"dns.nxdomain""#])?;
    }
    Ok(())
}

fn open(world: &World, dns: SocketAddrV4) -> Outcome {
    let insecure = r#""dnssec":"insecure","dnssec_by":"validation""#;
    for domain in [OPEN.to_owned(), format!("{OPEN}.{SPLIT}"), format!("mx.{OPEN}.{SPLIT}")] {
        let run = lookup(world, dns, &domain)?;
        run.exits(0)?.holds(&[r#""dnssec":"insecure"}"#, insecure])?.lacks(r#""tlsa":["#)?;
    }
    let run = lookup(world, dns, &format!("nowhere.{OPEN}"))?;
    run.exits(1)?.holds(&[insecure, r#""code":"dns.nxdomain""#])?;
    lookup(world, dns, "island")?.exits(0)?.holds(&[r#""dnssec":"insecure"}"#, SECURE]).map(drop)
}

fn loose(world: &World, dns: SocketAddrV4) -> Outcome {
    let insecure = r#""dnssec":"insecure","dnssec_by":"validation""#;
    lookup(world, dns, LOOSE)?.exits(0)?.holds(&[&tlsa(world), SECURE])?;
    let run = lookup(world, dns, &format!("mx.{LOOSE}"))?;
    run.exits(0)?.holds(&[r#""implicit":true"#, &tlsa(world), SECURE])?;
    let run = lookup(world, dns, &format!("{OPEN}.{LOOSE}"))?;
    run.exits(0)?.holds(&[r#""dnssec":"insecure"}"#, insecure])?.lacks(r#""tlsa":["#)?;
    let run = lookup(world, dns, &format!("nowhere.{LOOSE}"))?;
    run.exits(1)?.holds(&[insecure, r#""code":"dns.nxdomain""#]).map(drop)
}

fn alias(world: &World, dns: SocketAddrV4) -> Outcome {
    let base = format!(r#""tlsa_base":"mx.right.{}""#, signed::origin());
    lookup(world, dns, "alias")?.exits(0)?.holds(&[&tlsa(world), &base, SECURE])?;
    lookup(world, dns, "aliased")?.exits(0)?.holds(&[&tlsa(world), SECURE]).map(drop)
}

fn misled(world: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(world, dns, MISLED)?;
    let bogus = r#""dnssec":"bogus","dnssec_by":"validation""#;
    run.exits(75)?
        .holds(&[r#""status":"unknown""#, bogus, r#""code":"dns.bogus""#])?
        .lacks(r#""mx":["#)
        .map(drop)
}

fn spoilt(world: &World, dns: SocketAddrV4) -> Outcome {
    for domain in ["forged", "late"] {
        let run = lookup(world, dns, domain)?;
        let parts =
            [r#""tlsa_error":{"code":"tls.dnssec_invalid""#, r#""code":"dns.bogus","severity":"warn""#];
        run.exits(75)?.has(parts[0])?.has(parts[1])?.lacks(r#""tlsa":["#)?;
    }
    Ok(())
}

fn trusted(world: &World, dns: SocketAddrV4) -> Outcome {
    for extension in ["key", "ds"] {
        let anchor = world.split.with_added_extension(extension);
        let domain = format!("{SPLIT}.{}", signed::origin());
        let run =
            Run::of(format!("mxlookup --dnssec --trust-anchor {} --dns {dns} {domain}", anchor.display()))?;
        run.exits(0)?.has(SECURE)?;
    }
    Ok(())
}

fn outside(world: &World, dns: SocketAddrV4) -> Outcome {
    let anchor = world.anchor.display();
    let run = Run::of(format!("mxlookup --dnssec --trust-anchor {anchor} --dns {dns} plain.peers.example"))?;
    let parts = [r#""dnssec":"indeterminate""#, r#""dnssec":"indeterminate","dnssec_by":"validation""#];
    run.exits(0)?.holds(&parts).map(drop)
}
