//! `myip`: how does the world see this machine?

use std::process::ExitCode;

fn main() -> ExitCode {
    myip::main(std::env::args_os())
}
