//! The only place that knows sockets and timers.

mod connect;
mod drive;

pub use connect::{Connected, connect};
pub use drive::{Event, Finished, drive};
