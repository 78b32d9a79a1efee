//! The client's half of SMTP.
//!
//! [`proto`] is the protocol: bytes and time go in, bytes and facts come out. It needs nothing but
//! `std`, opens no socket and reads no clock, so that every situation a server can bring about is a
//! unit test. `net` (a feature) is the one place that knows sockets and timers: it connects,
//! and moves bytes between a socket and a [`proto::Session`]. `sasl` (a feature) makes the words of a login.

#[cfg(feature = "net")]
pub mod net;
pub mod proto;
#[cfg(feature = "sasl")]
pub mod sasl;
