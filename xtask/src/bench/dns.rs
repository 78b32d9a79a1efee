//! `mxlookup` against its peers: one domain as fast as a person can wait for, very many as fast as the
//! machine allows.

mod memory;
mod server;
mod zone;

use std::path::Path;
use std::time::Duration;

use super::compare::{self, present};
use super::contender::Contender;
use super::table::{Table, Target};
use super::timing::by_turns;
use super::{is_ok, ours_ok, release};
use crate::command::Failure;
use server::Server;

/// One run is a few milliseconds, of which the machine makes more or less.
const TURNS_OF_ONE: usize = 41;
const TURNS_OF_MANY: usize = 7;
const TURNS_OF_SLOW: usize = 5;

const NAMES: usize = 100_000;
/// So many for one that would take too long over all of them.
const FEW_NAMES: usize = 20_000;
const CONCURRENCY: usize = 1_000;
/// A receive buffer that loses no answers, as `mxlookup` asks for one too.
const BUFFER_KB: usize = 4_096;

pub(super) fn run(table: &mut Table) -> Result<(), Failure> {
    let server = Server::start(&zone::zone(NAMES))?;
    one(table, &server)?;
    many(table, &server)?;
    many_with_a_library(table, &server)?;
    many_with_addresses(table, &server)?;
    many_with_ipv4(table, &server)?;
    memory::run(table, &server)
}

fn ours(server: &Server, args: &str) -> Contender {
    Contender::new("mxlookup", release("mxlookup"), &format!("--dns {} {args}", server.address))
}

fn ours_over(server: &Server, args: &str) -> Contender {
    ours(server, &format!("-q -j {CONCURRENCY} {args}"))
}

fn one(table: &mut Table, server: &Server) -> Result<(), Failure> {
    eprintln!("one domain");
    let (ip, port) = (server.address.ip(), server.address.port());
    let name = zone::name(0);
    let mut contenders = vec![ours(server, &name), ours(server, &format!("--no-addresses {name}"))];
    contenders.extend(present(
        table,
        [
            ("dig", format!("@{ip} -p {port} {name} MX")),
            ("nslookup", format!("-port={port} -type=mx {name} {ip}")),
            ("kdig", format!("@{ip} -p {port} {name} MX")),
        ],
    ));
    let contenders: Vec<Contender> = contenders
        .into_iter()
        .map(|each| each.counting(|said| usize::from(said.contains(&zone::exchange(0)))))
        .collect();
    let measured = by_turns(TURNS_OF_ONE, &contenders)?;
    compare::all_reached(1, &measured)?;
    let without = &measured[1..];
    compare::times(table, "one domain, MX", without, |peer| match peer {
        "kdig" => Target::None,
        _ => Target::AtMost(0.4),
    });
    let with = [&measured[..1], &measured[2..]].concat();
    compare::times(table, "one domain, with the addresses of its exchange", &with, |_| Target::None);
    Ok(())
}

fn many(table: &mut Table, server: &Server) -> Result<(), Failure> {
    eprintln!("{NAMES} names, MX");
    let names = zone::write("names", &zone::names(NAMES))?;
    let resolvers = zone::write("resolvers", &format!("{}\n", server.address))?;
    let questions = zone::write("questions-mx", &zone::questions(NAMES, &[zone::MX]))?;
    let mut contenders = vec![ours_over(server, "--no-addresses").over(&names, ours_ok)];
    let massdns = format!("-q -s {CONCURRENCY} --rcvbuf {} --root -t MX -o S -r", BUFFER_KB * 1_024);
    let massdns = present(table, [("massdns", massdns)]);
    contenders.extend(massdns.into_iter().map(|massdns| {
        massdns
            .arg(resolvers.to_string_lossy())
            .over(&names, |said| said.lines().filter(|line| line.contains(" MX ")).count())
    }));
    contenders.extend(dnsperf(table, server, &questions));
    let measured = by_turns(TURNS_OF_MANY, &contenders)?;
    let what = format!("{NAMES} names, MX, {CONCURRENCY} at once");
    compare::rates(table, &what, NAMES, &measured, |peer| match peer {
        "massdns" => (Target::AtLeast(1.2), Target::None),
        _ => (Target::AtLeast(0.5), Target::None),
    })
}

