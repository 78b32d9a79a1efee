//! Who the client is, where a server asks.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error, InconsistentKeys, SignatureScheme};

use crate::proto::{TlsFile, TlsFileError};

/// A certificate of the client's own, and its key.
#[derive(Debug, Clone)]
pub(super) struct Identity(Arc<CertifiedKey>);

impl Identity {
    /// Reads the files; the key is in the certificate's file if it has none of its own.
    pub(super) fn read(cert: &Path, key: Option<&Path>) -> Result<Self, TlsFileError> {
        let fail = |file, path: &Path, problem: String| TlsFileError { file, path: path.into(), problem };
        let chain = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain = match chain {
            Ok(chain) if chain.is_empty() => Err("it holds no certificate".to_owned()),
            Ok(chain) => Ok(chain),
            Err(error) => Err(words(&error)),
        };
        let chain = chain.map_err(|problem| fail(TlsFile::Cert, cert, problem))?;
        let (file, path) = key.map_or((TlsFile::Cert, cert), |key| (TlsFile::Key, key));
        let key = PrivateKeyDer::from_pem_file(path).map_err(|error| match error {
            pem::Error::NoItemsFound => "it holds no private key, or an encrypted one".to_owned(),
            error => words(&error),
        });
        let key = key.map_err(|problem| fail(file, path, problem))?;
        match CertifiedKey::from_der(chain, key, &ring::default_provider()) {
            Ok(identity) => Ok(Self(Arc::new(identity))),
            Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                Err(fail(file, path, "the key is not that of the certificate".to_owned()))
            }
            Err(error) => Err(fail(file, path, error.to_string())),
        }
    }
}

/// What is wrong with a PEM file.
pub(super) fn words(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::MissingSectionEnd { .. } => "a section in it has no end".to_owned(),
        pem::Error::IllegalSectionStart { .. } => "a section in it has no proper beginning".to_owned(),
        error => error.to_string(),
    }
}

/// Answers one server that asks, and remembers that it did.
#[derive(Debug)]
pub(super) struct Asked {
    identity: Option<Identity>,
    was_asked: AtomicBool,
}

impl Asked {
    pub(super) fn new(identity: Option<Identity>) -> Self {
        Self { identity, was_asked: AtomicBool::new(false) }
    }

    pub(super) fn was_asked(&self) -> bool {
        self.was_asked.load(Ordering::Relaxed)
    }

    /// Whether the server asked, and there was nothing to show.
    pub(super) fn was_in_vain(&self) -> bool {
        self.was_asked() && self.identity.is_none()
    }
}

impl ResolvesClientCert for Asked {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.was_asked.store(true, Ordering::Relaxed);
        self.identity.as_ref().map(|identity| identity.0.clone())
    }

    /// Always, so that it is told of every server that asks.
    fn has_certs(&self) -> bool {
        true
    }
}
