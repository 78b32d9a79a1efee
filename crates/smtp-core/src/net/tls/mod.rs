//! The TLS client: it records what the server shows, and lets the session go on.

mod failure;
mod identity;
mod lazy;
mod recorder;
mod trust;
mod verdict;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::pki_types::{ServerName, UnixTime};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, Error, KeyLogFile, SupportedProtocolVersion};

use crate::net::{Socket, dane};
use crate::proto::{Policy, TlsFacts, TlsFailure, TlsHow, TlsSettings, TlsVersion};
use failure::failure;
pub(super) use failure::late_failure;
use identity::{Asked, Identity};
pub use lazy::LazyTls;
use recorder::{Recorder, Seen};
use trust::Trust;
pub(super) use verdict::time_error;

/// Whom to trust, who to be, and the cryptography.
#[derive(Debug)]
pub struct TlsClient {
    trust: Arc<Trust>,
    identity: Option<Identity>,
    /// What all sessions have in common. Nothing is kept from one to the next: a session that is
    /// resumed shows no certificate, and the store for it outweighs all else that a session needs.
    config: Result<ClientConfig, Error>,
    sni: Option<String>,
}

impl TlsClient {
    /// A client that trusts these roots, and shows this certificate to a server that asks.
    fn new(settings: &TlsSettings, trust: Trust, identity: Option<Identity>) -> Self {
        let trust = Arc::new(trust);
        let mut config = ClientConfig::builder_with_provider(trust.provider.clone())
            .with_protocol_versions(versions(settings))
            .map(|builder| {
                let recorder = Recorder::new(trust.clone(), None);
                builder.dangerous().with_custom_certificate_verifier(Arc::new(recorder)).with_no_client_auth()
            });
        if let Ok(config) = &mut config {
            config.resumption = Resumption::disabled();
            if std::env::var_os("SSLKEYLOGFILE").is_some_and(|path| !path.is_empty()) {
                config.key_log = Arc::new(KeyLogFile::new());
            }
        }
        Self { trust, identity, config, sni: settings.sni.clone() }
    }

    /// The name to ask the server that goes by `name` for.
    pub(super) fn sni(&self, name: &str) -> Option<String> {
        match (&self.sni, server_name(name)) {
            (Some(sni), _) => Some(sni.clone()),
            (None, Some(ServerName::DnsName(name))) => Some(name.as_ref().to_owned()),
            (None, _) => None,
        }
    }

    /// Octets that nobody can guess.
    pub(super) fn random(&self) -> Option<[u8; 32]> {
        let mut bytes = [0; 32];
        self.trust.provider.secure_random.fill(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Shakes hands with the server that goes by `name`, and judges it by `policy`.
    pub(super) async fn connect(
        &self,
        stream: Socket,
        name: &str,
        policy: &Policy,
        how: TlsHow,
    ) -> Result<(TlsStream<Socket>, TlsFacts), TlsFailure> {
        let sni = self.sni(policy.asked_for(name));
        let recorder = Arc::new(Recorder::new(self.trust.clone(), server_name(name)));
        let asked = Arc::new(Asked::new(self.identity.clone()));
        let config = self.config.clone();
        let mut config = config.map_err(|error| TlsFailure::Handshake(error.to_string()))?;
        config.dangerous().set_certificate_verifier(recorder.clone());
        config.client_auth_cert_resolver = asked.clone();
        // Without a name to ask for the library wants an address, which it does not send.
        let nameless = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED).into());
        let server = sni.clone().and_then(|sni| ServerName::try_from(sni).ok()).unwrap_or(nameless);
        let result = TlsConnector::from(Arc::new(config)).connect(server, stream).await;
        let Seen { chain, mut errors, weak_key } = recorder.take();
        let stream = match result {
            Ok(stream) => stream,
            Err(_) if weak_key.is_some() => {
                let key = weak_key.unwrap_or_default();
                return Err(TlsFailure::Handshake(format!("the server's key is too weak to count, {key}")));
            }
            Err(error) => return Err(failure(error, &asked)),
        };
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
            wants_certificate: asked.was_in_vain(),
            dane: policy.dane.as_ref().map(|dane| {
                dane::judge(
                    dane,
                    &chain,
                    UnixTime::now(),
                    &self.trust.provider.signature_verification_algorithms,
                )
            }),
            sts: policy.sts.as_ref().map(|sts| sts.judge(errors.first().copied())),
            chain,
            verify_error: (!errors.is_empty()).then(|| errors.remove(0)),
            more_errors: errors,
        };
        Ok((stream, facts))
    }
}

/// The name or address that a certificate is to be for; none if it can be for no such name.
fn server_name(name: &str) -> Option<ServerName<'static>> {
    let name = name.strip_prefix("IPv6:").unwrap_or(name);
    ServerName::try_from(name.to_owned()).ok()
}

fn versions(settings: &TlsSettings) -> &'static [&'static SupportedProtocolVersion] {
    static BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
    match (settings.min, settings.max) {
        (Some(TlsVersion::Tls13), _) => &BOTH[..1],
        (_, Some(TlsVersion::Tls12)) => &BOTH[1..],
        _ => &BOTH,
    }
}
