//! `smtp-send`: does a message get through?
//!
//! A message in, one record for each route out, with a verdict for every recipient. A recipient is
//! `ok` only after the 2yz reply to the final dot; what may have been delivered is never sent again.

mod attempt;
mod cli;
mod data;
mod delivery;
mod envelope;
mod message;
mod run;
mod text;

use std::ffi::OsString;
use std::process::ExitCode;

pub use cli::describe;
pub use run::SmtpSend;

/// The whole tool: `args` with the program's name in front.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    tool_core::main::<SmtpSend>(describe, args)
}
