//! `smtp-ping` against its peers: one host as fast as a person can wait for, very many as fast as the
//! machine allows.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::compare::{self, present};
use super::contender::Contender;
use super::sink::Sink;
use super::table::{Table, Target};
use super::timing::by_turns;
use super::{file, memory, ours_ok, release};
use crate::command::Failure;

/// One run is a few milliseconds, of which the machine makes more or less.
const TURNS_OF_ONE: usize = 41;
const TURNS_OF_MANY: usize = 7;
const TURNS_OF_SLOW: usize = 5;

const ADDRESSES: usize = 20_000;
const CONCURRENCY: usize = 1_000;

pub(super) fn run(table: &mut Table) -> Result<(), Failure> {
    one_host(table)?;
    one_host_with_tls(table)?;
    many(table)?;
    memory::run(table)
}

fn ours(args: &str) -> Contender {
    Contender::new("smtp-ping", release("smtp-ping"), args)
}

fn one_host(table: &mut Table) -> Result<(), Failure> {
    eprintln!("one host, in clear");
    let sink = Sink::start("")?;
    let port = sink.port;
    let what = "one host, in clear";
    let peers = present(
        table,
        [
            ("check_smtp", format!("-H 127.0.0.1 -p {port}")),
            // It also sends a message.
            ("smtpping", format!("-q -c 1 -w 0 -s 0 -p {port} me@sink.example @127.0.0.1")),
        ],
    );
    let mut contenders = vec![ours(&format!("--tls none --no-ptr 127.0.0.1:{port}"))];
    contenders.extend(peers);
    compare::times(table, what, &by_turns(TURNS_OF_ONE, &contenders)?, |_| Target::AtMost(1.3));

    let nmap = present(table, [("nmap", format!("-n -Pn -p {port} --script +smtp-commands 127.0.0.1"))]);
    contenders.truncate(1);
    contenders.extend(nmap);
    compare::times(table, what, &by_turns(TURNS_OF_SLOW, &contenders)?, |_| Target::None);
    Ok(())
}

fn one_host_with_tls(table: &mut Table) -> Result<(), Failure> {
    eprintln!("one host, with STARTTLS");
    let sink = Sink::start("tls")?;
    let port = sink.port;
    let mut contenders = vec![ours(&format!("--no-ptr 127.0.0.1:{port}"))];
    contenders
        .extend(present(table, [("posttls-finger", format!("-c -l may -L summary [127.0.0.1]:{port}"))]));
    let measured = by_turns(TURNS_OF_ONE, &contenders)?;
    compare::times(table, "one host, with STARTTLS", &measured, |_| Target::AtMost(1.0));
    Ok(())
}

fn many(table: &mut Table) -> Result<(), Failure> {
    eprintln!("{ADDRESSES} addresses");
    let sink = Sink::start("")?;
    let port = sink.port;
    let input = addresses(ADDRESSES)?;
    let mut contenders = vec![
        ours(&many_args(CONCURRENCY, port)).over(&input, ours_ok),
        Contender::new("bare loop", release("bench-loop"), &format!("{port} {CONCURRENCY}"))
            .over(&input, |said| said.trim().parse().unwrap_or_default()),
    ];
    let zgrab = "smtp --send-ehlo --ehlo-domain bench.example --send-quit";
    let zgrab = present(table, [("zgrab2", format!("{zgrab} -p {port} -s {CONCURRENCY}"))]);
    contenders.extend(zgrab.into_iter().map(|zgrab| {
        zgrab.over(&input, |said| said.lines().filter(|line| line.contains(r#""status":"success""#)).count())
    }));
    let measured = by_turns(TURNS_OF_MANY, &contenders)?;
    let what = format!("{ADDRESSES} addresses, {CONCURRENCY} at once");
    compare::rates(table, &what, ADDRESSES, &measured, |peer| match peer {
        "zgrab2" => (Target::AtLeast(2.0), Target::AtMost(0.33)),
        _ => (Target::AtLeast(0.8), Target::None),
    })
}

/// The command line for many addresses in clear.
pub(super) fn many_args(concurrency: usize, port: u16) -> String {
    format!("-q -j {concurrency} --tls none --no-ptr -p {port}")
}

/// So many addresses of this machine, each another, one a line.
pub(super) fn addresses(count: usize) -> Result<PathBuf, Failure> {
    let path = file(&format!("{count}-addresses"));
    write_addresses(&path, count).map(|()| path)
}

fn write_addresses(path: &Path, count: usize) -> Result<(), Failure> {
    let mut lines = String::new();
    for n in 0..count {
        let _ = writeln!(lines, "127.{}.{}.{}", 1 + n / 62_500, n / 250 % 250, 1 + n % 250);
    }
    fs::write(path, lines).map_err(|error| Failure::new(format!("bench: {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn addresses_are_each_another_of_this_machine() {
        let path = std::env::temp_dir().join(format!("bench-addresses-{}", std::process::id()));
        write_addresses(&path, ADDRESSES).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let addresses: HashSet<Ipv4Addr> = text.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(addresses.len(), ADDRESSES);
        assert!(addresses.iter().all(Ipv4Addr::is_loopback));
    }
}
