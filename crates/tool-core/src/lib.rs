//! What makes the tools alike.
//!
//! A [`Tool`] says how one input becomes units of work and what each unit finds out; everything
//! else is here, once: reading targets ([`jsonl`]), running many of them ([`main`] and `bulk`),
//! the record and its codes ([`record`], [`Code`]), exit status ([`Exit`]), options ([`cli`]) and
//! the readable view ([`text`]).

mod bulk;
pub mod cli;
mod clock;
mod code;
mod entry;
pub mod env;
mod exit;
pub mod explain;
mod json;
pub mod jsonl;
mod mailbox;
pub mod record;
pub mod stderr;
pub mod target;
pub mod text;
mod tool;
mod transcript;
mod turn;

pub use clock::Budget;
pub use code::{AsError, Code, Temporary};
pub use entry::{command, main, schema};
pub use exit::{Exit, Tally};
pub use mailbox::read_mailbox;
pub use tool::{Outcome, Plan, Task, Tool};
pub use transcript::Transcript;
pub use turn::Turn;
