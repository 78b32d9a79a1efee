//! What a TLS handshake has shown, as plain data.

mod cipher;
mod hello;
mod settings;

pub use cipher::cipher_name;
pub use hello::{Answer, MOST_ANSWER, Offer, client_hello};
pub use settings::{TlsFile, TlsFileError, TlsSettings, TlsVersion};

use super::{DaneVerdict, StsVerdict};

/// How a connection came to be encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsHow {
    /// By STARTTLS (RFC 3207).
    #[default]
    Starttls,
    /// From the first byte (RFC 8314).
    Implicit,
}

/// The facts of a handshake that succeeded, whatever the certificate is worth.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFacts {
    /// How.
    pub how: TlsHow,
    /// The version, as `TLSv1.3`.
    pub version: String,
    /// The cipher suite, by its IANA name.
    pub cipher: String,
    /// The key exchange group.
    pub group: Option<String>,
    /// The name that was asked for (SNI), if the target has one.
    pub sni: Option<String>,
    /// The server asked for a client certificate, and there was none to show.
    pub wants_certificate: bool,
    /// The certificates as sent, the server's own first.
    pub chain: Vec<Certificate>,
    /// Why the certificate does not verify by WebPKI and name; `None` if it does.
    pub verify_error: Option<VerifyError>,
    /// What is wrong with it beside that, in the order of [`VerifyError`].
    pub more_errors: Vec<VerifyError>,
    /// What the host's TLSA records come to, if it has some.
    pub dane: Option<DaneVerdict>,
    /// What the domain's MTA-STS policy comes to, if there is one that asks for something.
    pub sts: Option<StsVerdict>,
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The subject, most particular part first.
    pub subject: String,
    /// The issuer.
    pub issuer: String,
    /// The names and addresses it is for.
    pub san: Vec<String>,
    /// The begin of its validity, in seconds since 1970.
    pub not_before: i64,
    /// The end of its validity, in seconds since 1970.
    pub not_after: i64,
    /// Kind and size of its key, as `rsa-2048`.
    pub key: String,
    /// SHA-256 of the whole certificate.
    pub fingerprint_sha256: [u8; 32],
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub spki_sha256: [u8; 32],
    /// The certificate itself, in DER.
    pub der: Vec<u8>,
}

/// Why a certificate does not verify. Of several the first in this order is told first: what has
/// run out is renewed first of all, and a name is worth something only where somebody vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VerifyError {
    /// Its time, or that of an issuer without which it does not verify, is over.
    Expired,
    /// Its time, or that of such an issuer, has not begun.
    NotYetValid,
    /// It vouches for itself.
    SelfSigned,
    /// Its issuer is no root, and the server sent no certificate of it.
    ChainIncomplete,
    /// Issuers were sent, and no trusted root vouches for the last.
    NotTrusted,
    /// It, or an issuer of it, is not for servers.
    Purpose,
    /// A signature in the chain is of a kind that is no longer accepted.
    WeakSignature,
    /// Something else is wrong with it.
    Other,
    /// It is for other names (the common name is none).
    HostMismatch,
}

/// Why a handshake did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsFailure {
    /// The peers could not agree, or one broke the protocol; in the library's words.
    Handshake(String),
    /// The server finds nothing in what is offered that it could do.
    NothingInCommon(String),
    /// The server refuses every version that we speak.
    Version(String),
    /// The server wants a client certificate, or another one.
    ClientCertificate(String),
    /// End of stream.
    Closed,
    /// The connection was reset.
    Reset,
}
