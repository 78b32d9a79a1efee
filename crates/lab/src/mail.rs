//! The messages that the sinks have taken, for assertions.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
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

/// The messages, by server name, and each as a file.
#[derive(Debug)]
pub(crate) struct Mails {
    folder: PathBuf,
    taken: Mutex<HashMap<String, Vec<Mail>>>,
}

impl Mails {
    /// None yet; the folder is there.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, taken: Mutex::default() }
    }

    /// Where each message is a file, `SERVER-NUMBER.eml`.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps a message, and returns how many the server has now.
    ///
    /// # Errors
    /// The file could not be written; the message is not kept then.
    pub(crate) fn keep(&self, server: &str, mail: Mail) -> io::Result<usize> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of_server = taken.entry(server.to_owned()).or_default();
        let number = of_server.len() + 1;
        std::fs::write(self.folder.join(format!("{server}-{number:04}.eml")), &mail.data)?;
        of_server.push(mail);
        Ok(number)
    }

    pub(crate) fn of(&self, server: &str) -> Vec<Mail> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.get(server).cloned().unwrap_or_default()
    }
}
