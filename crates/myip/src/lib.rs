//! `myip`: how does the world see this machine?
//!
//! The public address as several independent sources see it, its name, and whether the name leads
//! back: what a mail server is judged by before it has said a word. An address as target is looked
//! up only.

mod answer;
mod ask;
mod claim;
mod cli;
mod data;
mod input;
mod local;
mod quorum;
mod run;
mod seen;
mod stun;
mod text;
mod via;

use std::ffi::OsString;
use std::process::ExitCode;

pub use cli::describe;
pub use run::MyIp;

/// The whole tool: `args` with the program's name in front.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    tool_core::main::<MyIp>(describe, args)
}
