//! What the tools say of Postfix's TLS, with a certificate that only itself vouches for.

use crate::peers::pipeline::Run;
use crate::peers::postfix::STORED;
use crate::peers::tally::Outcome;
use crate::peers::world::World;

type Check = fn(&World) -> Outcome;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("a certificate that does not verify is recorded", recorded),
    ("--tls verify refuses it", refused),
    ("--ca vouches for it", vouched),
    ("--ca does not vouch for another name", another_name),
    ("--tls none stays in clear", clear),
    ("EHLO is said again inside TLS, without STARTTLS", again),
    ("smtp-send --tls verify sends nothing without --ca", unsent),
    ("smtp-send --tls verify --ca sends", sent),
];

fn ping(world: &World, host: &str, words: &str) -> Result<Run, String> {
    let (dns, port) = (world.unbound.address, world.postfix.address.port());
    Run::of(format!("smtp-ping -4 --dns {dns} --no-ptr {host}:{port} {words}"))
}

fn recorded(world: &World) -> Outcome {
    let run = ping(world, "mx1.peers.example", "")?;
    let parts = [
        r#""status":"ok""#,
        r#""tls":{"how":"starttls","version":"TLSv1.3","#,
        r#""sni":"mx1.peers.example","verified":false,"verify_error":"tls.self_signed""#,
        r#""subject":"CN=mx1.peers.example","issuer":"CN=mx1.peers.example","san":["mx1.peers.example"]"#,
        r#""days_left":1,"key":"ecdsa-p256""#,
        r#""findings":[{"tool":"smtp-ping","code":"tls.self_signed","severity":"warn""#,
    ];
    run.exits(0)?.counts(1)?.holds(&parts).map(drop)
}

fn refused(world: &World) -> Outcome {
    let run = ping(world, "mx1.peers.example", "--tls verify")?;
    let error = r#""error":{"tool":"smtp-ping","code":"tls.self_signed","phase":"tls""#;
    run.exits(1)?.counts(1)?.holds(&[r#""status":"fail""#, r#""verified":false"#, error])?;
    // Nobody is asked for behind a certificate that does not verify.
    let run = ping(world, "mx1.peers.example", &format!("--tls verify --rcpt known@{STORED}"))?;
    run.exits(1)?.holds(&[error])?.lacks("rcpt.accepted").map(drop)
}

fn vouched(world: &World) -> Outcome {
    let ca = world.certificate.certificate.display();
    let run = ping(world, "mx1.peers.example", &format!("--tls verify --ca {ca}"))?;
    run.exits(0)?.counts(1)?.holds(&[r#""status":"ok""#, r#""verified":true"#, r#""agree":["#])?;
    run.lacks("verify_error")?.lacks(r#""code":"tls."#).map(drop)
}

fn another_name(world: &World) -> Outcome {
    let ca = world.certificate.certificate.display();
    let run = ping(world, "mx.dual.peers.example", &format!("--ca {ca}"))?;
    let parts =
        [r#""sni":"mx.dual.peers.example","verified":false,"verify_error":"tls.certificate_host_mismatch""#];
    run.exits(0)?.counts(1)?.holds(&parts)?;
    let run = ping(world, "mx.dual.peers.example", &format!("--tls verify --ca {ca}"))?;
    run.exits(1)?.holds(&[r#""error":{"tool":"smtp-ping","code":"tls.certificate_host_mismatch""#]).map(drop)
}

fn clear(world: &World) -> Outcome {
    let run = ping(world, "mx1.peers.example", "--tls none")?;
    run.exits(0)?.has(r#""STARTTLS":[]"#)?.lacks(r#""tls":{"#)?.lacks(r#""ehlo_tls""#).map(drop)
}

fn again(world: &World) -> Outcome {
    let run = ping(world, "mx1.peers.example", "")?;
    run.holds(&[r#""ehlo":{"#, r#""STARTTLS":[]"#, r#""ehlo_tls":{"verb":"EHLO","code":250,"#])?;
    run.has_times(r#""STARTTLS":[]"#, 1)?.has_times(r#""8BITMIME":[]"#, 2).map(drop)
}

fn send(world: &World, recipient: &str, words: &str) -> Result<Run, String> {
    let (dns, port) = (world.unbound.address, world.postfix.address.port());
    let server = format!("--dns {dns} --server mx1.peers.example:{port} --from <>");
    Run::of(format!("smtp-send {server} --to {recipient} {words}"))
}

fn unsent(world: &World) -> Outcome {
    let run = send(world, &format!("unsent@{STORED}"), "--tls verify")?;
    let parts = [r#""status":"fail""#, r#""verified":false"#, r#""code":"tls.self_signed""#];
    run.exits(1)?.counts(1)?.holds(&parts)?.lacks("queue_id").map(drop)
}

fn sent(world: &World) -> Outcome {
    let recipient = format!("sent@{STORED}");
    let ca = world.certificate.certificate.display();
    let run = send(world, &recipient, &format!("--tls verify --ca {ca}"))?;
    run.exits(0)?.counts(1)?.holds(&[r#""status":"ok""#, r#""queue_id":""#, r#""verified":true"#])?;
    world.postfix.stored(&recipient)?.holds("with ESMTPS id")
}
