//! Logging in at Dovecot, by each mechanism that it has and is wanted.

use crate::peers::dovecot::{PASSWORD, USER};
use crate::peers::pipeline::Run;
use crate::peers::postfix::STORED;
use crate::peers::tally::Outcome;
use crate::peers::world::World;

type Check = fn(&World) -> Outcome;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("each mechanism with the right password", right),
    ("each mechanism with a wrong password", wrong),
    ("the strongest mechanism that is offered", strongest),
    ("a password does not go out in clear", clear),
    ("SCRAM in clear", scram_in_clear),
    ("without a login a sender is refused", without),
    ("a message after a login arrives", sent),
];

const MECHANISMS: [&str; 5] = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"];

/// The options of a login with this password, which is in a file.
fn login(world: &World, password: &str) -> Result<String, String> {
    let file = world.file("password", password.as_bytes())?;
    Ok(format!("--auth-user {USER} --auth-password-file {}", file.display()))
}

fn ping(world: &World, password: &str, words: &str) -> Result<Run, String> {
    let (dns, port) = (world.unbound.address, world.dovecot.address.port());
    let login = login(world, password)?;
    Run::of(format!("smtp-ping -4 -v --dns {dns} --no-ptr mx1.peers.example:{port} {login} {words}"))
}

fn right(world: &World) -> Outcome {
    for mechanism in MECHANISMS {
        let run = ping(world, PASSWORD, &format!("--auth {mechanism}"))?;
        let auth = format!(r#""auth":{{"mechanism":"{mechanism}","user":"{USER}"}}"#);
        run.exits(0)?.counts(1)?.holds(&[r#""status":"ok""#, &auth])?;
    }
    Ok(())
}

fn wrong(world: &World) -> Outcome {
    for mechanism in MECHANISMS {
        let run = ping(world, "another one", &format!("--auth {mechanism}"))?;
        let error = r#""error":{"tool":"smtp-ping","code":"auth.rejected","phase":"auth""#;
        run.exits(1)?.counts(1)?.holds(&[r#""status":"fail""#, error, r#""code":535"#])?;
    }
    Ok(())
}

fn strongest(world: &World) -> Outcome {
    let run = ping(world, PASSWORD, "")?;
    run.exits(0)?.has(r#""auth":{"mechanism":"SCRAM-SHA-256""#).map(drop)
}

fn clear(world: &World) -> Outcome {
    let run = ping(world, PASSWORD, "--tls none --auth PLAIN,LOGIN")?;
    // Dovecot does not even offer them there.
    run.exits(1)?.has(r#""code":"auth.mechanism_unavailable","phase":"auth""#).map(drop)
}

fn scram_in_clear(world: &World) -> Outcome {
    let run = ping(world, PASSWORD, "--tls none")?;
    run.exits(0)?.has(r#""auth":{"mechanism":"SCRAM-SHA-256""#)?.lacks(r#""tls":{"#).map(drop)
}

fn without(world: &World) -> Outcome {
    let (dns, port) = (world.unbound.address, world.dovecot.address.port());
    let rcpt = format!("--rcpt known@{STORED}");
    let run = Run::of(format!("smtp-ping -4 --dns {dns} --no-ptr mx1.peers.example:{port} {rcpt}"))?;
    run.exits(1)?.has(r#""code":"auth.required","phase":"mail""#).map(drop)
}

fn sent(world: &World) -> Outcome {
    let (dns, port) = (world.unbound.address, world.dovecot.address.port());
    let recipient = format!("login@{STORED}");
    let ca = world.certificate.certificate.display();
    let server = format!("--dns {dns} --server mx1.peers.example:{port} --tls verify --ca {ca}");
    let letter = format!("--from sender@peers.example --to {recipient} --subject login --body hello");
    let run = Run::of(format!("smtp-send {server} {letter} {}", login(world, PASSWORD)?))?;
    run.exits(0)?.counts(1)?.has(r#""auth":{"mechanism":"SCRAM-SHA-256""#)?;
    world.postfix.stored(&recipient)?.holds("Subject: login")
}
