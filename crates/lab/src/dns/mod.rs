//! An authoritative DNS server for everything there is.

mod fault;
mod https;
mod respond;
mod server;
mod signed;
mod zone;

pub(crate) use fault::{Fault, Kind};
pub(crate) use server::Server;
pub(crate) use signed::Signed;
pub(crate) use zone::Zone;

/// What the answers are made from.
#[derive(Debug, Clone)]
pub(crate) struct Data {
    pub(crate) zone: Zone,
    pub(crate) faults: Vec<Fault>,
    pub(crate) signed: Signed,
}