fn many_with_a_library(table: &mut Table, server: &Server) -> Result<(), Failure> {
    eprintln!("{NAMES} names, MX, by hickory-resolver");
    let names = zone::write("names", &zone::names(NAMES))?;
    let library = format!("{} {CONCURRENCY}", server.address);
    let contenders = [
        ours_over(server, "--no-addresses").over(&names, ours_ok),
        Contender::new("hickory-resolver", release("bench-hickory"), &library)
            .over(&names, |said| said.lines().filter(|line| line.contains(r#""exchange":"#)).count()),
    ];
    let measured = by_turns(TURNS_OF_SLOW, &contenders)?;
    let what = format!("{NAMES} names, MX, {CONCURRENCY} at once");
    compare::rates(table, &what, NAMES, &measured, |_| (Target::AtLeast(3.5), Target::None))
}

/// What is counted is the questions: three a domain.
fn many_with_addresses(table: &mut Table, server: &Server) -> Result<(), Failure> {
    eprintln!("{NAMES} names, with the addresses of their exchanges");
    let names = zone::write("names", &zone::names(NAMES))?;
    let questions = zone::write("questions", &zone::questions(NAMES, &zone::ALL))?;
    let mut contenders = vec![ours_over(server, "").over(&names, |said| {
        zone::ALL.len() * said.lines().filter(|line| is_ok(line) && zone::has_both(line)).count()
    })];
    contenders.extend(dnsperf(table, server, &questions));
    let measured = by_turns(TURNS_OF_MANY, &contenders)?;
    let what = format!("{NAMES} names, MX, A and AAAA, {CONCURRENCY} at once: questions");
    compare::rates(table, &what, NAMES * zone::ALL.len(), &measured, |_| (Target::AtLeast(0.5), Target::None))
}

fn many_with_ipv4(table: &mut Table, server: &Server) -> Result<(), Failure> {
    let zdns = "mxlookup --ipv4-lookup";
    let zdns = format!("{zdns} --name-servers={} --threads={CONCURRENCY}", server.address);
    let zdns = present(table, [("zdns", zdns)]);
    if zdns.is_empty() {
        return Ok(());
    }
    eprintln!("{FEW_NAMES} names, with the IPv4 addresses of their exchanges");
    let names = zone::write("few-names", &zone::names(FEW_NAMES))?;
    let mut contenders = vec![ours_over(server, "-4").over(&names, ours_ok)];
    contenders.extend(zdns.into_iter().map(|zdns| {
        zdns.over(&names, |said| said.lines().filter(|line| line.contains(r#""ipv4_addresses":["#)).count())
    }));
    let measured = by_turns(TURNS_OF_SLOW, &contenders)?;
    let what = format!("{FEW_NAMES} names, MX and A, {CONCURRENCY} at once");
    compare::rates(table, &what, FEW_NAMES, &measured, |_| (Target::AtLeast(5.0), Target::AtMost(0.2)))
}

/// The ceiling: it asks what it is told to and makes nothing of the answers.
fn dnsperf(table: &mut Table, server: &Server, questions: &Path) -> Vec<Contender> {
    let (ip, port) = (server.address.ip(), server.address.port());
    let args = format!("-s {ip} -p {port} -b {BUFFER_KB} -q {CONCURRENCY}");
    let found = present(table, [("dnsperf", args)]);
    found.into_iter().map(|dnsperf| dnsperf.over(questions, dnsperf_answers).timed_by(dnsperf_time)).collect()
}

/// `Response codes: NOERROR 100000 (100.00%)`: none is lost, and none is refused.
fn dnsperf_answers(said: &str) -> usize {
    let codes = dnsperf_figure(said, "Response codes:").unwrap_or_default();
    let count = codes.strip_prefix("NOERROR ").and_then(|rest| rest.split(' ').next());
    count.and_then(|count| count.parse().ok()).unwrap_or_default()
}

/// `Run time (s): 0.512340`: from this it has its queries per second.
fn dnsperf_time(said: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(dnsperf_figure(said, "Run time (s):")?.parse().ok()?).ok()
}

fn dnsperf_figure<'a>(said: &'a str, label: &str) -> Option<&'a str> {
    said.lines().find_map(|line| line.trim_start().strip_prefix(label)).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dnsperf_says_what_it_has_heard_and_how_long_it_took() {
        let said = "Statistics:\n\n  Queries sent:         7\n  Queries completed:    6 (85.71%)\n\
                    \x20 Queries lost:         1 (14.29%)\n\n  Response codes:       NOERROR 5 (83.33%), REFUSED 1 (16.67%)\n\
                    \x20 Run time (s):         0.512340\n  Queries per second:   11.710973\n";
        assert_eq!(dnsperf_answers(said), 5);
        assert_eq!(dnsperf_time(said), Some(Duration::from_micros(512_340)));
        assert_eq!((dnsperf_answers(""), dnsperf_time("")), (0, None));
    }
}
