//! The tools end to end: the real programs against the pretend internet.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod contract;
mod dialogues;
mod family;
mod harness;
mod recipients;
mod tls;
