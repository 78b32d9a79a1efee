//! What the length of the input costs: the peak after very many lines, and after fewer.

use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::thread;

use super::super::is_ok;
use super::super::peak::{megabytes, peak_of};
use super::super::table::{Row, Table, Target};
use super::server::Server;
use super::{CONCURRENCY, NAMES, ours_over, zone};
use crate::command::Failure;

const TURNS: usize = 3;
const SHORTER: [usize; 2] = [10_000, 100_000];
const LONG: usize = 1_000_000;

pub(super) fn run(table: &mut Table, server: &Server) -> Result<(), Failure> {
    eprintln!("memory of {LONG} lines, and of fewer");
    let mut shorter = SHORTER.map(|lines| (lines, Vec::new()));
    let mut long = Vec::new();
    for _ in 0..TURNS {
        for (lines, peaks) in &mut shorter {
            peaks.push(peak(server, *lines)?);
        }
        long.push(peak(server, LONG)?);
    }
    let long = megabytes(long);
    for (lines, peaks) in shorter {
        let short = megabytes(peaks);
        table.add(Row {
            what: format!("peak memory, {CONCURRENCY} at once, of {LONG} lines"),
            ours: format!("{long:.1} MB"),
            theirs: format!("{lines} lines {short:.1} MB"),
            value: long / short,
            target: Target::AtMost(1.1),
        });
    }
    table.add(Row {
        what: format!("MB at the peak, {CONCURRENCY} at once, of {LONG} lines"),
        ours: format!("{long:.1} MB"),
        theirs: String::from("the target alone"),
        value: long,
        target: Target::AtMost(60.0),
    });
    Ok(())
}

/// The peak in kilobytes after so many lines, with addresses. It is read while the input is still open,
/// for a process that has ended has none.
fn peak(server: &Server, lines: usize) -> Result<u64, Failure> {
    let contender = ours_over(server, "");
    let mut command = contender.command()?;
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut process = spawned.map_err(|error| contender.failed(&error))?;
    let peak = match (process.stdin.take(), process.stdout.take()) {
        (Some(stdin), Some(stdout)) => peak_between(&process, stdin, stdout, lines),
        _ => Err(Failure::new("bench: mxlookup has no pipes")),
    };
    if peak.is_err() {
        drop(process.kill());
    }
    process.wait().map_err(|error| contender.failed(&error))?;
    peak
}

fn peak_between(
    process: &Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    lines: usize,
) -> Result<u64, Failure> {
    let writing = thread::spawn(move || write_names(stdin, lines));
    let mut ok = 0;
    for record in BufReader::new(stdout).lines().take(lines) {
        let record = record.map_err(|error| Failure::new(format!("bench: mxlookup: {error}")))?;
        ok += usize::from(is_ok(&record) && zone::has_both(&record));
    }
    if ok < lines {
        return Err(Failure::new(format!("bench: mxlookup has answered {ok} of {lines} lines")));
    }
    let peak = peak_of(process);
    // The input ends here.
    drop(writing.join());
    peak
}

/// Writes the names of the zone, over and over, and gives the open input back.
fn write_names(stdin: ChildStdin, lines: usize) -> io::Result<ChildStdin> {
    let mut out = BufWriter::new(stdin);
    for n in 0..lines {
        writeln!(out, "{}", zone::name(n % NAMES))?;
    }
    out.into_inner().map_err(io::IntoInnerError::into_error)
}
