//! What the tools say of Postfix where it shows other certificates, speaks other versions, or asks for ours.

use crate::peers::pipeline::Run;
use crate::peers::postfix::STORED;
use crate::peers::tally::Outcome;
use crate::peers::world::World;

type Check = fn(&World) -> Outcome;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("a chain with an intermediate verifies", good),
    ("an expired certificate", expired),
    ("a certificate for another name", other),
    ("a chain without its intermediate", alone),
    ("a chain of an authority that nobody trusts", strange),
    ("a signature that is no longer accepted", sha1),
    ("a key that is too weak", weak),
    ("TLS 1.3 alone", tls13),
    ("TLS 1.2 alone", tls12),
    ("TLS 1.1 and 1.0 alone are named", old),
    ("no cipher in common", cipher),
    ("TLS from the first byte, new and old", implicit),
    ("a client certificate is seen", seen),
    ("a client certificate is demanded", demanded),
    ("--warn-days", warned),
];

/// `smtp-ping` at the port of this variant.
fn ping(world: &World, variant: &str, words: &str) -> Result<Run, String> {
    let (dns, port) = (world.unbound.address, world.postfix.variants.port(variant));
    let ca = world.postfix.certificates.path("root.pem");
    let ca = ca.display();
    Run::of(format!("smtp-ping -4 --dns {dns} --no-ptr --ca {ca} mx1.peers.example:{port} {words}"))
}

