//! What a TLS handshake has shown, as records say it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use smtp_core::proto::{Certificate, TlsFacts, TlsHow, VerifyError};

use super::Finding;
use crate::Code;

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
    /// What came after it.
    pub chain: Vec<IssuerRecord>,
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
    /// Kind and size of its key.
    pub key: String,
    /// SHA-256 of the whole certificate, in hex.
    pub fingerprint_sha256: String,
    /// SHA-256 of its SubjectPublicKeyInfo, in hex.
    pub spki_sha256: String,
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
}

impl TlsRecord {
    /// From what was seen.
    pub fn new(facts: &TlsFacts) -> Self {
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
            certificate: chain.next().map(CertificateRecord::new),
            chain: chain.map(IssuerRecord::new).collect(),
        }
    }
}

impl CertificateRecord {
    fn new(certificate: &Certificate) -> Self {
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
        }
    }
}

impl IssuerRecord {
    fn new(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            not_after: time(certificate.not_after),
            fingerprint_sha256: hex(&certificate.fingerprint_sha256),
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

/// The code of a certificate that does not verify.
pub(super) fn verify_code(error: VerifyError) -> Code {
    match error {
        VerifyError::HostMismatch => Code::TlsCertificateHostMismatch,
        VerifyError::Expired => Code::TlsCertificateExpired,
        VerifyError::NotYetValid => Code::TlsCertificateNotYetValid,
        VerifyError::SelfSigned => Code::TlsSelfSigned,
        VerifyError::NotTrusted => Code::TlsCertificateNotTrusted,
        VerifyError::Other => Code::TlsValidationFailure,
    }
}

/// What is wrong with a certificate, as a sentence.
pub(super) fn verify_message(error: VerifyError, facts: Option<&TlsFacts>) -> String {
    let leaf = facts.and_then(|facts| facts.chain.first());
    let day = |seconds: i64| time(seconds).chars().take(10).collect::<String>();
    match (error, leaf) {
        (VerifyError::Expired, Some(leaf)) => format!("the certificate ended on {}", day(leaf.not_after)),
        (VerifyError::NotYetValid, Some(leaf)) => {
            format!("the certificate begins on {}", day(leaf.not_before))
        }
        (VerifyError::HostMismatch, Some(leaf)) if !leaf.san.is_empty() => {
            let names: Vec<&str> = leaf.san.iter().take(5).map(String::as_str).collect();
            format!("the certificate is for {}", names.join(", "))
        }
        (VerifyError::Expired, None) => "the certificate has ended".to_owned(),
        (VerifyError::NotYetValid, None) => "the certificate has not begun".to_owned(),
        (VerifyError::HostMismatch, _) => "the certificate is for no name that matches".to_owned(),
        (VerifyError::SelfSigned, _) => "the certificate vouches for itself".to_owned(),
        (VerifyError::NotTrusted, _) => "no trusted root vouches for the certificate".to_owned(),
        (VerifyError::Other, _) => "the certificate does not verify".to_owned(),
    }
}

/// What is odd about the encryption, where it was not demanded to be better.
pub(super) fn tls_findings(facts: &TlsFacts) -> Option<Finding> {
    let error = facts.verify_error?;
    Some(Finding::new(verify_code(error), verify_message(error, Some(facts))))
}
