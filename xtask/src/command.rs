//! A command line that is shown as a person would type it and runs in the workspace's root.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

/// The workspace's root.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// Where cargo builds, relative to the root.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()).into()
}

/// A program, its arguments and the variables set for it.
pub(crate) struct CommandLine {
    program: OsString,
    args: Vec<OsString>,
    variables: Vec<(&'static str, &'static str)>,
}

impl CommandLine {
    pub(crate) fn new(program: impl Into<OsString>, args: Vec<OsString>) -> Self {
        Self { program: program.into(), args, variables: Vec::new() }
    }

    /// `cargo` with `args` split at white space.
    pub(crate) fn cargo(args: &str) -> Self {
        Self::new("cargo", args.split_whitespace().map(OsString::from).collect())
    }

    pub(crate) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub(crate) fn variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    /// Runs it on this terminal.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let status = self.process().status().map_err(|error| Failure::new(format!("{self}: {error}")))?;
        self.check(status)
    }

    /// Runs it and returns what it wrote to standard output, which is shown only if it fails.
    pub(crate) fn read(&self) -> Result<String, Failure> {
        let output = self
            .process()
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| Failure::new(format!("{self}: {error}")))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        self.check(output.status).inspect_err(|_| eprint!("{text}"))?;
        Ok(text)
    }

    /// Runs it on this terminal and hears each line that it writes to `stream`.
    pub(crate) fn watch(&self, stream: Stream, mut hear: impl FnMut(&str)) -> Result<(), Failure> {
        let fail = |error: io::Error| Failure::new(format!("{self}: {error}"));
        let mut process = self.process();
        let mut child = match stream {
            Stream::Stdout => process.stdout(Stdio::piped()).spawn(),
            Stream::Stderr => process.stderr(Stdio::piped()).spawn(),
        }
        .map_err(fail)?;
        let (from, mut to): (Option<Box<dyn Read>>, Box<dyn Write>) = match stream {
            Stream::Stdout => (child.stdout.take().map(|pipe| Box::new(pipe) as _), Box::new(io::stdout())),
            Stream::Stderr => (child.stderr.take().map(|pipe| Box::new(pipe) as _), Box::new(io::stderr())),
        };
        for line in from.into_iter().flat_map(|pipe| BufReader::new(pipe).split(b'\n')) {
            let mut line = line.map_err(fail)?;
            hear(&String::from_utf8_lossy(&line));
            line.push(b'\n');
            to.write_all(&line).map_err(fail)?;
        }
        let status = child.wait().map_err(fail)?;
        self.check(status)
    }

    /// Runs it; what it writes is shown only if it fails.
    pub(crate) fn quiet(&self) -> Result<(), Failure> {
        let output = self.process().stdin(Stdio::null()).output();
        let output = output.map_err(|error| Failure::new(format!("{self}: {error}")))?;
        self.check(output.status).map_err(|failure| {
            let said = [output.stdout, output.stderr].concat();
            let text = format!("{failure}\n{}", String::from_utf8_lossy(&said).trim_end());
            Failure { text, ..failure }
        })
    }

    /// Whether it runs at all; what it writes is dropped.
    pub(crate) fn works(&self) -> bool {
        let status = self.process().stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    fn process(&self) -> Command {
        let mut process = Command::new(self.path());
        process.args(&self.args).envs(self.variables.iter().copied()).current_dir(root());
        // `cargo run` sets these for us; passed on, they make build scripts that watch them run again.
        for (name, _) in env::vars_os() {
            let known = name.to_string_lossy();
            if known.starts_with("CARGO_PKG_") || known.starts_with("CARGO_MANIFEST_") {
                process.env_remove(&name);
            }
        }
        process
    }

    /// A path is relative to the root; a bare name is looked up by the system.
    fn path(&self) -> OsString {
        let program = Path::new(&self.program);
        if self.program == "cargo" {
            env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
        } else if program.components().count() > 1 {
            root().join(program).into()
        } else {
            self.program.clone()
        }
    }

    fn check(&self, status: ExitStatus) -> Result<(), Failure> {
        if status.success() {
            return Ok(());
        }
        let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
        Err(Failure { text: format!("{self}: {status}"), code })
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.variables {
            let quote = if value.contains(' ') { "'" } else { "" };
            write!(out, "{name}={quote}{value}{quote} ")?;
        }
        write!(out, "{}", self.program.display())?;
        self.args.iter().try_for_each(|arg| write!(out, " {}", arg.display()))
    }
}

/// Where a program writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Why a task ended early, and the exit code that says so.
#[derive(Debug)]
pub(crate) struct Failure {
    text: String,
    code: u8,
}

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 1 }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_shown_before_the_program() {
        let line = CommandLine::cargo("test -p tests").variable("A", "1");
        assert_eq!(line.to_string(), "A=1 cargo test -p tests");
        assert_eq!(line.variable("B", "x y").to_string(), "A=1 B='x y' cargo test -p tests");
    }

    #[test]
    fn a_child_that_exits_with_3() {
        let failure = CommandLine::new("sh", vec!["-c".into(), "exit 3".into()]).run().unwrap_err();
        assert_eq!(failure.code, 3);
        assert_eq!(failure.to_string(), "sh -c exit 3: exit status: 3");
    }

    #[test]
    fn lines_are_heard_also_of_a_child_that_fails() {
        for (stream, script) in [
            (Stream::Stdout, "echo a; printf b; exit 3"),
            (Stream::Stderr, "echo a >&2; printf b >&2; exit 3"),
        ] {
            let mut heard = Vec::new();
            let line = CommandLine::new("sh", vec!["-c".into(), script.into()]);
            let outcome = line.watch(stream, |line| heard.push(line.to_owned()));
            assert_eq!((outcome.unwrap_err().code, heard), (3, vec!["a".to_owned(), "b".to_owned()]));
        }
    }

    #[test]
    fn what_a_quiet_child_said_before_it_failed() {
        let line = CommandLine::new("sh", vec!["-c".into(), "echo out; echo err >&2; exit 3".into()]);
        let failure = line.quiet().unwrap_err();
        assert_eq!(failure.code, 3);
        assert!(failure.to_string().ends_with("exit status: 3\nout\nerr"), "{failure}");
    }

    #[test]
    fn a_child_killed_by_a_signal() {
        let failure = CommandLine::new("sh", vec!["-c".into(), "kill -9 $$".into()]).run().unwrap_err();
        assert_eq!(failure.code, 1);
    }

    #[test]
    fn a_program_that_does_not_exist() {
        let line = CommandLine::new("no-such-program-here", Vec::new());
        assert!(!line.works());
        assert_eq!(line.run().unwrap_err().code, 1);
    }

    #[test]
    fn output_is_read_from_the_root() {
        let seen = CommandLine::new("pwd", Vec::new()).read().unwrap_or_default();
        assert_eq!(Path::new(seen.trim_end()), root().canonicalize().unwrap());
    }
}
