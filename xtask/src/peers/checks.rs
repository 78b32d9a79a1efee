//! The checks, in the order in which they are told.

mod dane;
mod dnssec;
mod handshake;
mod iprev;
mod login;
mod lookup;
mod ping;
mod secure;
mod send;
mod sts;
mod tls;

use super::tally::Tally;
use super::world::World;

pub(super) fn run(world: &World, tally: &mut Tally) {
    for (server, dns) in [("NSD", world.nsd.address), ("Unbound", world.unbound.address)] {
        for (name, check) in lookup::OF_ANY_SERVER {
            tally.take(&format!("mxlookup at {server}: {name}"), check(world, dns));
        }
    }
    for (name, check) in lookup::OF_THE_AUTHORITY {
        tally.take(&format!("mxlookup at NSD: {name}"), check(world, world.nsd.address));
    }
    for (name, check) in lookup::OF_A_RESOLVER {
        tally.take(&format!("mxlookup at Unbound: {name}"), check(world, world.unbound.address));
    }
    for (name, check) in secure::CHECKS {
        tally.take(&format!("mxlookup at Unbound: {name}"), check(world));
    }
    for (name, check) in dane::LOOKUP {
        tally.take(&format!("mxlookup --tlsa at Unbound: {name}"), check(world));
    }
    for (server, dns) in [("NSD", world.nsd.address), ("Unbound", world.unbound.address)] {
        for (name, check) in dnssec::OF_ANY_SERVER {
            tally.take(&format!("mxlookup --dnssec at {server}: {name}"), check(world, dns));
        }
    }
    for (server, dns) in [("NSD", world.nsd.address), ("Unbound", world.unbound.address)] {
        for (name, check) in iprev::OF_ANY_SERVER {
            tally.take(&format!("myip at {server}: {name}"), check(world, dns));
        }
    }
    for (name, check) in iprev::OF_A_RESOLVER {
        tally.take(&format!("myip at Unbound: {name}"), check(world, world.unbound.address));
    }
    for (name, check) in send::CHECKS {
        tally.take(&format!("smtp-send at Postfix: {name}"), check(world));
    }
    for (name, check) in tls::CHECKS {
        tally.take(&format!("TLS at Postfix: {name}"), check(world));
    }
    for (name, check) in dane::SESSION {
        tally.take(&format!("DANE at Postfix: {name}"), check(world));
    }
    for (name, check) in login::CHECKS {
        tally.take(&format!("a login at Dovecot: {name}"), check(world));
    }
    for (name, check) in sts::CHECKS {
        tally.take(&format!("MTA-STS at OpenSSL: {name}"), check(world));
    }
    for (name, check) in handshake::CHECKS {
        tally.take(&format!("handshakes with Postfix: {name}"), check(world));
    }
    // The last of these stops Postfix.
    for (name, check) in ping::CHECKS {
        tally.take(&format!("smtp-ping at Postfix: {name}"), check(world));
    }
}
