//! A run that a person or the system ends: while it waits for input, and while nobody reads.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use rustix::process::{Pid, Signal, kill_process};

use crate::family::{FAMILY, Member};
use crate::harness::{PATIENCE, Ran, Run, finish, internet, tool, watch};

/// A tool that reads its targets from stdin.
fn fed<'a>(lab: &'a lab::Lab, member: &Member) -> Run<'a> {
    tool(lab, member.name).args(member.from_stdin.iter().copied())
}

/// Starts it; it is killed if it hangs.
fn start(mut command: Command) -> (Child, mpsc::Sender<()>) {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let watch = watch(&child, PATIENCE);
    (child, watch)
}

fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

/// Until the tool would hear a signal, instead of being ended by it.
fn wait_until_it_listens(child: &Child) {
    let listens = |status: String| {
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim().to_owned();
        u64::from_str_radix(&caught, 16).unwrap() & 1 << (Signal::INT.as_raw() - 1) != 0
    };
    while !listens(std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap()) {
        std::thread::yield_now();
    }
}

#[test]
fn while_it_waits_for_the_first_line() {
    let lab = internet();
    for member in FAMILY {
        let (mut child, _watch) = start(fed(&lab, member).command());
        // Held open: the end of the input is not what ends the run.
        let stdin = child.stdin.take().unwrap();
        wait_until_it_listens(&child);
        interrupt(&child);
        let ran = Ran::of(finish(child));
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (130, "", ""), "{}", member.name);
        drop(stdin);
    }
}

#[test]
fn with_a_target_under_way_and_no_further_line() {
    let lab = internet();
    for member in FAMILY {
        let (mut child, _watch) = start(fed(&lab, member).args(["-j", "10"]).command());
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        // What comes first is out before what is slow: then both were taken up.
        write!(stdin, "{}\n{}\n", member.slow, member.ok).unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(line.contains(r#""status":"ok""#), "{line}");
        interrupt(&child);
        let mut stdout_rest = String::new();
        stdout.read_to_string(&mut stdout_rest).unwrap();
        let ran = Ran { stdout: stdout_rest, ..Ran::of(finish(child)) };
        let record = ran.record();
        assert_eq!(
            (&record["input"], &record["error"]["code"]),
            (&member.slow.into(), &"run.interrupted".into())
        );
        assert_eq!(ran.code, 130, "{}", member.name);
        drop(stdin);
    }
}

#[test]
fn a_reader_that_is_gone_ends_a_run_that_waits_for_its_next_line() {
    let lab = internet();
    for member in FAMILY {
        let (mut child, _watch) = start(fed(&lab, member).command());
        let mut stdin = child.stdin.take().unwrap();
        drop(child.stdout.take());
        writeln!(stdin, "{}", member.ok).unwrap();
        let ran = Ran::of(finish(child));
        assert_eq!(ran.code, if member.reports_always { 74 } else { 0 }, "{}: {}", member.name, ran.stderr);
        drop(stdin);
    }
}

#[test]
fn a_second_signal_does_not_wait_for_a_reader() {
    let lab = internet();
    for member in FAMILY {
        let (mut child, _watch) = start(fed(&lab, member).args(["-q"]).command());
        let mut stdin = child.stdin.take().unwrap();
        let stdout = child.stdout.take().unwrap();
        // More than the pipe holds.
        let line = format!("{},\"pad\":\"{}\"}}\n", member.object, "x".repeat(200_000));
        let feeding = std::thread::spawn(move || {
            let _ = stdin.write_all(line.repeat(3).as_bytes());
            stdin
        });
        let stdin = feeding.join().unwrap();
        wait_until_it_listens(&child);
        interrupt(&child);
        // It may hear the two as one, so that they are sent until it ends.
        while child.try_wait().unwrap().is_none() {
            interrupt(&child);
            std::thread::yield_now();
        }
        assert_eq!(child.wait().unwrap().code(), Some(130), "{}", member.name);
        drop((stdin, stdout));
    }
}
