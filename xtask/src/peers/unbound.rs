//! Unbound, the resolver in front of NSD.

use std::net::SocketAddrV4;
use std::path::Path;

use super::address::{Block, free_port};
use super::keeper::Keeper;
use super::signed::{self, Signed};
use super::world::{await_server, write};
use super::zone;
use crate::command::Failure;

#[derive(Debug)]
pub(super) struct Unbound {
    pub(super) address: SocketAddrV4,
}

impl Unbound {
    pub(super) fn start(
        keeper: &mut Keeper,
        program: &Path,
        block: Block,
        authority: SocketAddrV4,
        signed: &Signed,
    ) -> Result<Self, Failure> {
        let address =
            free_port(block.host(zone::UNBOUND)).map_err(|error| Failure::new(error.to_string()))?;
        let folder = keeper.folder().to_owned();
        let config = folder.join("unbound.conf");
        write(&config, &configuration(&folder, address, block, authority, signed))?;
        let log = folder.join("unbound.log");
        keeper.serve(program, &["-d", "-p", "-c", &config.to_string_lossy()], &log)?;
        await_server(keeper, "Unbound", address, &log)?;
        Ok(Self { address })
    }
}

fn configuration(
    folder: &Path,
    address: SocketAddrV4,
    block: Block,
    authority: SocketAddrV4,
    signed: &Signed,
) -> String {
    format!(
        r#"server:
    interface: {ip}@{port}
    do-ip6: no
    do-not-query-localhost: no
    access-control: 127.0.0.0/8 allow
    num-threads: 1
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    logfile: ""
    module-config: "validator iterator"
    # A key that the unsigned zone below cannot match: its answers are bogus.
    trust-anchor: "{bogus}.{forward}. DS 12345 13 2 {digest}"
    trust-anchor-file: "{anchor}"
    ede: yes
    # No question leaves this machine.
    local-zone: "." refuse
    local-zone: "{forward}." transparent
    local-zone: "{reverse}." transparent
remote-control:
    control-enable: no
stub-zone:
    name: "{forward}."
    stub-addr: {authority_ip}@{authority_port}
stub-zone:
    name: "{signed}."
    stub-addr: {authority_ip}@{authority_port}
stub-zone:
    name: "{open}.{signed}."
    stub-addr: {authority_ip}@{authority_port}
stub-zone:
    name: "{reverse}."
    stub-addr: {authority_ip}@{authority_port}
"#,
        ip = address.ip(),
        port = address.port(),
        folder = folder.display(),
        bogus = zone::BOGUS,
        signed = signed::origin(),
        open = signed::OPEN,
        anchor = signed.anchor.display(),
        forward = zone::ORIGIN,
        reverse = block.reverse_zone(),
        digest = "0".repeat(64),
        authority_ip = authority.ip(),
        authority_port = authority.port(),
    )
}
