//! The messages that the sinks have taken, for assertions.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A message that a sink has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The envelope sender, without angle brackets; empty for the null sender.
    pub from: String,
    /// The recipients that were accepted, in their order.
    pub to: Vec<String>,
    /// The message as it was meant: without dot-stuffing and the final dot, its last line end included.
    pub data: Vec<u8>,
    /// Whether it came inside TLS.
    pub tls: bool,
}

/// The messages, by server name.
#[derive(Debug, Default)]
pub(crate) struct Mails {
    taken: Mutex<HashMap<String, Vec<Mail>>>,
}

impl Mails {
    /// Keeps a message, and returns how many the server has now.
    pub(crate) fn keep(&self, server: &str, mail: Mail) -> usize {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of_server = taken.entry(server.to_owned()).or_default();
        of_server.push(mail);
        of_server.len()
    }

    pub(crate) fn of(&self, server: &str) -> Vec<Mail> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.get(server).cloned().unwrap_or_default()
    }
}
