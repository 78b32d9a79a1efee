//! NSD, authoritative for the zones of a run.

use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};

use super::address::{Block, free_port};
use super::keeper::Keeper;
use super::signed::Signed;
use super::world::{await_server, write};
use super::zone;
use crate::command::Failure;

#[derive(Debug)]
pub(super) struct Nsd {
    pub(super) address: SocketAddrV4,
}

impl Nsd {
    pub(super) fn start(
        keeper: &mut Keeper,
        program: &Path,
        block: Block,
        signed: &Signed,
    ) -> Result<Self, Failure> {
        let address = free_port(block.host(zone::NSD)).map_err(|error| Failure::new(error.to_string()))?;
        let folder = keeper.folder().to_owned();
        write(&folder.join("forward.zone"), &zone::forward(block))?;
        write(&folder.join("reverse.zone"), &zone::reverse(block))?;
        let config = folder.join("nsd.conf");
        write(&config, &configuration(&folder, address, block, signed))?;
        let log = folder.join("nsd.log");
        keeper.serve(program, &["-d", "-c", &config.to_string_lossy()], &log)?;
        await_server(keeper, "NSD", address, &log)?;
        Ok(Self { address })
    }
}

/// Every path that has a default below /var is named.
fn configuration(folder: &Path, address: SocketAddrV4, block: Block, signed: &Signed) -> String {
    format!(
        r#"server:
    ip-address: {ip}@{port}
    username: ""
    server-count: 1
    # A datagram larger than this is truncated, whatever the question allows.
    ipv4-edns-size: 1232
    # The tools ask in bursts.
    rrl-ratelimit: 0
    database: ""
    zonesdir: "{folder}"
    xfrdir: "{folder}"
    xfrdfile: "{folder}/nsd-xfrd.state"
    zonelistfile: "{folder}/nsd-zone.list"
    pidfile: "{folder}/nsd.pid"
remote-control:
    control-enable: no
zone:
    name: "{forward}"
    zonefile: "forward.zone"
zone:
    name: "{reverse}"
    zonefile: "reverse.zone"
{signed}"#,
        ip = address.ip(),
        port = address.port(),
        folder = folder.display(),
        forward = zone::ORIGIN,
        reverse = block.reverse_zone(),
        signed = signed.zones.iter().map(zone).collect::<String>(),
    )
}

fn zone((name, file): &(String, PathBuf)) -> String {
    format!("zone:\n    name: \"{name}\"\n    zonefile: \"{}\"\n", file.display())
}
