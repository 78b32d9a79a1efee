//! Unbound, the resolver in front of NSD.

use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
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
    /// A server that it asks and that never answers.
    _mute: UdpSocket,
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
        let mute = UdpSocket::bind((block.host(zone::MUTE), 0)).map_err(failed)?;
        let SocketAddr::V4(mute_address) = mute.local_addr().map_err(failed)? else {
            return Err(Failure::new("peers: no address of IPv4"));
        };
        let folder = keeper.folder().to_owned();
        let config = folder.join("unbound.conf");
        write(
            &config,
            &(configuration(&folder, address, block, authority, mute_address, signed)
                + &over_tls(tls, https, certificate)),
        )?;
        let log = folder.join("unbound.log");
        keeper.serve(program, &["-d", "-p", "-c", &config.to_string_lossy()], &log)?;
        await_server(keeper, "Unbound", address, &log)?;
        Ok(Self { address, tls, https, _mute: mute })
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
    mute: SocketAddrV4,
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
    local-zone: "{reverse6}." transparent
remote-control:
    control-enable: no
stub-zone:
    name: "{forward}."
    stub-addr: {authority_ip}@{authority_port}
{stubs}"#,
        ip = address.ip(),
        port = address.port(),
        folder = folder.display(),
        bogus = zone::BOGUS,
        stubs = stubs(block, authority, mute, signed),
        anchor = signed.anchor.display(),
        forward = zone::ORIGIN,
        reverse = block.reverse_zone(),
        reverse6 = zone::REVERSE_IPV6,
        digest = "0".repeat(64),
        authority_ip = authority.ip(),
        authority_port = authority.port(),
    )
}

/// Whom each zone below those of the world is asked from.
fn stubs(block: Block, authority: SocketAddrV4, mute: SocketAddrV4, signed: &Signed) -> String {
    let signed = signed.zones.iter().map(|(name, _)| stub(name, authority));
    let reverse = [block.reverse_zone(), zone::REVERSE_IPV6.to_owned()].map(|name| stub(&name, authority));
    let mute = stub(&format!("mute.{}", zone::ORIGIN), mute);
    signed.chain(reverse).chain([mute]).collect()
}

fn stub(name: &str, authority: SocketAddrV4) -> String {
    format!("stub-zone:\n    name: \"{name}.\"\n    stub-addr: {}@{}\n", authority.ip(), authority.port())
}
