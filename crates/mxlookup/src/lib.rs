//! `mxlookup`: where does mail for this domain go?
//!
//! A domain in, its route out: the hosts in the order in which a sender tries them, with their
//! addresses. What the DNS cannot tell now is `unknown`, never a guess.

mod cli;
mod data;
mod policy;
mod run;
mod text;

use std::ffi::OsString;
use std::process::ExitCode;

pub use cli::describe;
pub use run::MxLookup;

/// The whole tool: `args` with the program's name in front.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    tool_core::main::<MxLookup>(describe, args)
}
