//! `smtp-ping`: does this server speak SMTP, and what does it say?

use std::process::ExitCode;

fn main() -> ExitCode {
    smtp_ping::main(std::env::args_os())
}
