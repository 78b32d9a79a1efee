//! What a certificate is worth, in words.

use jiff::Timestamp;
use smtp_core::proto::{Certificate, TlsFacts, VerifyError};

use super::time;
use crate::record::{Error, Finding};
use crate::{Code, text};

/// The code of a certificate that does not verify.
pub(in crate::record) fn verify_code(error: VerifyError) -> Code {
    match error {
        VerifyError::HostMismatch => Code::TlsCertificateHostMismatch,
        VerifyError::Expired => Code::TlsCertificateExpired,
        VerifyError::NotYetValid => Code::TlsCertificateNotYetValid,
        VerifyError::SelfSigned => Code::TlsSelfSigned,
        VerifyError::ChainIncomplete => Code::TlsChainIncomplete,
        VerifyError::NotTrusted => Code::TlsCertificateNotTrusted,
        VerifyError::Purpose | VerifyError::WeakSignature | VerifyError::Other => Code::TlsValidationFailure,
    }
}

/// What is wrong with a certificate, as a sentence.
pub(in crate::record) fn verify_message(error: VerifyError, facts: Option<&TlsFacts>) -> String {
    let chain = facts.map(|facts| facts.chain.as_slice()).unwrap_or_default();
    let (leaf, now) = (chain.first(), Timestamp::now().as_second());
    match error {
        VerifyError::Expired => match chain.iter().find(|one| one.not_after < now) {
            Some(over) => format!("{} ended on {}", which(over, leaf), day(over.not_after)),
            None => "the certificate has ended".to_owned(),
        },
        VerifyError::NotYetValid => match chain.iter().find(|one| one.not_before > now) {
            Some(early) => format!("{} begins on {}", which(early, leaf), day(early.not_before)),
            None => "the certificate has not begun".to_owned(),
        },
        VerifyError::HostMismatch => match leaf {
            Some(leaf) if !leaf.san.is_empty() => {
                let names: Vec<String> = leaf.san.iter().take(5).map(|name| short(name)).collect();
                format!("the certificate is for {}", names.join(", "))
            }
            Some(leaf) => {
                format!("the certificate is for no name (its subject {} is none)", short(&leaf.subject))
            }
            None => "the certificate is for no name that matches".to_owned(),
        },
        VerifyError::SelfSigned => "the certificate vouches for itself".to_owned(),
        VerifyError::ChainIncomplete => match leaf {
            Some(leaf) => {
                format!("the issuer's certificate is not sent, and it is no root: {}", short(&leaf.issuer))
            }
            None => "the issuer's certificate is not sent, and it is no root".to_owned(),
        },
        VerifyError::NotTrusted => match chain.last() {
            Some(last) => {
                format!("no trusted root vouches for the certificate, issued by {}", short(&last.issuer))
            }
            None => "no trusted root vouches for the certificate".to_owned(),
        },
        VerifyError::Purpose => "the certificate, or one of an issuer, is not for servers".to_owned(),
        VerifyError::WeakSignature => {
            "a signature in the chain is of a kind that is no longer accepted".to_owned()
        }
        VerifyError::Other => "the certificate does not verify".to_owned(),
    }
}

/// What is odd about the encryption, where it was not demanded to be better.
pub(in crate::record) fn tls_findings(facts: &TlsFacts) -> impl Iterator<Item = Finding> {
    let mut codes = Vec::new();
    let errors = facts.verify_error.iter().chain(&facts.more_errors);
    errors.filter_map(move |error| {
        let code = verify_code(*error);
        let is_new = !codes.contains(&code);
        codes.push(code);
        is_new.then(|| Finding::new(code, verify_message(*error, Some(facts))))
    })
}

/// The error of a chain of which a certificate ends within `days`; the one that ends first is named.
pub fn certificate_ending(facts: &TlsFacts, days: u32) -> Option<Error> {
    ending(facts, days, Timestamp::now().as_second())
}

