//! The message: built by a library or taken as it is, and made ready for the wire.
//!
//! Time, host and randomness are arguments.

mod build;
mod header;
mod wire;

pub(crate) use build::{Parts, build};
pub(crate) use header::Header;
pub(crate) use wire::{Message, WireError};

/// Text given as bytes.
pub(crate) struct Text;

impl Text {
    /// The bytes as text.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Result<String, std::string::FromUtf8Error> {
        String::from_utf8(bytes)
    }
}
