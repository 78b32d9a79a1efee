//! Postfix, with a queue and a store of its own; what it takes can only go into the store.

use std::fs;
use std::io;
use std::net::SocketAddrV4;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::address::{Block, free_port};
use super::certificate::Certificate;
use super::certificates::Certificates;
use super::keeper::Keeper;
use super::need::Programs;
use super::variant::Variants;
use super::wait;
use super::world::{await_server, write};
use super::zone;
use crate::command::{CommandLine, Failure};

/// The domain whose mail is stored; all other mail is refused.
pub(super) const STORED: &str = "plain.peers.example";
/// The one local part that does not exist there.
pub(super) const UNKNOWN: &str = "unknown";
/// Delivers as nobody, since Postfix never does as root.
const NOBODY: u32 = 65534;

const SERVICES: &str = "\
cleanup  unix       n - n -    0 cleanup
qmgr     unix       n - n 300  1 qmgr
tlsmgr   unix       - - n 1000? 1 tlsmgr
rewrite  unix       - - n -    - trivial-rewrite
bounce   unix       - - n -    0 bounce
defer    unix       - - n -    0 bounce
trace    unix       - - n -    0 bounce
error    unix       - - n -    - error
virtual  unix       - n n -    - virtual
anvil    unix       - - n -    1 anvil
postlog  unix-dgram n - n -    1 postlogd
";

#[derive(Debug)]
pub(super) struct Postfix {
    pub(super) address: SocketAddrV4,
    /// The certificates that it shows elsewhere than at its address, and where.
    pub(super) certificates: Certificates,
    pub(super) variants: Variants,
    program: PathBuf,
    config: PathBuf,
    store: PathBuf,
    log: PathBuf,
}

impl Postfix {
    pub(super) fn start(
        keeper: &mut Keeper,
        programs: &Programs,
        block: Block,
        certificate: &Certificate,
    ) -> Result<Self, Failure> {
        let address = free_port(block.host(zone::MX1)).map_err(|error| Failure::new(error.to_string()))?;
        let folder = keeper.folder().join("postfix");
        let [config, data, store] = ["config", "data", "store"].map(|name| folder.join(name));
        for folder in [&folder, &folder.join("queue"), &config, &data, &store] {
            make(folder)?;
        }
        chown(&store, Some(NOBODY), Some(NOBODY)).map_err(|error| failure(&store, &error))?;
        CommandLine::new("chown", vec!["postfix".into(), data.into()]).quiet()?;
        let tls = folder.join("tls");
        make(&tls)?;
        let name = format!("mx1.{}", zone::ORIGIN);
        let certificates = Certificates::make(&programs.openssl, tls, &name)?;
        let variants = Variants::at(*address.ip())?;

        write(&folder.join("mailboxes"), &format!("!/^{UNKNOWN}@/ all/\n"))?;
        write(&config.join("main.cf"), &settings(&folder, certificate))?;
        write(&config.join("master.cf"), &master(address, &variants, &folder.join("tls")))?;

        let log = folder.join("log");
        let program = programs.postfix.clone();
        let postfix = Self { address, certificates, variants, program, config, store, log };
        // In the foreground a start that is not yet done can be stopped too.
        keeper.leader(&folder.join("queue/pid/master.pid"))?;
        keeper.serve(
            &postfix.program,
            &["-c", &postfix.config.to_string_lossy(), "start-fg"],
            &postfix.log,
        )?;
        await_server(keeper, "Postfix", address, &postfix.log)?;
        Ok(postfix)
    }

    /// Stops it; its port is closed afterwards.
    pub(super) fn stop(&self) -> Result<(), Failure> {
        let words = ["60".into(), (&self.program).into(), "-c".into(), (&self.config).into(), "stop".into()];
        CommandLine::new("timeout", words.into()).quiet()
    }

