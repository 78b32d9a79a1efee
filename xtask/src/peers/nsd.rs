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
        write(&folder.join("reverse6.zone"), &zone::reverse_ipv6())?;
        let mut zones = vec![
            (zone::ORIGIN.to_owned(), folder.join("forward.zone")),
            (block.reverse_zone(), folder.join("reverse.zone")),
            (zone::REVERSE_IPV6.to_owned(), folder.join("reverse6.zone")),
        ];
        zones.extend_from_slice(&signed.zones);
        serve(keeper, program, address, &zones)?;
        Ok(Self { address })
    }
}

/// Starts one for these zones, each with its file, and waits until it listens.
pub(crate) fn serve(
    keeper: &mut Keeper,
    program: &Path,
    address: SocketAddrV4,
    zones: &[(String, PathBuf)],
) -> Result<(), Failure> {
    let folder = keeper.folder().to_owned();
    let config = folder.join("nsd.conf");
    write(&config, &configuration(&folder, address, zones))?;
    let log = folder.join("nsd.log");
    keeper.serve(program, &["-d", "-c", &config.to_string_lossy()], &log)?;
    await_server(keeper, "NSD", address, &log)
}

/// Every path that has a default below /var is named.
fn configuration(folder: &Path, address: SocketAddrV4, zones: &[(String, PathBuf)]) -> String {
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
{zones}"#,
        ip = address.ip(),
        port = address.port(),
        folder = folder.display(),
        zones = zones.iter().map(zone).collect::<String>(),
    )
}

fn zone((name, file): &(String, PathBuf)) -> String {
    format!("zone:\n    name: \"{name}\"\n    zonefile: \"{}\"\n", file.display())
}
