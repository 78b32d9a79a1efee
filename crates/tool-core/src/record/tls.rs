//! What a TLS handshake has shown, as records say it.

mod pem;
mod verdict;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use smtp_core::proto::{Certificate, TlsFacts, TlsHow};

use super::{DaneRecord, StsRecord};
use crate::Code;
pub use verdict::certificate_ending;
pub(super) use verdict::{tls_findings, verify_code, verify_message};

/// The encryption of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TlsRecord {
    /// `starttls` or `implicit`.
    pub how: &'static str,
    /// The version, as `TLSv1.3`.
    pub version: String,
    /// The cipher suite, by its IANA name.
    pub cipher: String,
    /// The key exchange group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The name that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sni: Option<String>,
    /// Whether the certificate verifies by WebPKI and name.
    pub verified: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify_error: Option<Code>,
    /// The server's own certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateRecord>,
    /// What came after it, at most nine.
    pub chain: Vec<IssuerRecord>,
    /// What the host's TLSA records come to, if the input brought some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dane: Option<DaneRecord>,
    /// What the domain's MTA-STS policy comes to, if the input brought one that asks for something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mta_sts: Option<StsRecord>,
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CertificateRecord {
    /// The subject, most particular part first.
    pub subject: String,
    /// The issuer.
    pub issuer: String,
    /// The names and addresses it is for.
    pub san: Vec<String>,
    /// The begin of its validity: RFC 3339, UTC.
    pub not_before: String,
    /// The end of its validity: RFC 3339, UTC.
    pub not_after: String,
    /// Days until then, rounded down.
    pub days_left: i64,
    /// Kind and size of its key: `rsa-2048`, `ecdsa-p256`, `ed25519`.
    pub key: String,
    /// SHA-256 of the whole certificate, in hex.
    pub fingerprint_sha256: String,
    /// SHA-256 of its SubjectPublicKeyInfo, in hex.
    pub spki_sha256: String,
    /// The certificate itself (`--pem`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pem: Option<String>,
}

/// A certificate of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct IssuerRecord {
    /// The subject, most particular part first.
    pub subject: String,
    /// The issuer.
    pub issuer: String,
    /// The end of its validity: RFC 3339, UTC.
    pub not_after: String,
    /// SHA-256 of the whole certificate, in hex.
    pub fingerprint_sha256: String,
    /// The certificate itself (`--pem`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pem: Option<String>,
}

impl TlsRecord {
    /// From what was seen; `pem`: with the certificates themselves.
    pub fn new(facts: &TlsFacts, pem: bool) -> Self {
        let mut chain = facts.chain.iter();
        Self {
            how: match facts.how {
                TlsHow::Starttls => "starttls",
                TlsHow::Implicit => "implicit",
            },
            version: facts.version.clone(),
            cipher: facts.cipher.clone(),
            group: facts.group.clone(),
            sni: facts.sni.clone(),
            verified: facts.verify_error.is_none(),
            verify_error: facts.verify_error.map(verify_code),
            certificate: chain.next().map(|leaf| CertificateRecord::new(leaf, pem)),
            chain: chain.map(|issuer| IssuerRecord::new(issuer, pem)).collect(),
            dane: facts.dane.map(DaneRecord::new),
            mta_sts: facts.sts.map(StsRecord::new),
        }
    }
}

impl CertificateRecord {
    fn new(certificate: &Certificate, pem: bool) -> Self {
        const DAY: i64 = 24 * 3600;
        Self {
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            san: certificate.san.clone(),
            not_before: time(certificate.not_before),
            not_after: time(certificate.not_after),
            days_left: (certificate.not_after - Timestamp::now().as_second()).div_euclid(DAY),
            key: certificate.key.clone(),
            fingerprint_sha256: hex(&certificate.fingerprint_sha256),
            spki_sha256: hex(&certificate.spki_sha256),
            pem: pem.then(|| pem::encode(&certificate.der)),
        }
    }
}

impl IssuerRecord {
    fn new(certificate: &Certificate, pem: bool) -> Self {
        Self {
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            not_after: time(certificate.not_after),
            fingerprint_sha256: hex(&certificate.fingerprint_sha256),
            pem: pem.then(|| pem::encode(&certificate.der)),
        }
    }
}

fn time(seconds: i64) -> String {
    // A certificate can name a year that no calendar has.
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
