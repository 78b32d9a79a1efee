//! The names of an address, as myip looks them up.

use std::net::SocketAddrV4;

use crate::peers::pipeline::Run;
use crate::peers::tally::Outcome;
use crate::peers::world::World;
use crate::peers::zone;

type Check = fn(&World, SocketAddrV4) -> Outcome;

pub(super) const OF_ANY_SERVER: &[(&str, Check)] = &[
    ("a name that leads back", pass),
    ("an address without a name", nameless),
    ("a name that leads elsewhere", forged),
    ("several names, of which one leads back", several),
    ("a reverse name that is an alias (RFC 2317)", classless),
    ("a name that is an alias", aliased),
    ("an address of IPv6", ipv6),
    ("a name of one's own", claimed),
    ("the server of a record", piped),
];

pub(super) const OF_A_RESOLVER: &[(&str, Check)] = &[
    ("an address that it does not look up", refused),
    ("a name below a server that does not exist", lame),
    ("a name below a server that never answers", mute),
];

fn pass(world: &World, dns: SocketAddrV4) -> Outcome {
    let ip = world.block.host(zone::MX1);
    let run = Run::of(format!("myip --dns {dns} {ip}"))?;
    let forward = format!(r#""forward":{{"mx1.peers.example":["{ip}"]}}"#);
    let parts = [r#""status":"ok""#, r#""ptr":["mx1.peers.example"],"iprev":"pass""#, &forward];
    run.exits(0)?.counts(1)?.has(r#""helo":"mx1.peers.example""#)?.holds(&parts).map(drop)
}

fn nameless(world: &World, dns: SocketAddrV4) -> Outcome {
    let ip = world.block.host(zone::MX2);
    let run = Run::of(format!("myip --dns {dns} {ip}"))?;
    let parts = [&format!(r#""helo":"[{ip}]""#), r#""ptr":[],"iprev":"permerror""#, r#""code":"id.no_ptr""#];
    run.exits(1)?.counts(1)?.holds(&parts).map(drop)
}

fn forged(world: &World, dns: SocketAddrV4) -> Outcome {
    let ip = world.block.host(zone::FORGED);
    let run = Run::of(format!("myip --dns {dns} {ip}"))?;
    let parts = [r#""ptr":["mx1.peers.example"],"iprev":"fail""#, r#""code":"id.ptr_mismatch""#];
    run.exits(1)?.counts(1)?.holds(&parts).map(drop)
}

fn passes(dns: SocketAddrV4, ip: &str, name: &str) -> Result<Run, String> {
    let run = Run::of(format!("myip --dns {dns} {ip}"))?;
    let forward = format!(r#""{name}":["{ip}"]"#);
    let helo = format!(r#""helo":"{name}""#);
    run.exits(0)?.counts(1)?.holds(&[r#""status":"ok""#, &helo, r#""iprev":"pass""#, &forward])?;
    Ok(run)
}

fn several(world: &World, dns: SocketAddrV4) -> Outcome {
    let run = passes(dns, &world.block.host(zone::SEVERAL).to_string(), "several.peers.example")?;
    run.has(r#""gone.peers.example":[]"#).map(drop)
}

fn classless(world: &World, dns: SocketAddrV4) -> Outcome {
    passes(dns, &world.block.host(zone::CLASSLESS).to_string(), "customer.peers.example").map(drop)
}

fn aliased(world: &World, dns: SocketAddrV4) -> Outcome {
    passes(dns, &world.block.host(zone::ALIASED).to_string(), "aliased.peers.example").map(drop)
}

fn ipv6(_: &World, dns: SocketAddrV4) -> Outcome {
    passes(dns, zone::IPV6, "six.peers.example").map(drop)
}

fn claimed(world: &World, dns: SocketAddrV4) -> Outcome {
    let ip = world.block.host(zone::ALIASED);
    let run = Run::of(format!("myip --dns {dns} --helo host.aliased.peers.example {ip}"))?;
    let helo = r#""helo":"host.aliased.peers.example""#;
    run.exits(0)?.holds(&[helo, r#""leads_here":true,"is_ptr":false"#, r#""code":"id.ptr_ne_helo""#])?;
    let run = Run::of(format!("myip --dns {dns} --helo mx1.peers.example {ip}"))?;
    run.exits(1)?.holds(&[r#""leads_here":false"#, r#""code":"id.helo_mismatch""#]).map(drop)
}

fn piped(world: &World, dns: SocketAddrV4) -> Outcome {
    let (ip, port) = (world.block.host(zone::MX1), world.postfix.address.port());
    let run = Run::of(format!("smtp-ping --dns {dns} --no-ptr {ip}:{port} | myip --dns {dns} -"))?;
    run.exits(0)?.counts(1)?.holds(&[r#""tool":"myip""#, r#""iprev":"pass""#, r#""banner":{"#]).map(drop)
}

fn refused(_: &World, dns: SocketAddrV4) -> Outcome {
    let run = Run::of(format!("myip --dns {dns} 11.0.0.1"))?;
    let parts = [r#""status":"unknown""#, r#""iprev":"temperror""#, r#""code":"id.ptr_temperror""#];
    run.exits(75)?.counts(1)?.holds(&parts).map(drop)
}

fn lame(world: &World, dns: SocketAddrV4) -> Outcome {
    let ip = world.block.host(zone::LAME);
    let run = Run::of(format!("myip --dns {dns} {ip}"))?;
    let parts = [r#""iprev":"temperror""#, r#""code":"id.ptr_temperror""#, "could not get an answer"];
    run.exits(75)?.counts(1)?.holds(&parts).map(drop)
}

/// The resolver tries for longer than we wait.
fn mute(world: &World, dns: SocketAddrV4) -> Outcome {
    let ip = world.block.host(zone::MUTE);
    let run = Run::of(format!("myip --dns {dns} --timeout 1s {ip}"))?;
    let parts = [r#""iprev":"temperror""#, r#""code":"id.ptr_temperror""#, r#""limit_ms":1000"#];
    run.exits(75)?.counts(1)?.holds(&parts).map(drop)
}
