//! How a run ends that does not end by itself: nobody reads, nothing can be written, a signal.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use crate::contract::{each, fed};
use crate::harness::{Ran, finish, internet, shell};

#[test]
fn a_reader_that_goes_away_ends_the_tool_quietly() {
    let lab = internet();
    each(|member| {
        if member.reports_always {
            return;
        }
        let filter = [&[member.name], member.from_stdin].concat().join(" ");
        let line = format!("yes {} | {filter} | head -1", member.ok);
        let ran = shell(&lab, &line).run();
        assert_eq!((ran.records_of_words().len(), ran.stderr.as_str()), (1, ""));
        let line = format!("yes {} | {{ {filter}; echo \"code $?\" >&2; }} | head -1", member.ok);
        let ran = shell(&lab, &line).run();
        assert_eq!(ran.stderr, "code 0\n");
    });
}

#[test]
fn what_cannot_be_found_out_again_is_told_though_the_reader_went_away() {
    let lab = internet();
    each(|member| {
        if !member.reports_always {
            return;
        }
        // Gone before anything is written: a record in the pipe would be nobody's.
        let mut command = fed(&lab, member).command();
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let lines = format!("{}\n", member.ok).repeat(20);
        // Once it takes nothing any more, nobody reads these either.
        let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
        let ran = Ran::of(finish(child));
        // Every message that was taken has its record.
        let told =
            ran.stderr.lines().filter(|line| line.starts_with('{') && line.contains(r#""status":"ok""#));
        let taken = lab.mail("mx.sink.example").len();
        assert!(taken > 0);
        assert_eq!((told.count(), ran.code), (taken, 74), "{}", ran.stderr);
    });
}

#[test]
fn an_output_that_cannot_be_written_is_exit_74() {
    let lab = internet();
    each(|member| {
        let ran = shell(&lab, &format!("{} {} > /dev/full", member.name, member.ok)).run();
        assert_eq!(ran.code, 74);
        assert!(ran.stderr.contains("failed to write the output"), "{}", ran.stderr);
    });
}

#[test]
fn an_interrupted_run_accounts_for_every_line_it_took_up() {
    use rustix::process::{Pid, Signal, kill_process};
    let lab = internet();
    each(|member| {
        for signal in [Signal::INT, Signal::TERM] {
            let mut command = fed(&lab, member).args(["-j", "3"]).command();
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let mut stdin = child.stdin.take().unwrap();
            let mut stdout = BufReader::new(child.stdout.take().unwrap());
            write!(stdin, "{}\n{1}\n{1}\n{1}\n{1}\n", member.ok, member.slow).unwrap();
            let mut first = String::new();
            // The slot of this one is free again: three slow ones are taken up, the fourth is not.
            stdout.read_line(&mut first).unwrap();
            wait_for_threads_to_sleep(child.id());
            kill_process(Pid::from_child(&child), signal).unwrap();
            let mut rest = String::new();
            stdout.read_to_string(&mut rest).unwrap();
            let ran = Ran::of(finish(child));
            assert_eq!(ran.code, 130);
            let ran = Ran { stdout: rest, ..ran };
            ran.note_codes();
            let records = ran.records_of_words();
            assert_eq!(records.len(), 3, "{}", ran.stdout);
            for record in records {
                assert_eq!(record["error"]["code"], "run.interrupted");
                assert_eq!(record["status"], "unknown");
            }
        }
    });
}

#[test]
fn a_signal_ends_a_run_whose_input_is_open_and_idle() {
    use rustix::process::{Pid, Signal, kill_process};
    let lab = internet();
    each(|member| {
        for lines in [1, 40] {
            let mut command = fed(&lab, member).command();
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            let mut stdin = child.stdin.take().unwrap();
            stdin.write_all(format!("{}\n", member.ok).repeat(lines).as_bytes()).unwrap();
            let mut stdout = BufReader::new(child.stdout.take().unwrap());
            for _ in 0..lines {
                let mut line = String::new();
                stdout.read_line(&mut line).unwrap();
            }
            kill_process(Pid::from_child(&child), Signal::INT).unwrap();
            assert_eq!(Ran::of(finish(child)).code, 130, "{lines}");
            drop(stdin);
        }
    });
}

/// Until the tool waits for nothing but the network: no thread of it runs, three samples in a row.
pub(crate) fn wait_for_threads_to_sleep(pid: u32) {
    let mut still = 0;
    while still < 20 {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        let asleep = tasks.flatten().all(|task| {
            let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
            stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('S'))
        });
        still = if asleep { still + 1 } else { 0 };
        std::thread::yield_now();
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}