/// The same at `now`, in seconds since 1970.
fn ending(facts: &TlsFacts, days: u32, now: i64) -> Option<Error> {
    const DAY: i64 = 24 * 3600;
    let first = facts.chain.iter().min_by_key(|one| one.not_after)?;
    let which = which(first, facts.chain.first());
    let left = first.not_after.saturating_sub(now);
    match () {
        () if left < 0 => {
            let message = format!("{which} ended on {}", day(first.not_after));
            Some(Error::new(Code::TlsCertificateExpired, "tls", message))
        }
        () if left < i64::from(days) * DAY => {
            let message = match left / DAY {
                0 => format!("{which} ends within a day, on {}", day(first.not_after)),
                1 => format!("{which} ends in a day, on {}", day(first.not_after)),
                days => format!("{which} ends in {days} days, on {}", day(first.not_after)),
            };
            Some(Error::new(Code::TlsCertificateExpiresSoon, "tls", message))
        }
        () => None,
    }
}

/// The server's own certificate, or that of an issuer.
fn which(certificate: &Certificate, leaf: Option<&Certificate>) -> String {
    match leaf == Some(certificate) {
        true => "the certificate".to_owned(),
        false => format!("the certificate of {}", short(&certificate.subject)),
    }
}

fn day(seconds: i64) -> String {
    time(seconds).chars().take(10).collect()
}

/// A name as it can stand in a sentence.
fn short(name: &str) -> String {
    const MOST: usize = 100;
    match name.char_indices().nth(MOST) {
        None => text::clean(name).into_owned(),
        Some((end, _)) => format!("{}…", text::clean(&name[..end])),
    }
}

#[cfg(test)]
mod tests {
    use smtp_core::proto::TlsHow;

    use super::*;

    const DAY: i64 = 24 * 3600;

    fn certificate(subject: &str, not_after: i64) -> Certificate {
        Certificate {
            subject: subject.to_owned(),
            issuer: "CN=issuer".to_owned(),
            san: vec![],
            not_before: 0,
            not_after,
            key: "ed25519".to_owned(),
            fingerprint_sha256: [0; 32],
            spki_sha256: [0; 32],
            der: vec![],
        }
    }

    fn facts(chain: Vec<Certificate>) -> TlsFacts {
        TlsFacts {
            how: TlsHow::Starttls,
            version: "TLSv1.3".to_owned(),
            cipher: "TLS_AES_128_GCM_SHA256".to_owned(),
            group: None,
            sni: None,
            wants_certificate: false,
            chain,
            verify_error: None,
            more_errors: vec![],
            dane: None,
            sts: None,
        }
    }

    #[test]
    fn the_one_that_ends_first_is_named() {
        let chain = |leaf, issuer| facts(vec![certificate("CN=mx", leaf), certificate("CN=ca", issuer)]);
        let ending = |facts: &TlsFacts, days| ending(facts, days, 0).map(|error| (error.code, error.message));
        assert_eq!(ending(&chain(30 * DAY, 60 * DAY), 30), None, "thirty days are left");
        let soon = Code::TlsCertificateExpiresSoon;
        let message = "the certificate ends in 29 days, on 1970-01-30".to_owned();
        assert_eq!(ending(&chain(30 * DAY - 1, 60 * DAY), 30), Some((soon, message)));
        let message = "the certificate of CN=ca ends within a day, on 1970-01-01".to_owned();
        assert_eq!(ending(&chain(30 * DAY, 5), 1), Some((soon, message)));
        let message = "the certificate ended on 1969-12-31".to_owned();
        assert_eq!(ending(&chain(-1, DAY), 0), Some((Code::TlsCertificateExpired, message)));
        assert_eq!(ending(&facts(vec![]), 30), None);
        assert_eq!(ending(&chain(i64::MIN, i64::MAX), u32::MAX).unwrap().0, Code::TlsCertificateExpired);
    }

    #[test]
    fn every_fault_is_told_once() {
        let mut facts = facts(vec![certificate("CN=mx\u{1b}", 0)]);
        facts.verify_error = Some(VerifyError::Expired);
        facts.more_errors = vec![VerifyError::Purpose, VerifyError::Other, VerifyError::HostMismatch];
        let told: Vec<Finding> = tls_findings(&facts).collect();
        let codes: Vec<&str> = told.iter().map(|finding| finding.code.as_str()).collect();
        let expected = ["tls.certificate_expired", "tls.validation_failure", "tls.certificate_host_mismatch"];
        assert_eq!(codes, expected);
        assert_eq!(told[0].message, "the certificate ended on 1970-01-01");
        assert_eq!(told[2].message, "the certificate is for no name (its subject CN=mx\\x1b is none)");
        assert!(short(&"x".repeat(500)).len() < 110);
    }
}
