//! The TLS client: it records what the server shows, and lets the session go on.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, PeerIncompatible,
    RootCertStore, SignatureScheme,
};

use super::certificate::read_certificate;
use super::socket::Socket;
use crate::proto::{TlsFacts, TlsFailure, TlsHow, VerifyError};

/// The roots that are trusted, and the cryptography.
#[derive(Debug)]
pub struct TlsClient {
    provider: Arc<CryptoProvider>,
    /// None if there is no root at all: then no certificate verifies.
    verifier: Option<Arc<WebPkiServerVerifier>>,
    /// The certificates of the file that was given: a server may show one of them itself.
    given: Arc<[CertificateDer<'static>]>,
}

impl TlsClient {
    /// A client that trusts the certificates of a PEM file, or else the system's roots.
    ///
    /// # Errors
    /// Why the file cannot be used, as a sentence.
    pub fn new(ca: Option<&Path>) -> Result<Self, String> {
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        let mut given = Vec::new();
        match ca {
            None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
            Some(path) => {
                let problem =
                    |error: &dyn std::fmt::Display| format!("failed to read {}: {error}", path.display());
                let certificates = CertificateDer::pem_file_iter(path).map_err(|error| problem(&error))?;
                for certificate in certificates {
                    let certificate = certificate.map_err(|e| problem(&e))?;
                    roots.add(certificate.clone()).map_err(|e| problem(&e))?;
                    given.push(certificate);
                }
                if roots.is_empty() {
                    return Err(problem(&"it holds no certificate"));
                }
            }
        }
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().ok();
        Ok(Self { provider, verifier, given: given.into() })
    }

    /// Shakes hands with the server that goes by `name`.
    pub(super) async fn connect(
        &self,
        stream: Socket,
        name: &str,
        how: TlsHow,
    ) -> Result<(TlsStream<Socket>, TlsFacts), TlsFailure> {
        let broken = |problem: &dyn std::fmt::Display| TlsFailure::Handshake(problem.to_string());
        let server = ServerName::try_from(name.to_owned()).map_err(|error| broken(&error))?;
        let recorder = Arc::new(Recorder {
            provider: self.provider.clone(),
            verifier: self.verifier.clone(),
            given: self.given.clone(),
            seen: Mutex::default(),
        });
        let config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| broken(&error))?
            .dangerous()
            .with_custom_certificate_verifier(recorder.clone())
            .with_no_client_auth();
        let sni = matches!(server, ServerName::DnsName(_)).then(|| name.to_owned());
        let stream = TlsConnector::from(Arc::new(config)).connect(server, stream).await.map_err(failure)?;
        let seen = std::mem::take(&mut *recorder.seen.lock().unwrap_or_else(PoisonError::into_inner));
        let (_, connection) = stream.get_ref();
        let text = |part: Option<String>| part.unwrap_or_else(|| "unknown".to_owned());
        let facts = TlsFacts {
            how,
            version: text(
                connection.protocol_version().and_then(|v| v.as_str()).map(|v| v.replace('_', ".")),
            ),
            // The library's names for TLS 1.3 differ from IANA's.
            cipher: text(
                connection
                    .negotiated_cipher_suite()
                    .and_then(|suite| suite.suite().as_str())
                    .map(|name| name.replacen("TLS13_", "TLS_", 1)),
            ),
            group: connection
                .negotiated_key_exchange_group()
                .and_then(|group| group.name().as_str())
                .map(str::to_owned),
            sni,
            chain: seen.chain.iter().filter_map(|der| read_certificate(der)).collect(),
            verify_error: seen.error,
        };
        Ok((stream, facts))
    }
}

/// A client that is made when it is first needed: reading the system's roots takes longer than a
/// session in clear.
#[derive(Debug, Default)]
pub struct LazyTls {
    ca: Option<PathBuf>,
    client: OnceLock<Result<TlsClient, String>>,
}

impl LazyTls {
    /// Will trust the certificates of `ca`, or else the system's roots.
    pub fn new(ca: Option<PathBuf>) -> Self {
        Self { ca, client: OnceLock::new() }
    }

    /// The client.
    ///
    /// # Errors
    /// Why the file cannot be used, as a sentence.
    pub fn client(&self) -> Result<&TlsClient, String> {
        self.client.get_or_init(|| TlsClient::new(self.ca.as_deref())).as_ref().map_err(Clone::clone)
    }
}

