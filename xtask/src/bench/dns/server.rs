//! The server that is asked: an NSD with the generated zone, and with its own idea of an answer.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::process;

use super::super::contender::find;
use super::zone;
use crate::command::Failure;
use crate::peers::address::free_port;
use crate::peers::keeper::Keeper;
use crate::peers::nsd;

/// A server, until it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddrV4,
    _keeper: Keeper,
}

impl Server {
    /// Starts one with the text of a zone.
    pub(super) fn start(text: &str) -> Result<Self, Failure> {
        let program =
            find("nsd").ok_or_else(|| Failure::new("bench: nsd is missing: apt-get install nsd"))?;
        let folder = env::temp_dir().join(format!("mxpipe-bench-{}", process::id()));
        let mut keeper = Keeper::start(folder)?;
        let file = keeper.folder().join("bench.zone");
        fs::write(&file, text)
            .map_err(|error| Failure::new(format!("bench: {}: {error}", file.display())))?;
        let address = free_port(Ipv4Addr::LOCALHOST)
            .map_err(|error| Failure::new(format!("bench: a port: {error}")))?;
        nsd::serve(&mut keeper, &program, address, &[(zone::ORIGIN.to_owned(), file)])?;
        Ok(Self { address, _keeper: keeper })
    }
}
