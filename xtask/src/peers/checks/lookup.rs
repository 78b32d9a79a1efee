//! mxlookup against NSD and Unbound.

use std::net::{SocketAddrV4, UdpSocket};
use std::time::Duration;

use crate::peers::pipeline::Run;
use crate::peers::tally::Outcome;
use crate::peers::world::World;
use crate::peers::zone;

type Check = fn(&World, SocketAddrV4) -> Outcome;

pub(super) const OF_ANY_SERVER: &[(&str, Check)] = &[
    ("hosts come in the order of their preference", order),
    ("hosts of equal preference, by name with --stable", equal),
    ("both address families of a host", families),
    ("no MX, but an address", implicit),
    ("null MX", null),
    ("a name that does not exist", nxdomain),
    ("a name with neither MX nor address", nodata),
    ("an exchange that does not exist", dead),
    ("an exchange that is an alias", alias),
    ("a truncated answer is asked for again over TCP", many),
    ("TCP from the start", tcp),
    ("a PTR that leads back, and an address without one", ptr),
    ("a PTR that leads elsewhere", forged),
    ("a bulk run in the order of its input", bulk),
];

pub(super) const OF_THE_AUTHORITY: &[(&str, Check)] = &[
    ("the long answer does not fit into a datagram", truncates),
    ("a question about a zone that it does not serve", refused),
];

pub(super) const OF_A_RESOLVER: &[(&str, Check)] = &[
    ("a delegation to a server that does not exist", lame),
    ("an exchange below such a delegation", half),
    ("a zone with broken DNSSEC, with the extended error", bogus),
];

fn lookup(dns: SocketAddrV4, words: &str) -> Result<Run, String> {
    Run::of(format!("mxlookup --dns {dns} {words}"))
}

