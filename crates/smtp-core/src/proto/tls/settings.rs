//! What a client is told to do in its handshakes.

use std::fmt;
use std::path::PathBuf;

/// Whom to trust, who to be, and what to ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// A PEM file with the certificates to trust; the system's roots if `None`.
    pub ca: Option<PathBuf>,
    /// A PEM file with the client's own certificate, and what leads to its root behind it.
    pub cert: Option<PathBuf>,
    /// A PEM file with the key of that; the same file if `None`.
    pub key: Option<PathBuf>,
    /// The oldest version to speak; TLS 1.2 if `None`.
    pub min: Option<TlsVersion>,
    /// The newest version to speak; TLS 1.3 if `None`.
    pub max: Option<TlsVersion>,
    /// The name to ask for, instead of the target's. The certificate is held against the target's
    /// all the same.
    pub sni: Option<String>,
}

/// A version that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// A file of the [`TlsSettings`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsFile {
    /// That of the certificates to trust.
    Ca,
    /// That of the client's certificate.
    Cert,
    /// That of its key.
    Key,
}

/// A file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFileError {
    /// Which.
    pub file: TlsFile,
    /// Its path.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for TlsFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to read {}: {}", self.path.display(), self.problem)
    }
}

impl std::error::Error for TlsFileError {}
