//! `smtp-ping`: does this server speak SMTP, and what does it say?
//!
//! A host or a route in, one record for every address out: greeting, EHLO, names, timing, and one
//! cause when it fails.

mod attempt;
mod cli;
mod data;
mod describe;
mod expect;
mod identity;
mod names;
mod reuse;
mod run;
mod text;

use std::ffi::OsString;
use std::process::ExitCode;

pub use cli::describe;
pub use run::SmtpPing;

/// The whole tool: `args` with the program's name in front.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    tool_core::main::<SmtpPing>(describe, args)
}
