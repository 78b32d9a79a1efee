//! What a TLS handshake has shown, as plain data.

/// How a connection came to be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsHow {
    /// By STARTTLS (RFC 3207).
    Starttls,
    /// From the first byte (RFC 8314).
    Implicit,
}

/// The facts of a handshake that succeeded, whatever the certificate is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The certificates as sent, the server's own first.
    pub chain: Vec<Certificate>,
    /// Why the certificate does not verify by WebPKI and name; `None` if it does.
    pub verify_error: Option<VerifyError>,
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

/// Why a certificate does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VerifyError {
    /// It is for other names (the common name is none).
    HostMismatch,
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// It vouches for itself.
    SelfSigned,
    /// No trusted root vouches for it.
    NotTrusted,
    /// Something else is wrong with it.
    Other,
}

/// Why a handshake did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsFailure {
    /// The peers could not agree, or one broke the protocol; in the library's words.
    Handshake(String),
    /// The server refuses every version that we speak.
    Version(String),
    /// End of stream.
    Closed,
    /// The connection was reset.
    Reset,
}
