//! A program that is measured: its command line, what it reads, and what it has to have written.

use std::env;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::bench::file;
use crate::command::{Failure, root};

/// A command line to be measured.
#[derive(Debug, Clone)]
pub(super) struct Contender {
    pub(super) name: &'static str,
    program: PathBuf,
    args: Vec<String>,
    input: Option<PathBuf>,
    /// Whether it may open as many files as the system lets it.
    many_files: bool,
    /// What it wrote is counted by this; without it nothing is kept of that.
    counts: Option<Count>,
    /// It says itself how long the work has taken, apart from its start.
    clock: Option<Clock>,
}

/// How many targets did what they should, by what a program wrote.
type Count = fn(&str) -> usize;

/// How long it took, by what a program wrote.
type Clock = fn(&str) -> Option<Duration>;

/// What a program has said of its last run, as far as it is read.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Said {
    /// Targets that were reached.
    pub(super) reached: Option<usize>,
    /// What the work has taken.
    pub(super) wall: Option<Duration>,
}

impl Contender {
    pub(super) fn new(name: &'static str, program: impl Into<PathBuf>, args: &str) -> Self {
        let args = args.split_whitespace().map(str::to_owned).collect();
        Self {
            name,
            program: program.into(),
            args,
            input: None,
            many_files: false,
            counts: None,
            clock: None,
        }
    }

    /// One that someone else has made, if it is installed.
    pub(super) fn peer(name: &'static str, args: &str) -> Option<Self> {
        find(name).map(|program| Self::new(name, program, args))
    }

    /// Over many targets, one a line in `input`; `counts` says how many of them were reached.
    pub(super) fn over(self, input: &Path, counts: Count) -> Self {
        Self { input: Some(input.to_owned()), many_files: true, ..self.counting(counts) }
    }

    /// `counts` says what came of it.
    pub(super) fn counting(self, counts: Count) -> Self {
        Self { counts: Some(counts), ..self }
    }

    /// Its own word for the time counts, where it writes one.
    pub(super) fn timed_by(self, clock: Clock) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// One more argument, of any characters.
    pub(super) fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// A process to be, without standard error.
    pub(super) fn command(&self) -> Result<Command, Failure> {
        let mut command = if self.many_files {
            // The tools do so by themselves; the shell becomes the program.
            let mut shell = Command::new("sh");
            shell.args(["-c", "ulimit -n \"$(ulimit -Hn)\"; exec \"$@\"", "sh"]).arg(&self.program);
            shell
        } else {
            Command::new(&self.program)
        };
        let input = match &self.input {
            Some(path) => File::open(path).map_err(|error| self.failed(&error))?.into(),
            None => Stdio::null(),
        };
        let output = match self.counts {
            Some(_) => File::create(self.output()).map_err(|error| self.failed(&error))?.into(),
            None => Stdio::null(),
        };
        command.args(&self.args).stdin(input).stdout(output).stderr(Stdio::null()).current_dir(root());
        // What leads the tools elsewhere, and what `cargo run` sets.
        for (variable, _) in env::vars_os() {
            let known = variable.to_string_lossy();
            if known.starts_with("MXPIPE_") || known.starts_with("CARGO_") {
                command.env_remove(&variable);
            }
        }
        Ok(command)
    }

    /// What is known of its last run.
    pub(super) fn said(&self) -> Result<Said, Failure> {
        let Some(counts) = self.counts else { return Ok(Said::default()) };
        let text = std::fs::read_to_string(self.output()).map_err(|error| self.failed(&error))?;
        Ok(Said { reached: Some(counts(&text)), wall: self.clock.and_then(|clock| clock(&text)) })
    }

    pub(super) fn failed(&self, error: &io::Error) -> Failure {
        Failure::new(format!("bench: {}: {error}", self.name))
    }

    fn output(&self) -> PathBuf {
        file(&format!("{}.out", self.name))
    }
}

/// A program on the PATH, or where the peers' packages put theirs.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/usr/lib/nagios/plugins"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_there_or_not() {
        assert!(Contender::peer("sh", "-c true").is_some());
        assert!(Contender::peer("no-such-program-here", "").is_none());
    }
}