fn order(world: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(dns, "plain.peers.example")?;
    let (mx1, mx2) = (world.block.host(zone::MX1), world.block.host(zone::MX2));
    let first = format!(r#""preference":10,"exchange":"mx1.peers.example","addresses":["{mx1}"]"#);
    let second = format!(r#""preference":20,"exchange":"mx2.peers.example","addresses":["{mx2}"]"#);
    run.exits(0)?.counts(1)?.holds(&[r#""status":"ok""#, &first, &second]).map(drop)
}

fn equal(_: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(dns, "--stable equal.peers.example")?;
    run.exits(0)?.holds(&[r#""exchange":"mx1."#, r#""exchange":"mx2."#]).map(drop)
}

fn families(world: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(dns, "dual.peers.example")?;
    let v4 = format!(r#""{}""#, world.block.host(zone::MX1));
    run.exits(0)?.has(&v4)?.has(r#""::1""#)?;
    lookup(dns, "-6 dual.peers.example")?.exits(0)?.has(r#""addresses":["::1"]"#)?.lacks(&v4).map(drop)
}

fn implicit(_: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(dns, "implicit.peers.example")?;
    run.exits(0)?.holds(&[r#""implicit":true"#, r#""code":"dns.implicit_mx""#]).map(drop)
}

fn null(_: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(dns, "null.peers.example")?;
    run.exits(1)?.holds(&[r#""null_mx":true"#, r#""code":"dns.null_mx""#, r#""temporary":false"#]).map(drop)
}

fn nxdomain(_: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(dns, "nowhere.peers.example")?;
    run.exits(1)?.holds(&[r#""status":"fail""#, r#""code":"dns.nxdomain""#]).map(drop)
}

fn nodata(_: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(dns, "nodata.peers.example")?;
    run.exits(1)?.holds(&[r#""status":"fail""#, r#""code":"dns.nodata""#]).map(drop)
}

fn dead(_: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(dns, "dead.peers.example")?;
    run.exits(1)?.holds(&[r#""code":"dns.mx_no_address""#, r#""code":"dns.nxdomain""#]).map(drop)
}

fn alias(world: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(dns, "alias.peers.example")?;
    let address = format!(r#""addresses":["{}"]"#, world.block.host(zone::MX1));
    let parts = [&address, r#""cname":["mx1.peers.example"]"#, r#""code":"dns.mx_cname""#];
    run.exits(0)?.holds(&parts).map(drop)
}

fn many(_: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(dns, "many.peers.example")?;
    run.exits(0)?
        .has_times(r#""exchange":"#, zone::MANY)?
        .has_times(r#""addresses":["127."#, zone::MANY)
        .map(drop)
}

fn tcp(_: &World, dns: SocketAddrV4) -> Outcome {
    let run = Run::of(format!("mxlookup --dns tcp://{dns} plain.peers.example"))?;
    run.exits(0)?.has(&format!(r#""resolver":"tcp://{dns}""#)).map(drop)
}

fn ptr(world: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(dns, "--ptr plain.peers.example")?;
    let (mx1, mx2) = (world.block.host(zone::MX1), world.block.host(zone::MX2));
    let named = format!(r#"{{"ip":"{mx1}","names":["mx1.peers.example"],"iprev":"pass"}}"#);
    let nameless = format!(r#"{{"ip":"{mx2}","names":[],"iprev":"permerror"}}"#);
    run.exits(0)?.holds(&[&named, &nameless, r#""code":"id.no_ptr""#]).map(drop)
}

fn forged(_: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(dns, "--ptr forged.peers.example")?;
    let parts = [r#""names":["mx1.peers.example"],"iprev":"fail""#, r#""code":"id.ptr_mismatch""#];
    run.exits(0)?.holds(&parts).map(drop)
}

fn bulk(_: &World, dns: SocketAddrV4) -> Outcome {
    // A record is a target too: the domains of one run are looked up again by the next.
    let names = "null.peers.example plain.peers.example user@dual.peers.example";
    let line =
        format!("mxlookup --dns {dns} --ordered --no-addresses {names} | mxlookup --dns {dns} --ordered");
    let run = Run::of(line)?;
    run.exits(1)?.counts(3)?.holds(&[r#""address":"user@dual.peers.example""#, r#""::1""#])?;
    run.has_times(r#""code":"dns.null_mx""#, 1).map(drop)
}

fn refused(_: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(dns, "elsewhere.example")?;
    run.exits(75)?.holds(&[r#""status":"unknown""#, r#""code":"dns.refused""#]).map(drop)
}

fn lame(_: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(dns, "lame.peers.example")?;
    let parts = [r#""status":"unknown""#, r#""code":"dns.servfail""#, r#""temporary":true"#];
    run.exits(75)?.holds(&parts).map(drop)
}

fn half(_: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(dns, "half.peers.example")?;
    let finding = r#""code":"dns.servfail","severity":"warn""#;
    run.exits(0)?.holds(&[r#""exchange":"mx.lame."#, r#""exchange":"mx1."#, finding]).map(drop)
}

fn bogus(_: &World, dns: SocketAddrV4) -> Outcome {
    let run = lookup(dns, &format!("{}.{}", zone::BOGUS, zone::ORIGIN))?;
    let parts = [r#""status":"unknown""#, r#""code":"dns.servfail""#, r#""ede":[{"code":"#];
    run.exits(75)?.holds(&parts).map(drop)
}

/// Without this the check of the 60 hosts could pass without TCP.
fn truncates(_: &World, dns: SocketAddrV4) -> Outcome {
    const LIMIT: Duration = Duration::from_secs(10);
    // One question of the type MX, and an OPT record that allows 4096 octets.
    let question = b"\x12\x34\0\0\0\x01\0\0\0\0\0\x01\x04many\x05peers\x07example\0\0\x0f\0\x01\0\0\x29\x10\0\0\0\0\0\0\0";
    let mut answer = [0; 4096];
    let ask = || {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(LIMIT))?;
        socket.send_to(question, dns)?;
        socket.recv(&mut answer)
    };
    let length = { ask }().map_err(|error| format!("{dns}: {error}"))?;
    // RFC 1035 section 4.1.1: the TC bit.
    let truncated = answer[..length].get(2).is_some_and(|flags| flags & 0x02 != 0);
    if truncated { Ok(()) } else { Err(format!("an answer of {length} octets without the TC bit")) }
}
