//! The roots that are trusted.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, Error, RootCertStore};

use super::identity::words;
use crate::proto::{TlsFile, TlsFileError};

/// Roots, and the cryptography that verifies by them; shared by all sessions.
#[derive(Debug)]
pub(super) struct Trust {
    pub(super) provider: Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
    /// None if there is no root at all: then no certificate verifies.
    verifier: Option<Arc<WebPkiServerVerifier>>,
    /// The certificates of the file that was given: a server may show one of them itself.
    given: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// Trust in the certificates of a PEM file.
    pub(super) fn file(path: &Path) -> Result<Self, TlsFileError> {
        let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        read.map_err(|error| words(&error)).and_then(Self::given).map_err(|problem| TlsFileError {
            file: TlsFile::Ca,
            path: path.into(),
            problem,
        })
    }

    /// Trust in these certificates alone.
    pub(super) fn given(given: Vec<CertificateDer<'static>>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for certificate in &given {
            roots.add(certificate.clone()).map_err(|error| error.to_string())?;
        }
        if roots.is_empty() {
            return Err("it holds no certificate".to_owned());
        }
        Ok(Self { given, ..Self::of(roots) })
    }

    /// Trust in the system's roots.
    pub(super) fn system() -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self::of(roots)
    }

    /// Trust in these roots; in nobody if there are none.
    pub(super) fn of(roots: RootCertStore) -> Self {
        let provider = Arc::new(ring::default_provider());
        let roots = Arc::new(roots);
        let builder = WebPkiServerVerifier::builder_with_provider(roots.clone(), provider.clone());
        Self { provider, roots, verifier: builder.build().ok(), given: Vec::new() }
    }

    /// The signatures that count.
    pub(super) fn algorithms(&self) -> &WebPkiSupportedAlgorithms {
        &self.provider.signature_verification_algorithms
    }

    /// Whether the certificate was itself given as one to trust.
    pub(super) fn is_given(&self, certificate: &CertificateDer<'_>) -> bool {
        self.given.contains(certificate)
    }

    /// Whether there is nothing to trust.
    pub(super) fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// Whether a root has this name, in DER.
    pub(super) fn has_root(&self, name: &[u8]) -> bool {
        self.roots.subjects().iter().any(|subject| subject.as_ref() == name)
    }

    /// Whether a root vouches for the certificate at this time. The name is another question.
    pub(super) fn verify(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        at: UnixTime,
    ) -> Result<(), CertificateError> {
        let verifier = self.verifier.as_ref().ok_or(CertificateError::UnknownIssuer)?;
        match verifier.verify_server_cert(certificate, others, name, &[], at) {
            Ok(_) => Ok(()),
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(()),
            Err(Error::InvalidCertificate(error)) => Err(error),
            Err(_) => Err(CertificateError::BadEncoding),
        }
    }
}
