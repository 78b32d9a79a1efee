//! `smtp-ping` against its peers: one host as fast as a person can wait for, very many as fast as the
//! machine allows.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::contender::Contender;
use super::sink::Sink;
use super::table::{Row, Table, Target};
use super::timing::{Measured, by_turns};
use super::{file, memory, release};
use crate::command::Failure;

/// One run is a few milliseconds, of which the machine makes more or less.
const TURNS_OF_ONE: usize = 41;
const TURNS_OF_MANY: usize = 7;
const TURNS_OF_SLOW: usize = 5;

const ADDRESSES: usize = 20_000;
const CONCURRENCY: usize = 1_000;

pub(super) fn run(table: &mut Table) -> Result<(), Failure> {
    fs::create_dir_all(file(""))
        .map_err(|error| Failure::new(format!("bench: {}: {error}", file("").display())))?;
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
    compare_time(table, what, Target::AtMost(1.3), &by_turns(TURNS_OF_ONE, &contenders)?);

    let nmap = present(table, [("nmap", format!("-n -Pn -p {port} --script +smtp-commands 127.0.0.1"))]);
    contenders.truncate(1);
    contenders.extend(nmap);
    compare_time(table, what, Target::None, &by_turns(TURNS_OF_SLOW, &contenders)?);
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
    compare_time(table, "one host, with STARTTLS", Target::AtMost(1.0), &measured);
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
    contenders.extend(zgrab.map(|zgrab| {
        zgrab.over(&input, |said| said.lines().filter(|line| line.contains(r#""status":"success""#)).count())
    }));
    let measured = by_turns(TURNS_OF_MANY, &contenders)?;
    for Measured { name, reached, .. } in &measured {
        if *reached != Some(ADDRESSES) {
            return Err(Failure::new(format!(
                "bench: {name} has reached {reached:?} of {ADDRESSES} addresses"
            )));
        }
    }
    compare_rates(table, &measured);
    Ok(())
}

/// The command line for many addresses in clear.
pub(super) fn many_args(concurrency: usize, port: u16) -> String {
    format!("-q -j {concurrency} --tls none --no-ptr -p {port}")
}

/// How many records say that all is well.
pub(super) fn ours_ok(said: &str) -> usize {
    said.lines().filter(|line| line.contains(r#""status":"ok""#)).count()
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

/// Those of the peers that are installed.
fn present<const N: usize>(
    table: &mut Table,
    peers: [(&'static str, String); N],
) -> impl Iterator<Item = Contender> + use<N> {
    let found = peers.map(|(name, args)| {
        let peer = Contender::peer(name, &args);
        if peer.is_none() {
            table.skip(name);
        }
        peer
    });
    found.into_iter().flatten()
}

fn compare_time(table: &mut Table, what: &str, target: Target, measured: &[Measured]) {
    let Some((ours, peers)) = measured.split_first() else { return };
    for peer in peers {
        table.add(Row {
            what: what.to_owned(),
            ours: millis(ours.took.wall),
            theirs: format!("{} {}", peer.name, millis(peer.took.wall)),
            value: ours.took.wall.as_secs_f64() / peer.took.wall.as_secs_f64(),
            target,
        });
    }
}

fn compare_rates(table: &mut Table, measured: &[Measured]) {
    let Some((ours, peers)) = measured.split_first() else { return };
    let rate = |of: &Measured| ADDRESSES as f64 / of.took.wall.as_secs_f64();
    let cpu = |of: &Measured| of.took.cpu.as_secs_f64() * 1e6 / ADDRESSES as f64;
    for peer in peers {
        let (least, most) = match peer.name {
            "zgrab2" => (Target::AtLeast(2.0), Target::AtMost(0.33)),
            _ => (Target::AtLeast(0.8), Target::None),
        };
        table.add(Row {
            what: format!("{ADDRESSES} addresses, {CONCURRENCY} at once: rate"),
            ours: format!("{:.0}/s", rate(ours)),
            theirs: format!("{} {:.0}/s", peer.name, rate(peer)),
            value: rate(ours) / rate(peer),
            target: least,
        });
        table.add(Row {
            what: format!("{ADDRESSES} addresses, {CONCURRENCY} at once: CPU"),
            ours: format!("{:.0} µs each", cpu(ours)),
            theirs: format!("{} {:.0} µs", peer.name, cpu(peer)),
            value: cpu(ours) / cpu(peer),
            target: most,
        });
    }
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
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
