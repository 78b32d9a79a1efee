//! mxlookup against Unbound, over TLS and over HTTPS.

use crate::peers::pipeline::Run;
use crate::peers::tally::Outcome;
use crate::peers::world::World;
use crate::peers::zone;

type Check = fn(&World) -> Outcome;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("the DNS over TLS", tls),
    ("the DNS over HTTPS, HTTP/2", https),
    ("a bulk run over TLS", bulk_tls),
    ("a bulk run over HTTPS", bulk_https),
    ("TLS with a certificate that nobody vouches for", untrusted),
    ("HTTPS with a certificate for another name", wrong_name),
];

/// The name that the certificate is for, which is also a host's.
const NAME: &str = "mx1";

fn over_tls(world: &World) -> String {
    format!("tls://{NAME}.{}@{}", zone::ORIGIN, world.unbound.tls)
}

fn over_https(world: &World) -> String {
    format!("https://{NAME}.{}@{}/dns-query", zone::ORIGIN, world.unbound.https)
}

fn lookup(world: &World, server: &str, words: &str) -> Result<Run, String> {
    let ca = world.certificate.certificate.display();
    Run::of(format!("mxlookup --ca {ca} --dns {server} {words}"))
}

fn answers(world: &World, server: &str) -> Outcome {
    let shown = format!(r#""resolver":"{server}""#);
    let hosts = [r#""exchange":"mx1."#, r#""exchange":"mx2."#, &shown];
    lookup(world, server, "plain.peers.example")?.exits(0)?.holds(&hosts)?;
    lookup(world, server, "nowhere.peers.example")?.exits(1)?.has(r#""code":"dns.nxdomain""#)?;
    // Longer than a datagram.
    let run = lookup(world, server, "many.peers.example")?;
    run.exits(0)?.has_times(r#""exchange":"#, zone::MANY)?;
    let bogus = format!("{}.{}", zone::BOGUS, zone::ORIGIN);
    let run = lookup(world, server, &bogus)?;
    run.exits(75)?.holds(&[r#""code":"dns.servfail""#, r#""ede":[{"code":"#]).map(drop)
}

fn tls(world: &World) -> Outcome {
    answers(world, &over_tls(world))
}

fn https(world: &World) -> Outcome {
    answers(world, &over_https(world))
}

/// Names that do not exist, each another, so that Unbound has to ask for every one.
fn bulk(world: &World, server: &str) -> Outcome {
    const COUNT: usize = 2_000;
    let ca = world.certificate.certificate.display();
    let names: String = (0..COUNT).map(|n| format!("n{n}.{}\n", zone::ORIGIN)).collect();
    let run = Run::fed(&names, format!("mxlookup --ca {ca} --dns {server} --concurrency 500"))?;
    run.exits(1)?.counts(COUNT)?.has_times(r#""code":"dns.nxdomain""#, COUNT).map(drop)
}

fn bulk_tls(world: &World) -> Outcome {
    bulk(world, &over_tls(world))
}

fn bulk_https(world: &World) -> Outcome {
    bulk(world, &over_https(world))
}

fn untrusted(world: &World) -> Outcome {
    let run = Run::of(format!("mxlookup --dns {} plain.peers.example", over_tls(world)))?;
    let parts = [r#""code":"dns.resolver_unreachable""#, "TLS failed: invalid peer certificate"];
    run.exits(75)?.holds(&parts).map(drop)
}

fn wrong_name(world: &World) -> Outcome {
    let server = format!("https://{}/dns-query", world.unbound.https);
    let run = lookup(world, &server, "plain.peers.example")?;
    let parts = [r#""code":"dns.resolver_unreachable""#, "TLS failed: invalid peer certificate"];
    run.exits(75)?.holds(&parts).map(drop)
}
