//! What stands in the place of a verifier: it notes chain and verdict, and accepts whatever can
//! prove to hold its key.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{DigitallySignedStruct, Error, SignatureScheme};

use super::trust::Trust;
use super::verdict::judge;
use crate::net::certificate::{read_certificate, weak_key};
use crate::proto::{Certificate, VerifyError};

/// The certificates of a chain that are kept: no chain that verifies is longer.
const MOST_CHAIN: usize = 10;

/// The verifier of one handshake.
#[derive(Debug)]
pub(super) struct Recorder {
    trust: Arc<Trust>,
    /// Whose certificate it is to be; `None`: nothing that a certificate could be for.
    name: Option<ServerName<'static>>,
    seen: Mutex<Seen>,
}

/// What a handshake has shown.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) chain: Vec<Certificate>,
    /// What is wrong with it, the first to be told first.
    pub(super) errors: Vec<VerifyError>,
    /// The key, where it is too weak to prove anything by.
    pub(super) weak_key: Option<String>,
}

impl Recorder {
    pub(super) fn new(trust: Arc<Trust>, name: Option<ServerName<'static>>) -> Self {
        Self { trust, name, seen: Mutex::default() }
    }

    /// What was seen, once.
    pub(super) fn take(&self) -> Seen {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn proven(
        &self,
        certificate: &CertificateDer<'_>,
        result: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        if result.is_err() {
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).weak_key = weak_key(certificate);
        }
        result
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let errors = judge(&self.trust, end_entity, intermediates, self.name.as_ref(), now);
        let sent = std::iter::once(end_entity).chain(intermediates);
        // The place of the leaf is the first, also where the leaf is none that can be read.
        let chain = sent.take(MOST_CHAIN).map_while(|der| read_certificate(der)).collect();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Seen { chain, errors, weak_key: None };
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.proven(cert, verify_tls12_signature(message, cert, dss, self.trust.algorithms()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.proven(cert, verify_tls13_signature(message, cert, dss, self.trust.algorithms()))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trust.algorithms().supported_schemes()
    }
}
