//! Commands in the environment of a world.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use lab::Lab;
use rustix::process::{Pid, Signal, kill_process};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

/// What a shell answers for a command that does not exist, and for one that cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

/// The variables of a world, and the tools in `PATH`.
#[derive(Debug)]
pub(crate) struct Environment {
    variables: Vec<(&'static str, OsString)>,
}

impl Environment {
    pub(crate) fn new(lab: &Lab, tools: &Path) -> Self {
        let mut variables: Vec<_> = lab.env().into_iter().map(|(name, value)| (name, value.into())).collect();
        let mut path = tools.as_os_str().to_owned();
        if let Some(before) = std::env::var_os("PATH").filter(|before| !before.is_empty()) {
            path.push(":");
            path.push(before);
        }
        variables.push(("PATH", path));
        Self { variables }
    }

    /// Runs a command on this terminal; its exit status is the answer.
    pub(crate) fn run(&self, command: &[OsString]) -> io::Result<ExitCode> {
        let Some((program, args)) = command.split_first() else { return Ok(ExitCode::from(NOT_FOUND)) };
        let mut command = self.command(program);
        command.args(args);
        match runtime()?.block_on(outlive(command)) {
            Ok(status) => Ok(ExitCode::from(code(status))),
            Err(error) => {
                let _ = writeln!(io::stderr(), "lab: failed to run {}: {error}", program.display());
                let missing = error.kind() == io::ErrorKind::NotFound;
                Ok(ExitCode::from(if missing { NOT_FOUND } else { NOT_EXECUTABLE }))
            }
        }
    }

    /// Runs a line of shell without input, and returns its exit code.
    pub(crate) fn shell(&self, line: &str) -> io::Result<u8> {
        self.command(OsStr::new("sh")).arg("-c").arg(line).stdin(Stdio::null()).status().map(code)
    }

    fn command(&self, program: &OsStr) -> Command {
        let variables = self.variables.iter().map(|(name, value)| (name, value));
        let mut command = Command::new(program);
        command.envs(variables);
        command
    }
}

/// Waits for a command, whatever the terminal says: Ctrl-C reaches the command itself, which may
/// still need the world to finish. A SIGTERM for this program is passed on.
async fn outlive(command: Command) -> io::Result<ExitStatus> {
    let _interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let mut child = tokio::process::Command::from(command).spawn()?;
    loop {
        tokio::select! {
            status = child.wait() => return status,
            _ = terminations.recv() => {
                let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
                if let Some(id) = id {
                    kill_process(id, Signal::TERM)?;
                }
            }
        }
    }
}

/// Does `announce`, then waits for Ctrl-C or SIGTERM; one that comes early counts.
pub(crate) fn until_signal(announce: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    runtime()?.block_on(async {
        let mut interrupts = signal(SignalKind::interrupt())?;
        let mut terminations = signal(SignalKind::terminate())?;
        announce()?;
        tokio::select! {
            _ = interrupts.recv() => {}
            _ = terminations.recv() => {}
        }
        Ok(())
    })
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// The exit code, as a shell counts it: 128 and the signal's number for a killed process.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_a_shell() {
        let environment = Environment { variables: vec![("WORD", "3".into())] };
        assert_eq!(environment.shell("exit $WORD").unwrap(), 3);
        assert_eq!(environment.shell("kill -9 $$").unwrap(), 137);
    }

    #[test]
    fn a_shell_line_finds_nothing_on_its_input() {
        let environment = Environment { variables: vec![] };
        assert_eq!(environment.shell("read line").unwrap(), 1);
    }
}
