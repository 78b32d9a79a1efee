//! smtp-send against Postfix, which keeps every byte of what it takes and takes nothing else.

use crate::peers::message::{random_body, with_lf};
use crate::peers::pipeline::Run;
use crate::peers::postfix::{STORED, UNKNOWN};
use crate::peers::tally::Outcome;
use crate::peers::world::World;

type Check = fn(&World) -> Outcome;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("random bytes arrive as they were sent", random),
    ("lines of dots arrive as they were sent", dots),
    ("a last line without its end gets one", unended),
    ("8-bit text arrives as it was sent", eight_bit),
    ("a subject and a text become a message", built),
    ("the name under which it is queued is in the record", queued),
    ("a key of one's own is carried to the end", carried),
    ("along the route, past a host that is down", route),
    ("by the MX of the recipient's domain", by_itself),
    ("through each server that was probed", each),
    ("an unknown recipient is refused", unknown),
    ("a recipient of another domain is refused", elsewhere),
    ("one recipient is taken and one refused", both),
    ("--quit-after rcpt sends nothing", asks_only),
];

const HEADERS: &[u8] = b"Subject: as it was sent\n\n";

/// `mxlookup D | smtp-ping --first | smtp-send --to RECIPIENT …`, through Unbound.
fn chain(world: &World, recipient: &str, words: &str) -> Result<Run, String> {
    Run::of(format!("mxlookup --dns {} {STORED} | {}", world.unbound.address, rest(world, recipient, words)))
}

fn rest(world: &World, recipient: &str, words: &str) -> String {
    let (dns, port) = (world.unbound.address, world.postfix.address.port());
    let ping = format!("smtp-ping --dns {dns} --port {port} --allow-private --first");
    format!("{ping} | smtp-send --from sender@peers.example --to {recipient} {words}")
}

