//! Runs the tools as a person would type them, and looks at the records that come out.
//!
//! Records are looked at as text: a check that needs no JSON reader cannot share its mistakes.

use std::env;
use std::fmt;
use std::io::{self, Write};
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::command::{root, target};

/// Longer than any tool's own limit in these checks.
const LIMIT_SECONDS: &str = "60";

/// A pipeline that has ended.
#[derive(Debug)]
pub(super) struct Run {
    line: String,
    /// The last tool's.
    exit: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    /// Runs `line`, in which tools are joined by ` | ` and words by blanks.
    pub(super) fn of(line: String) -> Result<Self, String> {
        Self::fed("", line)
    }

    /// The same, with `input` on the first tool's stdin.
    pub(super) fn fed(input: &str, line: String) -> Result<Self, String> {
        let mut running: Vec<Child> = Vec::new();
        for stage in line.split(" | ") {
            let before = running.last_mut().and_then(|before| before.stdout.take());
            let stdin = match before {
                Some(output) => output.into(),
                None if input.is_empty() => Stdio::null(),
                None => Stdio::piped(),
            };
            running.push(start(stage, stdin).map_err(|error| format!("{stage}: {error}"))?);
        }
        if let Some(mut stdin) = running.first_mut().and_then(|first| first.stdin.take()) {
            // A pipe holds more than any input of these checks.
            stdin.write_all(input.as_bytes()).map_err(|error| format!("{line}: {error}"))?;
        }
        let last = running.pop().ok_or("nothing to run")?;
        let output = last.wait_with_output().map_err(|error| format!("{line}: {error}"))?;
        for mut stage in running {
            let status = stage.wait().map_err(|error| format!("{line}: {error}"))?;
            ended(status).map_err(|why| format!("$ {line}\n{why}"))?;
        }
        ended(output.status).map_err(|why| format!("$ {line}\n{why}"))?;
        let text = |bytes| String::from_utf8_lossy(bytes).trim_end().to_owned();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        Ok(Self { line, exit: output.status.code(), stdout, stderr })
    }

    /// The exit code of the last tool is `code`.
    pub(super) fn exits(&self, code: i32) -> Result<&Self, String> {
        self.demand(self.exit == Some(code), format_args!("exit code {code}"))
    }

    /// `count` records came out.
    pub(super) fn counts(&self, count: usize) -> Result<&Self, String> {
        self.demand(self.stdout.lines().count() == count, format_args!("records: {count}"))
    }

    /// `part` is in a record.
    pub(super) fn has(&self, part: &str) -> Result<&Self, String> {
        self.demand(self.stdout.contains(part), format_args!("in a record: {part}"))
    }

    /// `part` is in no record.
    pub(super) fn lacks(&self, part: &str) -> Result<&Self, String> {
        self.demand(!self.stdout.contains(part), format_args!("in no record: {part}"))
    }

    /// A record holds all of `parts`, in this order.
    pub(super) fn holds(&self, parts: &[&str]) -> Result<&Self, String> {
        let found = self.stdout.lines().any(|record| are_in_order(record, parts));
        self.demand(found, format_args!("in one record, in this order: {}", parts.join(" … ")))
    }

    /// `part` is `count` times in the records.
    pub(super) fn has_times(&self, part: &str, count: usize) -> Result<&Self, String> {
        let found = self.stdout.matches(part).count();
        self.demand(found == count, format_args!("{count} times, not {found}: {part}"))
    }

    /// The text of a key, the first of that name.
    pub(super) fn value(&self, key: &str) -> Result<&str, String> {
        let found =
            self.stdout.split_once(&format!("\"{key}\":\"")).and_then(|(_, rest)| rest.split_once('"'));
        self.demand(found.is_some(), format_args!("the key {key}"))?;
        Ok(found.map_or("", |(value, _)| value))
    }

    fn demand(&self, holds: bool, what: fmt::Arguments<'_>) -> Result<&Self, String> {
        if holds {
            return Ok(self);
        }
        let exit = self.exit.map_or_else(|| "none".to_owned(), |code| code.to_string());
        let Self { line, stdout, stderr, .. } = self;
        Err(format!("expected {what}\n$ {line}\n{stdout}\n{stderr}\nexit code: {exit}"))
    }
}

fn start(stage: &str, stdin: Stdio) -> io::Result<Child> {
    let mut words = stage.split_whitespace();
    let tool = root().join(target()).join("debug").join(words.next().unwrap_or_default());
    let mut command = Command::new("timeout");
    command.args(["-k", "5", LIMIT_SECONDS]).arg(tool).args(words);
    // What a person has set for the tools must not decide a check.
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MXPIPE_")) {
        command.env_remove(name);
    }
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
}

/// Whether the tool ended by itself; `timeout` ends with 124 if it was at the limit, and 137 if it had to kill.
fn ended(status: ExitStatus) -> Result<(), String> {
    match status.code() {
        Some(124 | 137) => Err(format!("not ended after {LIMIT_SECONDS} s")),
        Some(125..=127) => Err("a tool could not be started".to_owned()),
        Some(_) => Ok(()),
        None => Err(status.to_string()),
    }
}

fn are_in_order(record: &str, parts: &[&str]) -> bool {
    let rest = parts.iter().try_fold(record, |rest, part| rest.split_once(part).map(|(_, rest)| rest));
    rest.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        let stdout = "{\"a\":1,\"b\":2}\n{\"a\":3}".into();
        Run { line: "tool x".into(), exit: Some(1), stdout, stderr: "2 failed".into() }
    }

    #[test]
    fn records_that_are_as_expected() {
        let run = run();
        run.exits(1).unwrap().counts(2).unwrap().has("\"a\":3").unwrap().lacks("\"c\"").unwrap();
        run.holds(&["\"a\":1", "\"b\":2"]).unwrap().has_times("\"a\":", 2).unwrap();
    }

    #[test]
    fn the_text_of_a_key() {
        let stdout = r#"{"id":"4X","n":1}"#.into();
        let run = Run { stdout, ..run() };
        assert_eq!(run.value("id"), Ok("4X"));
        assert!(run.value("n").is_err());
    }

    #[test]
    fn parts_in_another_order_or_in_two_records() {
        assert!(run().holds(&["\"b\":2", "\"a\":1"]).is_err());
        assert!(run().holds(&["\"b\":2", "\"a\":3"]).is_err());
    }

    #[test]
    fn a_complaint_shows_the_command_and_all_it_said() {
        let complaint = run().exits(0).unwrap_err();
        for part in ["exit code 0", "$ tool x", "{\"a\":3}", "2 failed", "exit code: 1"] {
            assert!(complaint.contains(part), "{part}: {complaint}");
        }
        assert!(run().counts(1).is_err() && run().has("c").is_err() && run().lacks("a").is_err());
        assert!(run().has_times("a", 1).is_err());
    }
}
