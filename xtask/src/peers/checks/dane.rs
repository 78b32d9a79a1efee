//! What DNSSEC and TLSA records come to, a zone signed by ldns behind a validating Unbound.

use crate::command::CommandLine;
use crate::peers::pipeline::Run;
use crate::peers::postfix::STORED;
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

pub(super) const SESSION: &[(&str, Check)] = &[
    ("a certificate that meets its TLSA record", met),
    ("a certificate that meets none", unmet),
    ("TLSA records that cannot be used", unusable),
    ("OpenSSL says the same", openssl),
    ("hosts without TLSA records, and in a zone that is not signed", opportunistic),
    ("a host whose TLSA records are bogus is not connected to", untouched),
    ("smtp-send goes past it", past),
    ("smtp-send hands nothing over against a TLSA record", unsent),
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

/// `mxlookup --tlsa DOMAIN | TOOL`, through Unbound to Postfix.
fn chain(world: &World, domain: &str, tool: &str) -> Result<Run, String> {
    let (dns, port) = (world.unbound.address, world.postfix.address.port());
    let domain = format!("{domain}.{}", signed::origin());
    Run::of(format!(
        "mxlookup --tlsa --dns {dns} {domain} | {tool} --dns {dns} --port {port} --allow-private"
    ))
}

fn met(world: &World) -> Outcome {
    for domain in ["right", "aliased", "alias"] {
        let run = chain(world, domain, "smtp-ping --rcpt known@plain.peers.example")?;
        let parts = [
            r#""status":"ok""#,
            r#""verified":false"#,
            r#""dane":{"result":"pass","matched":"3 1 1"}"#,
            r#""code":"tls.self_signed","severity":"info""#,
            r#""tlsa":[{"usage":3,"#,
            r#""dnssec":"secure""#,
        ];
        run.exits(0)?.counts(1)?.holds(&parts)?.has(r#""verdict":"rcpt.accepted""#)?;
    }
    let sni = format!(r#""sni":"mx.right.{}""#, signed::origin());
    chain(world, "alias", "smtp-ping")?.has(&sni).map(drop)
}

fn unmet(world: &World) -> Outcome {
    let run = chain(world, "wrong", "smtp-ping --rcpt known@plain.peers.example")?;
    let parts = [
        r#""status":"fail""#,
        r#""ehlo_tls":{"#,
        r#""dane":{"result":"fail","error":"tls.tlsa_invalid"}"#,
        r#""error":{"tool":"smtp-ping","code":"tls.tlsa_invalid","phase":"tls""#,
    ];
    run.exits(1)?.counts(1)?.holds(&parts)?.lacks(r#""recipients""#).map(drop)
}

fn unusable(world: &World) -> Outcome {
    let run = chain(world, "unusable", "smtp-ping")?;
    run.exits(0)?.counts(1)?.holds(&[r#""status":"ok""#, r#""dane":{"result":"unusable"}"#]).map(drop)
}

/// A second opinion on the same records.
fn openssl(world: &World) -> Outcome {
    let ask = |rdata: String| {
        let (address, name) = (world.postfix.address, format!("mx.right.{}", signed::origin()));
        let line = format!(
            "openssl s_client -starttls smtp -connect {address} -verify_return_error \
             -dane_tlsa_domain {name} -dane_ee_no_namechecks -dane_tlsa_rrdata '{rdata}' </dev/null"
        );
        CommandLine::new("sh", vec!["-c".into(), line.into()]).quiet().map_err(|failure| failure.to_string())
    };
    ask(format!("3 1 1 {}", world.certificate.spki))?;
    match ask(format!("3 1 1 {WRONG}")) {
        Ok(()) => Err("OpenSSL takes the certificate by the wrong record".to_owned()),
        Err(_) => Ok(()),
    }
}

fn opportunistic(world: &World) -> Outcome {
    for domain in ["bare", "island"] {
        let run = chain(world, domain, "smtp-ping")?;
        run.exits(0)?.counts(1)?.has(r#""status":"ok""#)?.lacks(r#""dane""#)?;
    }
    Ok(())
}

fn untouched(world: &World) -> Outcome {
    let run = chain(world, "forged", "smtp-ping")?;
    let parts = [r#""status":"unknown""#, r#""error":{"tool":"mxlookup","code":"tls.dnssec_invalid""#];
    run.exits(75)?.counts(1)?.holds(&parts)?.lacks(r#""banner""#)?;
    let run = chain(world, "half", "smtp-ping --ordered")?;
    let error = r#""error":{"tool":"smtp-ping","code":"tls.dnssec_invalid","phase":"dns""#;
    run.exits(75)?.counts(2)?.holds(&[r#""status":"unknown""#, r#""host":"mx.forged."#, error])?;
    run.holds(&[r#""status":"ok""#, r#""host":"mx.right."#, r#""dane":{"result":"pass""#]).map(drop)
}

fn past(world: &World) -> Outcome {
    let recipient = format!("past@{STORED}");
    let run = chain(world, "half", &format!("smtp-send --from <> --to {recipient}"))?;
    let parts = [r#""status":"ok""#, r#""host":"mx.right."#, r#""dane":{"result":"pass""#];
    run.exits(0)?.counts(1)?.holds(&parts)?.has(r#""code":"tls.dnssec_invalid""#)?;
    world.postfix.stored(&recipient)?.holds("with ESMTPS id")
}

fn unsent(world: &World) -> Outcome {
    let run = chain(world, "wrong", &format!("smtp-send --from <> --to against@{STORED}"))?;
    run.exits(1)?
        .counts(1)?
        .holds(&[r#""status":"fail""#, r#""code":"tls.tlsa_invalid""#])?
        .lacks("queue_id")
        .map(drop)
}