/// Notes chain and verdict, and accepts whatever can prove to hold its key.
#[derive(Debug)]
struct Recorder {
    provider: Arc<CryptoProvider>,
    verifier: Option<Arc<WebPkiServerVerifier>>,
    given: Arc<[CertificateDer<'static>]>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    chain: Vec<CertificateDer<'static>>,
    error: Option<VerifyError>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = match &self.verifier {
            None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
            Some(verifier) => {
                verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
        };
        let chain: Vec<CertificateDer<'static>> =
            std::iter::once(end_entity).chain(intermediates).map(|der| der.clone().into_owned()).collect();
        let error = match verdict {
            Ok(_) => None,
            // What `openssl req -x509` makes is an authority of its own: the library does not take
            // it for a server, though somebody vouches for just this one.
            Err(_) if self.given.contains(end_entity) => given_error(end_entity, server_name, now),
            Err(error) => Some(verify_error(&error, end_entity)),
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Seen { chain, error };
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// What is wrong with a certificate that is trusted itself: its name or its time.
fn given_error(end_entity: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> Option<VerifyError> {
    let fits = ParsedCertificate::try_from(end_entity).and_then(|parsed| verify_server_name(&parsed, name));
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    match read_certificate(end_entity) {
        None => Some(VerifyError::Other),
        Some(leaf) if now > leaf.not_after => Some(VerifyError::Expired),
        Some(leaf) if now < leaf.not_before => Some(VerifyError::NotYetValid),
        Some(_) if fits.is_err() => Some(VerifyError::HostMismatch),
        Some(_) => None,
    }
}

fn verify_error(error: &Error, end_entity: &CertificateDer<'_>) -> VerifyError {
    let Error::InvalidCertificate(problem) = error else { return VerifyError::Other };
    let is_self_signed = || read_certificate(end_entity).is_some_and(|leaf| leaf.subject == leaf.issuer);
    match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => VerifyError::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            VerifyError::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            VerifyError::HostMismatch
        }
        // A typical self-signed certificate is reported as an authority in the place of a server.
        _ if is_self_signed() => VerifyError::SelfSigned,
        // A bad signature: an authority of that name is known, but it is another one.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => VerifyError::NotTrusted,
        _ => VerifyError::Other,
    }
}

fn failure(error: io::Error) -> TlsFailure {
    let words = error.to_string();
    match error.kind() {
        io::ErrorKind::UnexpectedEof => return TlsFailure::Closed,
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => return TlsFailure::Reset,
        _ => {}
    }
    match error.into_inner().and_then(|inner| inner.downcast::<Error>().ok()).as_deref() {
        Some(
            Error::AlertReceived(AlertDescription::ProtocolVersion)
            | Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
            ),
        ) => TlsFailure::Version(words),
        _ => TlsFailure::Handshake(words),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// An authority of its own, as `openssl req -x509` makes it.
    fn self_made() -> CertificateDer<'static> {
        let mut params = rcgen::CertificateParams::new(vec!["mx.example".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2030, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().clone()
    }

    fn verdict(given: &[CertificateDer<'static>], name: &str, year: u64) -> Option<VerifyError> {
        let recorder = Recorder {
            provider: Arc::new(ring::default_provider()),
            verifier: None,
            given: given.into(),
            seen: Mutex::default(),
        };
        let now = UnixTime::since_unix_epoch(Duration::from_secs((year - 1970) * 365 * 24 * 3600));
        let shown = given.first().cloned().unwrap_or_else(self_made);
        let name = ServerName::try_from(name.to_owned()).unwrap();
        recorder.verify_server_cert(&shown, &[], &name, &[], now).unwrap();
        recorder.seen.into_inner().unwrap().error
    }

    #[test]
    fn a_self_made_certificate_verifies_where_it_was_given_itself() {
        let given = [self_made()];
        assert_eq!(verdict(&given, "mx.example", 2026), None);
        assert_eq!(verdict(&given, "other.example", 2026), Some(VerifyError::HostMismatch));
        assert_eq!(verdict(&given, "mx.example", 2040), Some(VerifyError::Expired));
        assert_eq!(verdict(&given, "mx.example", 2010), Some(VerifyError::NotYetValid));
        assert_eq!(verdict(&[], "mx.example", 2026), Some(VerifyError::SelfSigned));
    }
}