/// Sends the file as it is; its body is stored as `expected`.
fn arrives(world: &World, name: &str, body: &[u8], expected: &[u8]) -> Outcome {
    let recipient = format!("{name}@{STORED}");
    let file = world.file(&format!("{name}.eml"), &[HEADERS, body].concat())?;
    let run = chain(world, &recipient, &format!("--data @{}", file.display()))?;
    let verdict = format!(r#""recipients":[{{"address":"{recipient}","status":"ok""#);
    run.exits(0)?.counts(1)?.holds(&[r#""tool":"smtp-send","v":1,"status":"ok""#, &verdict])?;
    let stored = world.postfix.stored(&recipient)?;
    stored.holds("Subject: as it was sent")?;
    same(expected, &stored.body)
}

fn random(world: &World) -> Outcome {
    let body = with_lf(&random_body());
    arrives(world, "random", &body, &body)
}

fn dots(world: &World) -> Outcome {
    let body = b".\n..\n.x\n\n.\n.\n";
    arrives(world, "dots", body, body)
}

fn unended(world: &World) -> Outcome {
    arrives(world, "unended", b"one\n.", b"one\n.\n")
}

fn eight_bit(world: &World) -> Outcome {
    let body = b"Gr\xc3\xbc\xc3\x9fe in UTF-8\nGr\xfc\xdfe in Latin-1\n";
    arrives(world, "eight-bit", body, body)
}

fn built(world: &World) -> Outcome {
    let recipient = format!("built@{STORED}");
    let run = chain(world, &recipient, "--subject built --body hello --header X-Check:yes")?;
    run.exits(0)?.counts(1)?.has(r#""from":"sender@peers.example""#)?;
    let stored = world.postfix.stored(&recipient)?;
    let to = format!("To: <{recipient}>");
    for header in ["From: <sender@peers.example>", &to, "Subject: built", "X-Check: yes", "Date: "] {
        stored.holds(header)?;
    }
    stored.holds("Return-Path: <sender@peers.example>")?;
    same(b"hello\n", &stored.body)
}

fn queued(world: &World) -> Outcome {
    let recipient = format!("queued@{STORED}");
    let run = chain(world, &recipient, "")?;
    run.exits(0)?.holds(&[r#""queue_id":""#, r#""reply":{"code":250,"enhanced":"2.0.0","#])?;
    let stored = world.postfix.stored(&recipient)?;
    let id = run.value("queue_id")?;
    // Postfix writes its name for it into the line that says whence it came.
    stored.holds(&format!("with ESMTPS id {id}"))?;
    stored.holds(&format!("Message-ID: <{}>", run.value("message_id")?))
}

fn carried(world: &World) -> Outcome {
    let recipient = format!("carried@{STORED}");
    let input = format!(r#"{{"customer":"42","n":1.50,"domain":"{STORED}"}}"#);
    let line = format!("mxlookup --dns {} | {}", world.unbound.address, rest(world, &recipient, ""));
    let run = Run::fed(&input, line)?;
    run.exits(0)?.counts(1)?.holds(&[r#""tool":"smtp-send""#, r#""customer":"42","n":1.50"#])?;
    world.postfix.stored(&recipient).map(drop)
}

fn route(world: &World) -> Outcome {
    let recipient = format!("route@{STORED}");
    let (dns, port) = (world.unbound.address, world.postfix.address.port());
    let send = format!("smtp-send --port {port} --allow-private --from <> --to {recipient}");
    let run = Run::of(format!("mxlookup --dns {dns} turned.peers.example | {send}"))?;
    let parts = [r#""status":"ok""#, r#""host":"mx1.peers.example""#, r#""attempts":[{"host":"mx2."#];
    run.exits(0)?.counts(1)?.holds(&parts)?.has(r#""code":"tcp.refused""#)?;
    world.postfix.stored(&recipient).map(drop)
}

fn by_itself(world: &World) -> Outcome {
    let recipient = format!("by-itself@{STORED}");
    let (dns, port) = (world.unbound.address, world.postfix.address.port());
    let run = Run::of(format!("smtp-send --dns {dns} --port {port} --allow-private --from <> {recipient}"))?;
    let parts = [r#""status":"ok","domain":"plain.peers.example""#, r#""host":"mx1.peers.example""#];
    run.exits(0)?.counts(1)?.holds(&parts)?;
    world.postfix.stored(&recipient)?.holds("Return-Path: <>")
}

fn each(world: &World) -> Outcome {
    let recipient = format!("each@{STORED}");
    let (dns, port) = (world.unbound.address, world.postfix.address.port());
    let ping = format!("smtp-ping --dns {dns} --port {port} --allow-private");
    let send = format!("smtp-send --from <> --to {recipient}");
    let run = Run::of(format!("mxlookup --dns {dns} {STORED} | {ping} | {send}"))?;
    let refused = r#""error":{"tool":"smtp-ping","code":"tcp.refused""#;
    run.exits(1)?.counts(2)?.has_times(r#""tool":"smtp-send","v":1,"#, 2)?;
    run.holds(&[r#""status":"ok""#, r#""queue_id":""#])?.holds(&[r#""status":"fail""#, refused])?;
    world.postfix.stored(&recipient).map(drop)
}

fn unknown(world: &World) -> Outcome {
    let run = chain(world, &format!("{UNKNOWN}@{STORED}"), "")?;
    let error = r#""error":{"tool":"smtp-send","code":"rcpt.unknown_user","phase":"rcpt""#;
    let verdict = r#""status":"fail","verdict":"rcpt.unknown_user","code":550,"enhanced":"5.1.1""#;
    run.exits(1)?.counts(1)?.holds(&[verdict, error])?.lacks("queue_id").map(drop)
}

fn elsewhere(world: &World) -> Outcome {
    let run = chain(world, "user@elsewhere.example", "")?;
    let error = r#""error":{"tool":"smtp-send","code":"rcpt.rejected","phase":"rcpt""#;
    let verdict = r#""status":"fail","verdict":"rcpt.rejected","code":554,"enhanced":"5.7.1""#;
    run.exits(1)?.counts(1)?.holds(&[verdict, error])?.lacks("queue_id").map(drop)
}

fn both(world: &World) -> Outcome {
    let recipient = format!("one-of-two@{STORED}");
    let run = chain(world, &format!("{recipient},{UNKNOWN}@{STORED}"), "")?;
    let taken = format!(r#"{{"address":"{recipient}","status":"ok""#);
    let refused = r#""status":"fail","verdict":"rcpt.unknown_user""#;
    run.exits(1)?.counts(1)?.holds(&[&taken, refused, r#""queue_id":""#])?;
    world.postfix.stored(&recipient).map(drop)
}

fn asks_only(world: &World) -> Outcome {
    let recipient = format!("asked@{STORED}");
    let run = chain(world, &recipient, "--quit-after rcpt")?;
    run.exits(0)?.counts(1)?.holds(&[r#""verdict":"rcpt.accepted""#])?;
    run.lacks("queue_id")?.lacks("size_bytes").map(drop)
}

fn same(sent: &[u8], stored: &[u8]) -> Outcome {
    if sent == stored {
        return Ok(());
    }
    let at = sent.iter().zip(stored).take_while(|(sent, stored)| sent == stored).count();
    let near = |bytes: &[u8]| {
        let near: Vec<u8> = bytes.iter().skip(at.saturating_sub(8)).take(24).copied().collect();
        format!("…{}… ({} bytes)", near.escape_ascii(), bytes.len())
    };
    Err(format!("differs from byte {at} on\nsent:   {}\nstored: {}", near(sent), near(stored)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_two_bodies_begin_to_differ() {
        assert_eq!(same(b"ab\n", b"ab\n"), Ok(()));
        assert!(same(b"ab\n", b"ac\n").unwrap_err().starts_with("differs from byte 1 on"));
        assert!(same(b"ab\n", b"ab").unwrap_err().contains("from byte 2"));
    }
}
