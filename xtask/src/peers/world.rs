//! The servers of a run, and the addresses at which they are found.

use std::env;
use std::fs;
use std::net::{SocketAddrV4, TcpStream};
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use super::address::Block;
use super::certificate::Certificate;
use super::dovecot::Dovecot;
use super::keeper::Keeper;
use super::need::Programs;
use super::nsd::Nsd;
use super::postfix::Postfix;
use super::signed::Signed;
use super::unbound::Unbound;
use super::wait;
use super::web::Web;
use crate::command::Failure;

/// Everything that answers. Dropped, it is gone.
#[derive(Debug)]
pub(super) struct World {
    pub(super) block: Block,
    /// Authoritative for the zones, and for nothing else.
    pub(super) nsd: Nsd,
    /// Asks NSD, as the resolver of a network would.
    pub(super) unbound: Unbound,
    pub(super) postfix: Postfix,
    /// Hands on to Postfix what comes with a login.
    pub(super) dovecot: Dovecot,
    /// Serves a policy of MTA-STS.
    pub(super) web: Web,
    /// The file with the key of the signed zones.
    pub(super) anchor: PathBuf,
    /// The path of a key that has signed another, without extension.
    pub(super) split: PathBuf,
    /// Postfix's, Dovecot's, and Unbound's.
    pub(super) certificate: Certificate,
    keeper: Keeper,
}

impl World {
    pub(super) fn start(programs: &Programs) -> Result<Self, Failure> {
        let folder = env::temp_dir().join(format!("mxpipe-peers-{}", process::id()));
        let mut keeper = Keeper::start(folder)?;
        let block = Block::own();
        let certificate = Certificate::make(&programs.openssl, keeper.folder())?;
        let signed = Signed::make(programs, keeper.folder(), block, &certificate.spki)?;
        let nsd = Nsd::start(&mut keeper, &programs.nsd, block, &signed)?;
        let unbound =
            Unbound::start(&mut keeper, &programs.unbound, block, nsd.address, &signed, &certificate)?;
        let postfix = Postfix::start(&mut keeper, programs, block, &certificate)?;
        let dovecot = Dovecot::start(&mut keeper, &programs.dovecot, block, &certificate, postfix.address)?;
        let web = Web::start(&mut keeper, &programs.openssl, block, &postfix.certificates)?;
        Ok(Self {
            block,
            nsd,
            unbound,
            postfix,
            dovecot,
            web,
            anchor: signed.anchor,
            split: signed.split,
            certificate,
            keeper,
        })
    }

    /// A file of the run's folder with these bytes.
    pub(super) fn file(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, String> {
        let path = self.keeper.folder().join(name);
        fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }
}

/// Writes a file of a server's configuration.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::new(format!("peers: {}: {error}", path.display())))
}

/// Waits until `address` takes connections; if it never does, the server's log says why.
pub(super) fn await_server(
    keeper: &mut Keeper,
    name: &str,
    address: SocketAddrV4,
    log: &Path,
) -> Result<(), Failure> {
    const CONNECT: Duration = Duration::from_secs(1);
    let up = wait::until(|| match TcpStream::connect_timeout(&address.into(), CONNECT) {
        Ok(_) => Some(true),
        Err(_) => (!keeper.all_run()).then_some(false),
    });
    if up == Some(true) {
        return Ok(());
    }
    let log = fs::read(log).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    Err(Failure::new(format!("peers: {name} does not listen on {address}; its log:\n{}", log.trim_end())))
}
