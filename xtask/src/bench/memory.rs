//! What an open session costs: the peak of a process that holds so many, and of one that holds twice
//! as many.

use super::contender::Contender;
use super::peak::{megabytes, peak_of};
use super::sink::Sink;
use super::smtp::{addresses, many_args};
use super::table::{Row, Table, Target};
use super::{ours_ok, release};
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
    match holder.said()?.reached {
        Some(reached) if reached == count => Ok(peak),
        reached => Err(Failure::new(format!("bench: smtp-ping has held {reached:?} of {count} sessions"))),
    }
}
