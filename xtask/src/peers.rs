//! `cargo xtask peers`: the real tools against real servers, started here on loopback for the purpose.
//!
//! The lab shares its dialogue parser with the tools, so a mistake in it is invisible to both.
//! NSD, Unbound, Postfix, Dovecot and OpenSSL share nothing with us.

pub(crate) mod address;
mod certificate;
mod certificates;
mod checks;
mod dovecot;
pub(crate) mod keeper;
mod message;
mod need;
pub(crate) mod nsd;
mod pipeline;
mod postfix;
mod signed;
mod tally;
mod unbound;
mod variant;
mod wait;
mod web;
mod world;
mod zone;

use crate::command::{CommandLine, Failure};
use tally::Tally;
use world::World;

pub(crate) fn run() -> Result<(), Failure> {
    let programs = need::programs()?;
    let build = CommandLine::cargo("build --quiet -p mxlookup -p myip -p smtp-ping -p smtp-send");
    eprintln!("$ {build}");
    build.run()?;

    let mut tally = Tally::default();
    {
        let world = World::start(&programs)?;
        checks::run(&world, &mut tally);
    }
    // After the world has ended, so that the count closes the output.
    tally.close()
}
