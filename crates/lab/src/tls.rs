//! TLS of the servers, and a throwaway authority behind it.

mod authority;

use std::io;
use std::sync::{Arc, OnceLock};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::{NoClientAuth, WebPkiClientVerifier};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

use authority::Issued;
pub(crate) use authority::{Authority, Certificate};

/// How a server shakes hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Handshake {
    pub(crate) certificate: Certificate,
    pub(crate) versions: Versions,
    pub(crate) clients: Clients,
}

impl From<Certificate> for Handshake {
    /// With clients of every kind.
    fn from(certificate: Certificate) -> Self {
        Self { certificate, versions: Versions::Both, clients: Clients::NotAsked }
    }
}

/// The versions that a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versions {
    Both,
    Tls12,
    Tls13,
}

/// Whether clients have to show a certificate of the world's authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clients {
    NotAsked,
    /// They may.
    Asked,
    /// They must.
    Required,
}

/// The TLS of one server, made when the first client wants it.
#[derive(Debug)]
pub(crate) struct ServerTls {
    name: String,
    handshake: Handshake,
    authority: Arc<Authority>,
    config: OnceLock<Result<Arc<ServerConfig>, String>>,
}

impl ServerTls {
    pub(crate) fn new(name: String, handshake: Handshake, authority: Arc<Authority>) -> Self {
        Self { name, handshake, authority, config: OnceLock::new() }
    }

    /// What shakes hands.
    ///
    /// # Errors
    /// The name is none that a certificate can be for.
    pub(crate) fn acceptor(&self) -> io::Result<TlsAcceptor> {
        self.config().map(TlsAcceptor::from)
    }

    /// How it shakes hands.
    ///
    /// # Errors
    /// The name is none that a certificate can be for.
    pub(crate) fn config(&self) -> io::Result<Arc<ServerConfig>> {
        let made = self.config.get_or_init(|| self.make().map_err(|error| error.to_string()));
        made.clone().map_err(io::Error::other)
    }

    fn make(&self) -> Result<Arc<ServerConfig>, Box<dyn std::error::Error>> {
        let Issued { chain, key } = self.authority.issue(self.handshake.certificate, &self.name)?;
        let provider = Arc::new(ring::default_provider());
        let clients = match self.handshake.clients {
            Clients::NotAsked => Arc::new(NoClientAuth),
            asked => {
                let mut roots = RootCertStore::empty();
                roots.add(self.authority.der())?;
                let builder = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
                let is_required = asked == Clients::Required;
                if is_required { builder } else { builder.allow_unauthenticated() }.build()?
            }
        };
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions())?
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key.into())?;
        Ok(Arc::new(config))
    }

    fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        static BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
        match self.handshake.versions {
            Versions::Both => &BOTH,
            Versions::Tls13 => &BOTH[..1],
            Versions::Tls12 => &BOTH[1..],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_certificate_can_be_made() {
        use Certificate::{
            AllWrong, Chain, ClientOnly, CnOnly, EndsSoon, Expired, Good, Incomplete, Intercepted,
            IssuerEndsSoon, IssuerExpired, NotYetValid, SelfSigned, Untrusted, WrongName,
        };
        let authority = Arc::new(Authority::new("an authority").unwrap());
        assert!(authority.pem().starts_with("-----BEGIN CERTIFICATE-----"));
        let kinds = [
            (Good, 1),
            (Expired, 1),
            (NotYetValid, 1),
            (EndsSoon, 1),
            (SelfSigned, 1),
            (AllWrong, 1),
            (WrongName, 1),
            (CnOnly, 1),
            (ClientOnly, 1),
            (Untrusted, 2),
            (Intercepted, 2),
            (Chain, 2),
            (IssuerEndsSoon, 2),
            (IssuerExpired, 2),
            (Incomplete, 1),
        ];
        for (kind, sent) in kinds {
            assert_eq!(authority.issue(kind, "mx.example").unwrap().chain.len(), sent, "{kind:?}");
            let tls = ServerTls::new("mx.example".into(), kind.into(), authority.clone());
            assert!(tls.acceptor().is_ok(), "{kind:?}");
        }
        assert!(ServerTls::new("\u{fc}".into(), Good.into(), authority).acceptor().is_err());
    }

    #[test]
    fn servers_that_speak_one_version_or_ask_who_is_there() {
        let authority = Arc::new(Authority::new("an authority").unwrap());
        let usual = Handshake::from(Certificate::Good);
        let narrow = [
            Handshake { versions: Versions::Tls12, ..usual },
            Handshake { versions: Versions::Tls13, ..usual },
            Handshake { clients: Clients::Asked, ..usual },
            Handshake { clients: Clients::Required, ..usual },
        ];
        for handshake in narrow {
            let tls = ServerTls::new("mx.example".into(), handshake, authority.clone());
            assert!(tls.acceptor().is_ok(), "{handshake:?}");
        }
        assert!(authority.client_pem("client.example").unwrap().contains("PRIVATE KEY"));
    }
}
