//! TLS of the servers, and a throwaway authority behind it.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, Error, IsCa, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What is wrong with a server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// Nothing: for the server's name, by the authority of the world, for another 90 days and a half.
    Good,
    /// Its time was over a day and a half ago.
    Expired,
    /// Its time begins tomorrow.
    NotYetValid,
    /// It vouches for itself.
    SelfSigned,
    /// It is for another name.
    WrongName,
    /// An authority that nobody trusts vouches for it.
    Untrusted,
}

/// Vouches for the certificates of a world.
#[derive(Debug)]
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Result<Self, Error> {
        let mut params = params(name, &[], SystemTime::now() - 30 * DAY, 365 * DAY)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ok(Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate()?)? })
    }

    /// Its certificate, as a PEM file has it.
    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }
}

/// The TLS of one server, made when the first client wants it.
#[derive(Debug)]
pub(crate) struct ServerTls {
    name: String,
    certificate: Certificate,
    authority: Arc<Authority>,
    config: OnceLock<Result<Arc<ServerConfig>, String>>,
}

impl ServerTls {
    pub(crate) fn new(name: String, certificate: Certificate, authority: Arc<Authority>) -> Self {
        Self { name, certificate, authority, config: OnceLock::new() }
    }

    /// What shakes hands.
    ///
    /// # Errors
    /// The name is none that a certificate can be for.
    pub(crate) fn acceptor(&self) -> io::Result<TlsAcceptor> {
        match self.config.get_or_init(|| self.config().map_err(|error| error.to_string())) {
            Ok(config) => Ok(TlsAcceptor::from(config.clone())),
            Err(problem) => Err(io::Error::other(problem.clone())),
        }
    }

    fn config(&self) -> Result<Arc<ServerConfig>, Box<dyn std::error::Error>> {
        let now = SystemTime::now();
        // The half days keep the number of whole days left the same through a test.
        let (begin, length) = match self.certificate {
            Certificate::Expired => (now - 90 * DAY, 88 * DAY + 12 * HOUR),
            Certificate::NotYetValid => (now + DAY, 90 * DAY),
            _ => (now - DAY, 91 * DAY + 12 * HOUR),
        };
        let name = match self.certificate {
            Certificate::WrongName => "wrong-name.example",
            _ => self.name.as_str(),
        };
        let params = params(name, &[name], begin, length)?;
        let key = KeyPair::generate()?;
        let certificate = match self.certificate {
            Certificate::SelfSigned => params.self_signed(&key)?,
            Certificate::Untrusted => {
                params.signed_by(&key, &Authority::new("an authority that nobody trusts")?.issuer)?
            }
            _ => params.signed_by(&key, &self.authority.issuer)?,
        };
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.into()], key.into())?;
        Ok(Arc::new(config))
    }
}

/// A certificate to be.
fn params(name: &str, san: &[&str], begin: SystemTime, length: Duration) -> Result<CertificateParams, Error> {
    let san: Vec<String> = san.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(san)?;
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    let since_1970 = begin.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + since_1970;
    params.not_after = params.not_before + length;
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_certificate_can_be_made() {
        use Certificate::{Expired, Good, NotYetValid, SelfSigned, Untrusted, WrongName};
        let authority = Arc::new(Authority::new("an authority").unwrap());
        assert!(authority.pem().starts_with("-----BEGIN CERTIFICATE-----"));
        for kind in [Good, Expired, NotYetValid, SelfSigned, WrongName, Untrusted] {
            let tls = ServerTls::new("mx.example".into(), kind, authority.clone());
            assert!(tls.acceptor().is_ok(), "{kind:?}");
        }
        assert!(ServerTls::new("\u{fc}".into(), Certificate::Good, authority).acceptor().is_err());
    }
}
