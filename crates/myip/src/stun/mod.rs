//! STUN: a server tells the address that a datagram came from (RFC 8489).
//!
//! Only what a Binding transaction over UDP needs: no credentials, no fallback to TCP. The message
//! and the times at which it is sent know no socket; [`ask`] has the only one.

mod client;
mod message;
mod schedule;

pub(crate) use client::{Failure, ask};

/// The port of a STUN server (RFC 8489 section 18.6).
pub(crate) const PORT: u16 = 3478;
