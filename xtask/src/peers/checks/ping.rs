//! smtp-ping against Postfix, alone and behind mxlookup.

use crate::peers::pipeline::Run;
use crate::peers::postfix::{STORED, UNKNOWN};
use crate::peers::tally::Outcome;
use crate::peers::world::World;
use crate::peers::zone;

type Check = fn(&World) -> Outcome;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("the banner", banner),
    ("the keywords of EHLO", keywords),
    ("all names agree", names),
    ("a host that is typed", typed),
    ("a host behind NSD alone", authority),
    ("a record each for the host that is up and the one that is not", both),
    ("--first goes past a host that is down", first),
    ("recipients asked for, a verdict each", recipients),
    ("the recipient of a record", recipient),
    ("an MX that leads to this machine is not connected to", private),
    ("a null MX passes through", null),
    ("once stopped, its port refuses", stopped),
];

/// `mxlookup DOMAIN | smtp-ping`, through Unbound.
fn chain(world: &World, domain: &str, words: &str) -> Result<Run, String> {
    let (dns, port) = (world.unbound.address, world.postfix.address.port());
    let ping = format!("smtp-ping --dns {dns} --port {port} {words}");
    Run::of(format!("mxlookup --dns {dns} {domain} | {}", ping.trim_end()))
}

fn banner(world: &World) -> Outcome {
    let run = chain(world, "plain.peers.example", "--allow-private --first")?;
    let address = format!(r#""ip":"{}""#, world.postfix.address.ip());
    let parts = [r#""status":"ok""#, &address, r#""banner":{"code":220,"#, "mx1.peers.example ESMTP Postfix"];
    run.exits(0)?.counts(1)?.holds(&parts).map(drop)
}

fn keywords(world: &World) -> Outcome {
    let run = chain(world, "plain.peers.example", "--allow-private --first")?;
    run.exits(0)?.holds(&[r#""ehlo":{"verb":"EHLO","code":250,"#, r#""keywords":{"#])?;
    let keywords =
        ["STARTTLS", "PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8", "CHUNKING"];
    keywords.iter().try_for_each(|keyword| run.has(&format!(r#""{keyword}":["#)).map(drop))?;
    run.lacks(r#""AUTH""#).map(drop)
}

fn names(world: &World) -> Outcome {
    let run = chain(world, "plain.peers.example", "--allow-private --first")?;
    let agree = r#""names":{"expected":"mx1.peers.example","agree":["banner","ehlo","certificate","ptr"],"differ":[]}"#;
    run.exits(0)?.holds(&[r#""ptr":["mx1.peers.example"],"iprev":"pass""#, agree]).map(drop)
}

fn typed(world: &World) -> Outcome {
    let (dns, port) = (world.unbound.address, world.postfix.address.port());
    let run = Run::of(format!("smtp-ping --dns {dns} mx1.peers.example:{port}"))?;
    run.exits(0)?.counts(1)?.holds(&[r#""host":"mx1.peers.example""#, r#""STARTTLS":[]"#]).map(drop)
}

fn authority(world: &World) -> Outcome {
    let (dns, port) = (world.nsd.address, world.postfix.address.port());
    let ping = format!("smtp-ping --dns {dns} --port {port} --allow-private --first");
    let run = Run::of(format!("mxlookup --dns {dns} plain.peers.example | {ping}"))?;
    run.exits(0)?.holds(&[r#""STARTTLS":[]"#, r#""iprev":"pass""#]).map(drop)
}

fn both(world: &World) -> Outcome {
    let run = chain(world, "plain.peers.example", "--allow-private")?;
    let up = [r#""status":"ok""#, r#""host":"mx1.peers.example""#, r#""STARTTLS":[]"#];
    let down = [r#""status":"fail""#, r#""host":"mx2.peers.example""#, r#""code":"tcp.refused""#];
    run.exits(1)?.counts(2)?.holds(&up)?.holds(&down).map(drop)
}

fn first(world: &World) -> Outcome {
    let (up, down) = (world.block.host(zone::MX1), world.block.host(zone::MX2));
    let run = chain(world, "turned.peers.example", "--allow-private --first")?;
    let tried = format!(r#""attempts":[{{"host":"mx2.peers.example","ip":"{down}""#);
    run.exits(0)?.counts(1)?.holds(&[&format!(r#""ip":"{up}""#), &tried, r#""code":"tcp.refused""#]).map(drop)
}

fn recipients(world: &World) -> Outcome {
    let known = format!("--rcpt known@{STORED}");
    let run = chain(world, STORED, &format!("--allow-private --first {known}"))?;
    run.exits(0)?.has(&format!(r#"{{"address":"known@{STORED}","status":"ok","verdict":"rcpt.accepted""#))?;
    let words =
        format!("--allow-private --first {known} --rcpt {UNKNOWN}@{STORED} --rcpt user@elsewhere.example");
    let run = chain(world, STORED, &words)?;
    let parts = [
        r#""status":"fail""#,
        r#""from":"<>","recipients":[{"address":"known@"#,
        r#""status":"ok","verdict":"rcpt.accepted","code":250"#,
        r#""address":"unknown@plain.peers.example","status":"fail","verdict":"rcpt.unknown_user","code":550,"enhanced":"5.1.1""#,
        r#""address":"user@elsewhere.example","status":"fail","verdict":"rcpt.rejected","code":554,"enhanced":"5.7.1""#,
    ];
    run.exits(1)?.counts(1)?.holds(&parts).map(drop)
}

fn recipient(world: &World) -> Outcome {
    let run = chain(world, &format!("known@{STORED}"), "--allow-private --first --rcpt -")?;
    let parts = [&format!(r#""address":"known@{STORED}""#), r#""verdict":"rcpt.accepted""#];
    run.exits(0)?.counts(1)?.holds(&parts).map(drop)
}

fn private(world: &World) -> Outcome {
    let run = chain(world, "plain.peers.example", "")?;
    run.exits(1)?.counts(2)?.has_times(r#""error":{"tool":"smtp-ping","code":"dns.mx_non_public""#, 2)?;
    run.lacks(r#""banner":{"#).map(drop)
}

fn null(world: &World) -> Outcome {
    let run = chain(world, "null.peers.example", "")?;
    run.exits(1)?
        .counts(1)?
        .holds(&[r#""tool":"smtp-ping""#, r#""error":{"tool":"mxlookup","code":"dns.null_mx""#])?;
    Ok(())
}

fn stopped(world: &World) -> Outcome {
    world.postfix.stop().map_err(|failure| failure.to_string())?;
    let run = chain(world, "plain.peers.example", "--allow-private")?;
    run.exits(1)?.counts(2)?.has_times(r#""code":"tcp.refused""#, 2).map(drop)
}