/// The certificate does not verify: said while the session goes on, and the error if it must.
fn is_wrong(world: &World, variant: &str, code: &str) -> Outcome {
    let run = ping(world, variant, "")?;
    let parts = [
        r#""status":"ok""#,
        &format!(r#""verified":false,"verify_error":"{code}""#),
        &format!(r#""findings":[{{"tool":"smtp-ping","code":"{code}","severity":"warn""#),
    ];
    run.exits(0)?.counts(1)?.holds(&parts)?.has_times(&format!(r#""code":"{code}""#), 1)?;
    let run = ping(world, variant, "--tls verify")?;
    run.exits(1)?
        .counts(1)?
        .holds(&[&format!(r#""error":{{"tool":"smtp-ping","code":"{code}","phase":"tls""#)])?;
    Ok(())
}

fn good(world: &World) -> Outcome {
    let run = ping(world, "good", "--tls verify")?;
    let parts = [
        r#""status":"ok""#,
        r#""verified":true,"certificate":{"subject":"CN=mx1.peers.example","issuer":"CN=between""#,
        r#""not_before":"2020-01-01T00:00:00Z","not_after":"2049-01-01T00:00:00Z""#,
        r#""chain":[{"subject":"CN=between","issuer":"CN=root""#,
    ];
    run.exits(0)?.counts(1)?.holds(&parts).map(drop)
}

fn expired(world: &World) -> Outcome {
    is_wrong(world, "expired", "tls.certificate_expired")?;
    ping(world, "expired", "")?.has(r#""message":"the certificate ended on 2025-01-01""#).map(drop)
}

fn other(world: &World) -> Outcome {
    is_wrong(world, "other", "tls.certificate_host_mismatch")?;
    ping(world, "other", "")?.has(r#""message":"the certificate is for other.example""#).map(drop)
}

fn alone(world: &World) -> Outcome {
    is_wrong(world, "alone", "tls.chain_incomplete")?;
    ping(world, "alone", "")?.holds(&[r#""chain":[]"#, "CN=between\""]).map(drop)
}

fn strange(world: &World) -> Outcome {
    is_wrong(world, "strange", "tls.certificate_not_trusted")?;
    ping(world, "strange", "")?.has(r#""chain":[{"subject":"CN=unknown","issuer":"CN=unknown""#).map(drop)
}

fn sha1(world: &World) -> Outcome {
    is_wrong(world, "sha1", "tls.validation_failure")?;
    ping(world, "sha1", "")?.has("is of a kind that is no longer accepted").map(drop)
}

fn weak(world: &World) -> Outcome {
    let run = ping(world, "weak", "")?;
    let parts = [r#""status":"fail""#, r#""code":"tls.handshake_failed","phase":"tls""#, "rsa-1024"];
    run.exits(1)?.counts(1)?.holds(&parts).map(drop)
}

fn tls13(world: &World) -> Outcome {
    ping(world, "tls13", "")?.exits(0)?.has(r#""version":"TLSv1.3""#)?;
    let run = ping(world, "tls13", "--tls-max 1.2")?;
    run.exits(1)?.holds(&[r#""code":"tls.protocol_too_old""#, "refuses every version"]).map(drop)
}

fn tls12(world: &World) -> Outcome {
    let run = ping(world, "tls12", "--tls verify")?;
    run.exits(0)?.holds(&[r#""version":"TLSv1.2","cipher":"TLS_ECDHE_ECDSA_WITH_"#])?;
    let run = ping(world, "tls12", "--tls-min 1.3")?;
    run.exits(1)?.holds(&[r#""code":"tls.protocol_too_old""#, "the server speaks TLSv1.2 at best"]).map(drop)
}

fn old(world: &World) -> Outcome {
    for (variant, version) in [("tls11", "TLSv1.1"), ("tls10", "TLSv1.0")] {
        let run = ping(world, variant, "")?;
        let message = format!("the server speaks {version} at best, which is no longer used (it picks TLS_");
        let parts = [r#""status":"fail""#, r#""code":"tls.protocol_too_old","phase":"tls""#, &message];
        run.exits(1)?.counts(1)?.holds(&parts)?.lacks(r#""tls":{"#)?;
        ping(world, variant, "--tls none")?.exits(0)?;
    }
    Ok(())
}

fn cipher(world: &World) -> Outcome {
    let run = ping(world, "cipher", "")?;
    let message = "it picks TLS_RSA_WITH_AES_128_CBC_SHA of TLSv1.2";
    run.exits(1)?.counts(1)?.holds(&[r#""code":"tls.handshake_failed","phase":"tls""#, message]).map(drop)
}

fn implicit(world: &World) -> Outcome {
    let run = ping(world, "implicit", "--implicit --tls verify")?;
    run.exits(0)?.holds(&[r#""how":"implicit""#, r#""verified":true"#])?;
    let run = ping(world, "oldimplicit", "--implicit")?;
    run.exits(1)?
        .holds(&[r#""code":"tls.protocol_too_old""#, "TLSv1.1 at best"])?
        .lacks(r#""banner""#)
        .map(drop)
}

/// The words that show our certificate.
fn client(world: &World) -> String {
    let path = |name| world.postfix.certificates.path(name);
    format!("--cert {} --key {}", path("client.pem").display(), path("client.key").display())
}

fn seen(world: &World) -> Outcome {
    let (dns, port) = (world.unbound.address, world.postfix.variants.port("asks"));
    for (name, words) in [("stranger", String::new()), ("friend", client(world))] {
        let recipient = format!("{name}@{STORED}");
        let server = format!("--dns {dns} --server mx1.peers.example:{port} --from <>");
        let run = Run::of(format!("smtp-send {server} --to {recipient} --body hi {words}"))?;
        run.exits(0)?.counts(1)?.has(r#""status":"ok""#)?;
        let stored = world.postfix.stored(&recipient)?;
        let known = stored.holds(r#"(Client CN "client.example", Issuer "root" (verified OK))"#);
        match (name, known) {
            ("stranger", known) => drop(known.err().ok_or("a client without a certificate is known")?),
            (_, known) => known?,
        }
    }
    Ok(())
}

fn demanded(world: &World) -> Outcome {
    // Postfix takes up the handshake without one, and breaks off after it.
    let run = ping(world, "demands", "")?;
    let parts = [r#""status":"unknown""#, r#""phase":"ehlo_tls""#, r#""reply":{"code":421"#, "--cert FILE"];
    run.exits(75)?.counts(1)?.holds(&parts)?;
    ping(world, "demands", &client(world))?.exits(0)?.has(r#""ehlo_tls":{"#).map(drop)
}

fn warned(world: &World) -> Outcome {
    ping(world, "good", "--warn-days 30")?.exits(0)?;
    let run = ping(world, "good", "--warn-days 36500")?;
    run.exits(1)?.counts(1)?.has(r#""code":"tls.certificate_expires_soon","phase":"tls""#)?;
    let run = ping(world, "expired", "--warn-days 30")?;
    run.exits(1)?.has(r#""error":{"tool":"smtp-ping","code":"tls.certificate_expired""#).map(drop)
}
