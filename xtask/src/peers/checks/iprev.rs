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
    ("the server of a record", piped),
];

pub(super) const OF_A_RESOLVER: &[(&str, Check)] = &[("an address that it does not look up", refused)];

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
