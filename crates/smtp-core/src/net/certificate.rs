//! What a certificate says, taken from its DER.

use std::net::{Ipv4Addr, Ipv6Addr};

use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate, X509Name};
use x509_parser::public_key::PublicKey;

use crate::proto::Certificate;

/// The most names of a certificate that are kept.
const MOST_NAMES: usize = 1000;

/// Reads a certificate; `None` if it is none.
pub(super) fn read_certificate(der: &[u8]) -> Option<Certificate> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    let san = parsed.subject_alternative_name().ok().flatten();
    let san =
        san.map(|extension| extension.value.general_names.iter().filter_map(name).take(MOST_NAMES).collect());
    Some(Certificate {
        subject: distinguished(parsed.subject()),
        issuer: distinguished(parsed.issuer()),
        san: san.unwrap_or_default(),
        not_before: parsed.validity().not_before.timestamp(),
        not_after: parsed.validity().not_after.timestamp(),
        key: key(&parsed),
        fingerprint_sha256: Sha256::digest(der).into(),
        spki_sha256: Sha256::digest(parsed.public_key().raw).into(),
        der: der.to_vec(),
    })
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(|octets| Ipv4Addr::from(octets).to_string());
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(|octets| Ipv6Addr::from(octets).to_string())).ok()
        }
        _ => None,
    }
}

/// The parts of a name, most particular first (RFC 4514).
fn distinguished(name: &X509Name<'_>) -> String {
    let parts = name.iter_attributes().map(|part| {
        let label = x509_parser::objects::oid2abbrev(part.attr_type(), x509_parser::objects::oid_registry());
        let label = label.map_or_else(|_| part.attr_type().to_id_string(), str::to_owned);
        let value = part.as_str().map_or_else(|_| "?".to_owned(), |text| text.replace(',', "\\,"));
        format!("{label}={value}")
    });
    let mut parts: Vec<String> = parts.collect();
    parts.reverse();
    parts.join(",")
}

/// The key, if it is an RSA key that is too short for a signature to count.
pub(super) fn weak_key(der: &[u8]) -> Option<String> {
    const LEAST_RSA: usize = 2048;
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    match parsed.public_key().parsed() {
        Ok(PublicKey::RSA(rsa)) if rsa.key_size() < LEAST_RSA => Some(key(&parsed)),
        _ => None,
    }
}

fn key(certificate: &X509Certificate<'_>) -> String {
    let algorithm = &certificate.public_key().algorithm;
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => format!("rsa-{}", key.key_size()),
        // The curve is a parameter of the algorithm (RFC 5480 section 2.1.1).
        Ok(PublicKey::EC(point)) => {
            let curve = algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
            match curve.map(|curve| curve.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => "ecdsa-p256".to_owned(),
                Some("1.3.132.0.34") => "ecdsa-p384".to_owned(),
                Some("1.3.132.0.35") => "ecdsa-p521".to_owned(),
                _ => format!("ecdsa-{}", point.key_size()),
            }
        }
        _ => match algorithm.algorithm.to_id_string().as_str() {
            "1.3.101.112" => "ed25519".to_owned(),
            "1.3.101.113" => "ed448".to_owned(),
            other => other.to_owned(),
        },
    }
}
