//! A client that is made when it is first needed.

use std::sync::OnceLock;

use super::TlsClient;
use super::identity::Identity;
use super::trust::Trust;
use crate::proto::{TlsFileError, TlsSettings};

/// A client that is made when it is first needed: reading the system's roots takes longer than a
/// session in clear.
#[derive(Debug)]
pub struct LazyTls {
    settings: TlsSettings,
    identity: Option<Identity>,
    client: OnceLock<TlsClient>,
}

impl LazyTls {
    /// A client of these settings. The files that they name are read now, and never again.
    ///
    /// # Errors
    /// A file cannot be used.
    pub fn new(settings: TlsSettings) -> Result<Self, TlsFileError> {
        let cert = settings.cert.as_deref();
        let identity = cert.map(|cert| Identity::read(cert, settings.key.as_deref())).transpose()?;
        let client = match &settings.ca {
            None => OnceLock::new(),
            Some(ca) => TlsClient::new(&settings, Trust::file(ca)?, identity.clone()).into(),
        };
        Ok(Self { settings, identity, client })
    }

    /// The client.
    pub fn client(&self) -> &TlsClient {
        self.client.get_or_init(|| TlsClient::new(&self.settings, Trust::system(), self.identity.clone()))
    }
}
