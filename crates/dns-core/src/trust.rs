//! The certificates that those of servers must lead to.

use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore};

/// The certificates that a server's must lead to; all copies are one.
#[derive(Debug, Clone)]
pub struct Trust(Arc<OnceLock<Arc<RootCertStore>>>);

impl Trust {
    /// The system's roots, as far as they can be read: some 20 ms, when they are first needed.
    pub fn system() -> Self {
        Self(Arc::default())
    }

    /// The certificates of a PEM file, instead of the system's.
    ///
    /// # Errors
    /// The file cannot be read, or holds no certificate.
    pub fn file(path: &Path) -> io::Result<Self> {
        let text = std::fs::read(path)?;
        let certificates = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
        let roots = store(certificates.map_err(|_| io::Error::other("it is no PEM file"))?);
        if roots.is_empty() { Err(io::Error::other("it holds no certificate")) } else { Ok(Self::of(roots)) }
    }

    /// No certificate at all: nothing verifies.
    pub fn nobody() -> Self {
        Self::of(RootCertStore::empty())
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let load = || Arc::new(store(rustls_native_certs::load_native_certs().certs));
        self.0.get_or_init(load).clone()
    }

    fn of(roots: RootCertStore) -> Self {
        Self(Arc::new(OnceLock::from(Arc::new(roots))))
    }

    /// What a client is told that verifies by these.
    ///
    /// # Errors
    /// The library's, which cannot be in practice.
    pub(crate) async fn client(&self) -> Result<ClientConfig, Error> {
        if self.0.get().is_none() {
            // On another thread, beside whatever else is done.
            let trust = self.clone();
            let _ = tokio::task::spawn_blocking(move || drop(trust.roots())).await;
        }
        let roots = self.roots();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?;
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }
}

fn store(certificates: Vec<CertificateDer<'static>>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_not_trusted() {
        let manifest = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        assert!(Trust::file(manifest).unwrap_err().to_string().contains("no certificate"));
        assert!(Trust::file(Path::new("no-such-file")).is_err());
    }
}
