//! `lab`: the pretend internet, to be looked at, lived in and shown.

mod cli;
mod demo;
mod run;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
