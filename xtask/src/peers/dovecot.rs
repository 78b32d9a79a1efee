//! Dovecot's submission server: it demands a login, and hands on to Postfix what it takes.

use std::fs;
use std::io;
use std::net::SocketAddrV4;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::address::{Block, free_port};
use super::certificate::Certificate;
use super::keeper::Keeper;
use super::world::{await_server, write};
use super::zone;
use crate::command::Failure;

/// Who may log in.
pub(super) const USER: &str = "alerts@peers.example";
/// With what.
pub(super) const PASSWORD: &str = "a \"long\" w\u{f6}rd";

#[derive(Debug)]
pub(super) struct Dovecot {
    pub(super) address: SocketAddrV4,
}

impl Dovecot {
    pub(super) fn start(
        keeper: &mut Keeper,
        program: &Path,
        block: Block,
        certificate: &Certificate,
        relay: SocketAddrV4,
    ) -> Result<Self, Failure> {
        let address = free_port(block.host(zone::MX1)).map_err(|error| Failure::new(error.to_string()))?;
        let folder = keeper.folder().join("dovecot");
        for folder in [&folder, &folder.join("run")] {
            make(folder).map_err(|error| Failure::new(format!("peers: {}: {error}", folder.display())))?;
        }
        write(&folder.join("users"), &format!("{USER}:{{PLAIN}}{PASSWORD}\n"))?;
        let config = folder.join("dovecot.conf");
        write(&config, &settings(&folder, address, certificate, relay))?;
        let log = folder.join("log");
        keeper.serve(program, &["-F", "-c", &config.to_string_lossy()], &log)?;
        await_server(keeper, "Dovecot", address, &log)?;
        Ok(Self { address })
    }
}

fn settings(folder: &Path, address: SocketAddrV4, certificate: &Certificate, relay: SocketAddrV4) -> String {
    format!(
        "base_dir = {folder}/run
state_dir = {folder}/run
log_path = /dev/stderr
protocols = submission
listen = {ip}
hostname = mx1.{origin}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = yes
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
auth_failure_delay = 0
first_valid_uid = 1
mail_location = maildir:{folder}/mail
submission_relay_host = {relay_ip}
submission_relay_port = {relay_port}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}
}}
service submission-login {{
  inet_listener submission {{
    port = {port}
  }}
  inet_listener submissions {{
    port = 0
  }}
}}
service anvil {{
  # Who was refused is not made to wait the next time.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
",
        folder = folder.display(),
        ip = address.ip(),
        port = address.port(),
        origin = zone::ORIGIN,
        certificate = certificate.certificate.display(),
        key = certificate.key.display(),
        relay_ip = relay.ip(),
        relay_port = relay.port(),
    )
}

/// A folder that Dovecot's other users can pass, whatever the umask is.
fn make(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}
