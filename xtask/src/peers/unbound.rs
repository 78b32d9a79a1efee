//! Unbound, the resolver in front of NSD.

use std::net::SocketAddrV4;
use std::path::Path;

use super::address::{Block, free_port, free_ports};
use super::certificate::Certificate;
use super::keeper::Keeper;
use super::signed::Signed;
use super::world::{await_server, write};
use super::zone;
use crate::command::Failure;

#[derive(Debug)]
pub(super) struct Unbound {
    pub(super) address: SocketAddrV4,
    /// The DNS over TLS.
    pub(super) tls: SocketAddrV4,
    /// The DNS over HTTPS, which is HTTP/2 only.
    pub(super) https: SocketAddrV4,
}

impl Unbound {
    pub(super) fn start(
        keeper: &mut Keeper,
        program: &Path,
        block: Block,
        authority: SocketAddrV4,
        signed: &Signed,
        certificate: &Certificate,
    ) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::new(error.to_string());
        let address = free_port(block.host(zone::UNBOUND)).map_err(failed)?;
        let secure = free_ports(block.host(zone::UNBOUND), 2).map_err(failed)?;
        let [tls, https] = secure[..] else { return Err(Failure::new("peers: no ports")) };
        let folder = keeper.folder().to_owned();
        let config = folder.join("unbound.conf");
        write(
            &config,
            &(configuration(&folder, address, block, authority, signed) + &over_tls(tls, https, certificate)),
        )?;
        let log = folder.join("unbound.log");
        keeper.serve(program, &["-d", "-p", "-c", &config.to_string_lossy()], &log)?;
        await_server(keeper, "Unbound", address, &log)?;
        Ok(Self { address, tls, https })
    }
}

/// The rest of the configuration.
fn over_tls(tls: SocketAddrV4, https: SocketAddrV4, certificate: &Certificate) -> String {
    format!(
        r#"server:
    interface: {ip}@{tls_port}
    interface: {ip}@{https_port}
    tls-port: {tls_port}
    https-port: {https_port}
    tls-service-pem: "{pem}"
    tls-service-key: "{key}"
"#,
        ip = tls.ip(),
        tls_port = tls.port(),
        https_port = https.port(),
        pem = certificate.certificate.display(),
        key = certificate.key.display(),
    )
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
{stubs}stub-zone:
    name: "{reverse}."
    stub-addr: {authority_ip}@{authority_port}
"#,
        ip = address.ip(),
        port = address.port(),
        folder = folder.display(),
        bogus = zone::BOGUS,
        stubs = signed.zones.iter().map(|(name, _)| stub(name, authority)).collect::<String>(),
        anchor = signed.anchor.display(),
        forward = zone::ORIGIN,
        reverse = block.reverse_zone(),
        digest = "0".repeat(64),
        authority_ip = authority.ip(),
        authority_port = authority.port(),
    )
}

fn stub(name: &str, authority: SocketAddrV4) -> String {
    format!("stub-zone:\n    name: \"{name}.\"\n    stub-addr: {}@{}\n", authority.ip(), authority.port())
}