    /// The one message stored for `recipient`, waited for: its header lines, and its body byte for byte.
    ///
    /// Lines end in LF, as files here do.
    pub(super) fn stored(&self, recipient: &str) -> Result<Stored, String> {
        let folder = self.store.join("all").join("new");
        let found = wait::until(|| {
            let stored = messages(&folder).into_iter().filter(|stored| stored.is_for(recipient));
            Some(stored.collect::<Vec<_>>()).filter(|stored| !stored.is_empty())
        });
        let mut found = found.ok_or_else(|| format!("nothing is stored for {recipient}; {}", self.log()))?;
        match (found.pop(), found.len()) {
            (Some(only), 0) => Ok(only),
            (_, more) => Err(format!("{} messages are stored for {recipient}", more + 1)),
        }
    }

    fn log(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        format!("its log:\n{}", String::from_utf8_lossy(&log).trim_end())
    }
}

/// A message as it was delivered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) headers: String,
    pub(super) body: Vec<u8>,
}

impl Stored {
    fn split(message: &[u8]) -> Option<Self> {
        let at = message.windows(2).position(|pair| pair == b"\n\n")?;
        let headers = String::from_utf8_lossy(&message[..=at]).into_owned();
        Some(Self { headers, body: message[at + 2..].to_vec() })
    }

    /// `part` is in a header line.
    pub(super) fn holds(&self, part: &str) -> Result<(), String> {
        match self.headers.lines().any(|line| line.contains(part)) {
            true => Ok(()),
            false => Err(format!("not among the stored headers: {part}\n{}", self.headers)),
        }
    }

    /// Postfix says at the top for whom it delivered.
    fn is_for(&self, recipient: &str) -> bool {
        let line = format!("Delivered-To: {recipient}");
        self.headers.lines().any(|header| header == line)
    }
}

fn settings(folder: &Path, certificate: &Certificate) -> String {
    format!(
        "compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
# Where it listens is in master.cf: this must be an address of an interface, which ours is not.
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mx1.{origin}
mynetworks =
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
# Nothing leaves: there is no way out, and no client among the services that could take one.
relayhost =
relay_domains =
default_transport = error:nothing leaves this machine
relay_transport = error:nothing leaves this machine
local_transport = error:nothing is local
smtpd_relay_restrictions = reject_unauth_destination
smtpd_peername_lookup = no
virtual_mailbox_domains = {STORED}
virtual_mailbox_base = {folder}/store
# One maildir for all: substitution by the recipient's name is not allowed here.
virtual_mailbox_maps = regexp:{folder}/mailboxes
virtual_uid_maps = static:{NOBODY}
virtual_gid_maps = static:{NOBODY}
# Headers stay as they came.
local_header_rewrite_clients =
smtpd_tls_security_level = may
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
biff = no
",
        folder = folder.display(),
        certificate = certificate.certificate.display(),
        key = certificate.key.display(),
        origin = zone::ORIGIN,
    )
}

/// The services: where it listens, and what it needs behind that.
fn master(address: SocketAddrV4, variants: &Variants, certificates: &Path) -> String {
    format!("{address} inet n - n - - smtpd\n{}{SERVICES}", variants.services(certificates))
}

/// A folder that Postfix's other users can pass, whatever the umask is.
fn make(folder: &Path) -> Result<(), Failure> {
    fs::create_dir(folder)
        .and_then(|()| fs::set_permissions(folder, fs::Permissions::from_mode(0o755)))
        .map_err(|error| failure(folder, &error))
}

/// All messages of a maildir's folder; one that is delivered there is whole.
fn messages(folder: &Path) -> Vec<Stored> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| Stored::split(&fs::read(entry.ok()?.path()).ok()?)).collect()
}

fn failure(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("peers: {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_begins_after_the_first_empty_line() {
        let stored = Stored::split(b"A: 1\nB: 2\n\n\nx\n\ny\n");
        assert_eq!(stored, Some(Stored { headers: "A: 1\nB: 2\n".into(), body: b"\nx\n\ny\n".into() }));
        assert_eq!(Stored::split(b"A: 1\n"), None);
    }

    #[test]
    fn a_message_is_for_whom_its_header_says() {
        let stored = Stored::split(b"Delivered-To: a@b.example\nSubject: x\n\nDelivered-To: c@b.example\n");
        let stored = stored.unwrap();
        assert!(stored.is_for("a@b.example"));
        assert!(!stored.is_for("c@b.example") && !stored.is_for("b.example"));
        assert!(stored.holds("Subject: x").is_ok() && stored.holds("c@b").is_err());
    }
}
