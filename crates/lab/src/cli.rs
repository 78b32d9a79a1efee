//! What one types, and what comes of it.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lab::{Lab, World};

use crate::{demo, run};

/// A pretend internet on loopback: DNS with faults, and mail servers of every kind
#[derive(Debug, Parser)]
#[command(name = "lab", version)]
struct Args {
    #[command(subcommand)]
    verb: Verb,
    /// The world in FILE instead of the built-in one
    #[arg(long, global = true, value_name = "FILE")]
    world: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show what the tools answer, question by question
    Demo {
        /// Wait for Enter before each step but the first
        #[arg(long)]
        step: bool,
    },
    /// Keep the world running until Ctrl-C, and print the environment that leads into it
    Up,
    /// Run a command in that environment, and end with its exit status
    Run {
        /// The command and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
        command: Vec<OsString>,
    },
}

/// Reads the command line and does it.
pub(crate) fn main() -> ExitCode {
    let args = Args::parse();
    match execute(&args) {
        Ok(code) => code,
        Err(error) => {
            tell(&error);
            ExitCode::FAILURE
        }
    }
}

fn execute(args: &Args) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let world = world(args.world.as_deref())?;
    let tools = tools()?;
    if matches!(args.verb, Verb::Demo { .. }) {
        demo::check_tools(&tools)?;
    }
    let lab = Lab::start(&world).map_err(|error| format!("failed to {error}"))?;
    Ok(match &args.verb {
        Verb::Demo { step } => demo::show(&run::Environment::new(&lab, &tools), *step)?,
        Verb::Up => {
            run::until_signal(|| announce(&lab))?;
            ExitCode::SUCCESS
        }
        Verb::Run { command } => run::Environment::new(&lab, &tools).run(command)?,
    })
}

/// What a shell is to read, on stdout; what a person is to know, on stderr.
fn announce(lab: &Lab) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (name, value) in lab.env() {
        writeln!(out, "export {name}={value}")?;
    }
    out.flush()?;
    tell(&"the world is up until Ctrl-C; where these lines have been run, the tools live in it");
    Ok(())
}

fn world(file: Option<&Path>) -> Result<World, String> {
    let Some(file) = file else { return World::named("internet").map_err(|error| error.to_string()) };
    let text =
        fs::read_to_string(file).map_err(|error| format!("failed to read {}: {error}", file.display()))?;
    World::parse(&text).map_err(|error| format!("{}: failed to {error}", file.display()))
}

/// The folder of the tools: that of this program.
fn tools() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    Ok(own.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf))
}

/// A line for people; without a stderr there is nobody to tell.
fn tell(what: &dyn Display) {
    let _ = writeln!(io::stderr(), "lab: {what}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn options_of_the_command_are_its_own() {
        let args = Args::parse_from(["lab", "run", "--world", "w.toml", "--", "ls", "--world", "x"]);
        assert_eq!(args.world.as_deref(), Some(Path::new("w.toml")));
        assert!(matches!(args.verb, Verb::Run { command } if command == ["ls", "--world", "x"]));
    }

    #[test]
    fn a_file_that_is_no_world() {
        assert!(world(Some(Path::new("no-such-file"))).unwrap_err().contains("no-such-file"));
        assert!(world(None).is_ok());
    }
}
