//! `mxlookup`: where does mail for this domain go?

use std::process::ExitCode;

fn main() -> ExitCode {
    mxlookup::main(std::env::args_os())
}
