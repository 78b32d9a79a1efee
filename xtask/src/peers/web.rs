//! The HTTPS server of OpenSSL, which serves a policy of MTA-STS.

use std::fs;
use std::net::SocketAddrV4;
use std::path::Path;

use super::address::{Block, free_port};
use super::certificates::Certificates;
use super::keeper::Keeper;
use super::world::{await_server, write};
use super::zone;
use crate::command::Failure;

/// The folder that RFC 8615 gives such files.
const WELL_KNOWN: &str = ".well-known";

#[derive(Debug)]
pub(super) struct Web {
    pub(super) address: SocketAddrV4,
}

impl Web {
    /// Serves one policy, whatever the host is called; its certificate is [`Certificates::web`].
    pub(super) fn start(
        keeper: &mut Keeper,
        openssl: &Path,
        block: Block,
        certificates: &Certificates,
    ) -> Result<Self, Failure> {
        let address = free_port(block.host(zone::WEB)).map_err(|error| Failure::new(error.to_string()))?;
        let folder = keeper.folder().join("web");
        fs::create_dir_all(folder.join(WELL_KNOWN))
            .map_err(|error| Failure::new(format!("peers: {}: {error}", folder.display())))?;
        let mx1 = format!("mx1.{}", zone::ORIGIN);
        let policy = format!("version: STSv1\nmode: enforce\nmx: {mx1}\nmax_age: 86400\n");
        write(&folder.join(WELL_KNOWN).join("mta-sts.txt"), &policy)?;
        let log = keeper.folder().join("web.log");
        let (certificate, key) = certificates.web();
        let words = [
            "-C".into(),
            folder.to_string_lossy(),
            openssl.to_string_lossy(),
            "s_server".into(),
            "-WWW".into(),
            "-accept".into(),
            address.to_string().into(),
            "-cert".into(),
            certificate.to_string_lossy(),
            "-cert_chain".into(),
            certificate.to_string_lossy(),
            "-key".into(),
            key.to_string_lossy(),
        ];
        keeper.serve(Path::new("env"), &words.each_ref().map(AsRef::as_ref), &log)?;
        await_server(keeper, "the web server", address, &log)?;
        Ok(Self { address })
    }
}
