//! `smtp-send`: does a message get through?

use std::process::ExitCode;

fn main() -> ExitCode {
    smtp_send::main(std::env::args_os())
}
