//! What an open session costs: the peak of a process that holds so many, and of one that holds twice
//! as many.

use std::fs;
use std::process::Child;

use super::contender::Contender;
use super::release;
use super::sink::Sink;
use super::smtp::{addresses, many_args, ours_ok};
use super::table::{Row, Table, Target};
use crate::command::Failure;

const TURNS: usize = 5;
const SESSIONS: usize = 1_000;

pub(super) fn run(table: &mut Table) -> Result<(), Failure> {
    for (what, tls, target) in [("in clear", false, 4.0), ("in TLS", true, 40.0)] {
        eprintln!("memory {what}");
        let mut differences = Vec::new();
        let mut peaks = Vec::new();
        for _ in 0..TURNS {
            let [some, twice] = [peak(SESSIONS, tls)?, peak(2 * SESSIONS, tls)?];
            differences.push(twice.saturating_sub(some));
            peaks.push(some);
        }
        let megabytes = |mut kilobytes: Vec<u64>| {
            kilobytes.sort_unstable();
            kilobytes[kilobytes.len() / 2] as f64 / 1024.0
        };
        let value = megabytes(differences);
        table.add(Row {
            what: format!("MB of {SESSIONS} more open sessions {what}"),
            ours: format!("{value:.1} MB; with the first {SESSIONS} {:.1} MB", megabytes(peaks)),
            theirs: String::from("the target alone"),
            value,
            target: Target::AtMost(target),
        });
    }
    Ok(())
}

/// The peak in kilobytes of a run that has `count` sessions open at the same time.
fn peak(count: usize, tls: bool) -> Result<u64, Failure> {
    let mut sink = Sink::start(&format!("{}hold {count}", if tls { "tls " } else { "" }))?;
    let input = addresses(count)?;
    let args = match tls {
        false => many_args(count, sink.port),
        true => format!("-q -j {count} --no-ptr -p {}", sink.port),
    };
    let holder = Contender::new("smtp-ping", release("smtp-ping"), &args).over(&input, ours_ok);
    let mut process = holder.command()?.spawn().map_err(|error| holder.failed(&error))?;
    let held = sink.wait_until_held(&mut process).and_then(|()| {
        let peak = peak_of(&process)?;
        sink.release().map(|()| peak)
    });
    if held.is_err() {
        drop(process.kill());
    }
    process.wait().map_err(|error| holder.failed(&error))?;
    let peak = held?;
    match holder.reached()? {
        Some(reached) if reached == count => Ok(peak),
        reached => Err(Failure::new(format!("bench: smtp-ping has held {reached:?} of {count} sessions"))),
    }
}

/// VmHWM, while the process is there.
fn peak_of(process: &Child) -> Result<u64, Failure> {
    let path = format!("/proc/{}/status", process.id());
    let status =
        fs::read_to_string(&path).map_err(|error| Failure::new(format!("bench: {path}: {error}")))?;
    high_water(&status).ok_or_else(|| Failure::new(format!("bench: {path} names no peak")))
}

/// In kilobytes (proc_pid_status(5)).
fn high_water(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_in_the_status() {
        assert_eq!(high_water("Name:\ta\nVmHWM:\t   12345 kB\nVmRSS:\t  1 kB\n"), Some(12_345));
        let own = fs::read_to_string("/proc/self/status").unwrap();
        assert!(high_water(&own).unwrap() > 100);
    }
}
