//! Holding a chain against TLSA records (RFC 7671, RFC 7672 section 3).

use sha2::{Digest, Sha256, Sha512};
use tokio_rustls::rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use tokio_rustls::rustls::crypto::WebPkiSupportedAlgorithms;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{CertificateError, Error, RootCertStore};
use x509_parser::prelude::{FromDer, GeneralName, SubjectPublicKeyInfo, X509Certificate};

use super::tls::time_error;
use crate::proto::{Certificate, Dane, DaneFault, DaneVerdict, Tlsa, VerifyError};

/// The usages, selectors and matching types that mean something here; 0 and 1 of the usages do not (RFC 7672 section
/// 3.1.3).
const AUTHORITY: u8 = 2;
const SERVER: u8 = 3;
const WHOLE: u8 = 0;
const KEY: u8 = 1;
const FULL: u8 = 0;
const SHA256: u8 = 1;
const SHA512: u8 = 2;

/// The most paths from a certificate to an authority that are built in a handshake: each costs time, and others wait.
const MOST_PATHS: usize = 16;

/// What `dane` comes to for `chain`, the server's own certificate first.
pub(super) fn judge(
    dane: &Dane,
    chain: &[Certificate],
    now: UnixTime,
    algorithms: &WebPkiSupportedAlgorithms,
) -> DaneVerdict {
    let chain: Vec<CertificateDer<'_>> =
        chain.iter().map(|one| CertificateDer::from(one.der.as_slice())).collect();
    let mut usable: Vec<&Tlsa> = Vec::new();
    for tlsa in dane.records.iter().filter(|tlsa| is_usable(tlsa)) {
        if !usable.contains(&tlsa) {
            usable.push(tlsa);
        }
    }
    let mut paths_left = MOST_PATHS;
    // RFC 7671 section 9: of the digests of one thing only the strongest counts, so that a weak one is no way out.
    let strongest = |tlsa: &Tlsa| {
        let of_same = usable.iter().filter(|one| (one.usage, one.selector) == (tlsa.usage, tlsa.selector));
        of_same.map(|one| one.matching).max()
    };
    let considered =
        usable.iter().filter(|tlsa| tlsa.matching == FULL || Some(tlsa.matching) == strongest(tlsa));
    let mut verdict = DaneVerdict::Unusable;
    for tlsa in considered {
        let outcome = match tlsa.usage {
            // Neither name nor time is looked at: the record says them (RFC 7672 section 3.1.1).
            SERVER => match chain.first() {
                Some(leaf) if matches(tlsa, leaf) => Ok(()),
                _ => Err(DaneFault::NoMatch),
            },
            _ => by_authority(tlsa, dane, &chain, now, algorithms, &mut paths_left),
        };
        match outcome {
            Ok(()) => return DaneVerdict::Pass(tlsa.usage, tlsa.selector, tlsa.matching),
            // The one that fits an authority says more.
            Err(fault) if verdict == DaneVerdict::Unusable || fault != DaneFault::NoMatch => {
                verdict = DaneVerdict::Fail(fault);
            }
            Err(_) => {}
        }
    }
    verdict
}

/// Whether the record can match anything; whatever else it says, it is not followed.
fn is_usable(tlsa: &Tlsa) -> bool {
    let has_meaning = matches!(tlsa.usage, AUTHORITY | SERVER) && matches!(tlsa.selector, WHOLE | KEY);
    has_meaning
        && match tlsa.matching {
            FULL if tlsa.selector == WHOLE => {
                X509Certificate::from_der(&tlsa.data).is_ok_and(|(rest, _)| rest.is_empty())
            }
            FULL => SubjectPublicKeyInfo::from_der(&tlsa.data).is_ok_and(|(rest, _)| rest.is_empty()),
            SHA256 => tlsa.data.len() == Sha256::output_size(),
            SHA512 => tlsa.data.len() == Sha512::output_size(),
            _ => false,
        }
}

fn matches(tlsa: &Tlsa, certificate: &CertificateDer<'_>) -> bool {
    let parsed;
    let part = match tlsa.selector {
        WHOLE => certificate.as_ref(),
        _ => match X509Certificate::from_der(certificate) {
            Ok((_, certificate)) => {
                parsed = certificate;
                parsed.public_key().raw
            }
            Err(_) => return false,
        },
    };
    match tlsa.matching {
        SHA256 => Sha256::digest(part).as_slice() == tlsa.data,
        SHA512 => Sha512::digest(part).as_slice() == tlsa.data,
        _ => part == tlsa.data,
    }
}

/// Usage 2 (RFC 7672 section 3.1.2): an authority in the chain matches, vouches for the certificate, and that is for one
/// of the names.
fn by_authority(
    tlsa: &Tlsa,
    dane: &Dane,
    chain: &[CertificateDer<'_>],
    now: UnixTime,
    algorithms: &WebPkiSupportedAlgorithms,
    paths_left: &mut usize,
) -> Result<(), DaneFault> {
    let Some((leaf, issuers)) = chain.split_first() else { return Err(DaneFault::NoMatch) };
    // A whole certificate need not be shown once more.
    let given =
        (tlsa.matching == FULL && tlsa.selector == WHOLE).then(|| CertificateDer::from(tlsa.data.as_slice()));
    let parsed = ParsedCertificate::try_from(leaf).map_err(|error| DaneFault::Certificate(reason(&error)))?;
    let vouches = |anchor: &CertificateDer<'_>| {
        let mut roots = RootCertStore::empty();
        roots.add(anchor.clone().into_owned())?;
        verify_server_cert_signed_by_trust_anchor(&parsed, &roots, issuers, now, algorithms.all)
    };
    let is_for = |name: &String| {
        ServerName::try_from(name.as_str()).is_ok_and(|server| verify_server_name(&parsed, &server).is_ok())
            || is_common_name(leaf, name)
    };
    let mut fault = DaneFault::NoMatch;
    // The same key may be in several certificates.
    let mut tried: Vec<&CertificateDer<'_>> = Vec::new();
    for anchor in issuers.iter().filter(|issuer| matches(tlsa, issuer)).chain(&given) {
        if tried.contains(&anchor) || *paths_left == 0 {
            continue;
        }
        tried.push(anchor);
        *paths_left -= 1;
        fault = DaneFault::Certificate(match time_of(anchor, now) {
            Err(error) => error,
            Ok(()) => match vouches(anchor) {
                Err(error) => reason(&error),
                Ok(()) if dane.names.iter().any(is_for) => return Ok(()),
                Ok(()) => VerifyError::HostMismatch,
            },
        });
    }
    Err(fault)
}

/// RFC 7672 section 3.2.3: the common name counts where the certificate has no DNS name.
fn is_common_name(leaf: &CertificateDer<'_>, name: &str) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(leaf) else { return false };
    let san = parsed.subject_alternative_name().ok().flatten();
    let has_dns_name = san.is_some_and(|san| {
        san.value.general_names.iter().any(|name| matches!(name, GeneralName::DNSName(_)))
    });
    let mut common = parsed.subject().iter_common_name();
    !has_dns_name && common.any(|cn| cn.as_str().is_ok_and(|cn| cn.eq_ignore_ascii_case(name)))
}

/// The time of the authority itself, which a path builder takes as given.
fn time_of(anchor: &CertificateDer<'_>, now: UnixTime) -> Result<(), VerifyError> {
    let (_, parsed) = X509Certificate::from_der(anchor).map_err(|_| VerifyError::Other)?;
    time_error(parsed.validity(), now).map_or(Ok(()), Err)
}

fn reason(error: &Error) -> VerifyError {
    match error {
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            VerifyError::Expired
        }
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => VerifyError::NotYetValid,
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            VerifyError::NotTrusted
        }
        _ => VerifyError::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
    use tokio_rustls::rustls::crypto::ring;

    use super::*;
    use crate::net::certificate::read_certificate;

    type Issuer = CertifiedIssuer<'static, KeyPair>;

    fn authority() -> Issuer {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    /// A certificate of `mx.example` until 2030.
    fn leaf(issuer: &Issuer) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["mx.example".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2030, 1, 1));
        params.signed_by(&KeyPair::generate().unwrap(), issuer).unwrap().der().clone()
    }

    fn part(certificate: &CertificateDer<'_>, selector: u8) -> Vec<u8> {
        match selector {
            WHOLE => certificate.to_vec(),
            _ => X509Certificate::from_der(certificate).unwrap().1.public_key().raw.to_vec(),
        }
    }

    fn tlsa(usage: u8, selector: u8, matching: u8, of: &CertificateDer<'_>) -> Tlsa {
        let part = part(of, selector);
        let data = match matching {
            SHA256 => Sha256::digest(part).to_vec(),
            SHA512 => Sha512::digest(part).to_vec(),
            _ => part,
        };
        Tlsa { usage, selector, matching, data }
    }

    fn judged(
        records: &[Tlsa],
        names: &[&str],
        chain: &[&CertificateDer<'static>],
        year: u64,
    ) -> DaneVerdict {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let dane = Dane { records: records.to_vec(), base: None, names };
        let now = UnixTime::since_unix_epoch(Duration::from_secs((year - 1970) * 365 * 24 * 3600));
        let chain: Vec<_> = chain.iter().filter_map(|one| read_certificate(one)).collect();
        judge(&dane, &chain, now, &ring::default_provider().signature_verification_algorithms)
    }

    const NO_MATCH: DaneVerdict = DaneVerdict::Fail(DaneFault::NoMatch);

    #[test]
    fn the_servers_own_certificate_by_every_part_and_digest_whatever_its_name_and_time() {
        let authority = authority();
        let (mine, other) = (leaf(&authority), leaf(&authority));
        for selector in [WHOLE, KEY] {
            for matching in [FULL, SHA256, SHA512] {
                let record = tlsa(3, selector, matching, &mine);
                let pass = DaneVerdict::Pass(3, selector, matching);
                assert_eq!(judged(std::slice::from_ref(&record), &["other.example"], &[&mine], 2026), pass);
                assert_eq!(
                    judged(std::slice::from_ref(&record), &[], &[&mine], 2035),
                    pass,
                    "its time is over"
                );
                assert_eq!(judged(std::slice::from_ref(&record), &["mx.example"], &[&other], 2026), NO_MATCH);
                assert_eq!(
                    judged(&[record], &["mx.example"], &[&other, &mine], 2026),
                    NO_MATCH,
                    "only the first"
                );
            }
        }
        let wrong_part = Tlsa { selector: WHOLE, ..tlsa(3, KEY, SHA256, &mine) };
        assert_eq!(judged(&[wrong_part], &[], &[&mine], 2026), NO_MATCH);
    }

    #[test]
    fn an_authority_in_the_chain_by_every_part_and_digest() {
        let authority = authority();
        let (leaf, issuer) = (leaf(&authority), authority.der().clone());
        for selector in [WHOLE, KEY] {
            for matching in [FULL, SHA256, SHA512] {
                let record = tlsa(2, selector, matching, &issuer);
                let pass = DaneVerdict::Pass(2, selector, matching);
                assert_eq!(
                    judged(
                        std::slice::from_ref(&record),
                        &["no.example", "mx.example"],
                        &[&leaf, &issuer],
                        2026
                    ),
                    pass
                );
                // Nobody can tell who vouches, unless the record holds all of it.
                let alone = if (selector, matching) == (WHOLE, FULL) { pass } else { NO_MATCH };
                assert_eq!(
                    judged(&[record], &["mx.example"], &[&leaf], 2026),
                    alone,
                    "{selector} {matching}"
                );
            }
        }
        let own = tlsa(2, KEY, SHA256, &leaf);
        assert_eq!(
            judged(&[own], &["mx.example"], &[&leaf, &issuer], 2026),
            NO_MATCH,
            "a server is no authority"
        );
    }

    #[test]
    fn an_authority_vouches_for_names_and_times() {
        let authority = authority();
        let (leaf, issuer) = (leaf(&authority), authority.der().clone());
        let record = [tlsa(2, KEY, SHA256, &issuer)];
        let fault = |error| DaneVerdict::Fail(DaneFault::Certificate(error));
        let of = |names: &[&str], year| judged(&record, names, &[&leaf, &issuer], year);
        assert_eq!(of(&["other.example"], 2026), fault(VerifyError::HostMismatch));
        assert_eq!(of(&[], 2026), fault(VerifyError::HostMismatch));
        assert_eq!(of(&["mx.example"], 2035), fault(VerifyError::Expired));
        assert_eq!(of(&["mx.example"], 2045), fault(VerifyError::Expired));
        assert_eq!(of(&["mx.example"], 2010), fault(VerifyError::NotYetValid));
    }

    #[test]
    fn an_authority_that_is_shown_and_has_not_signed() {
        let (real, false_one) = (authority(), authority());
        let forged = leaf(&false_one);
        let record = [tlsa(2, KEY, SHA256, real.der())];
        let verdict = judged(&record, &["mx.example"], &[&forged, real.der(), false_one.der()], 2026);
        assert!(matches!(verdict, DaneVerdict::Fail(DaneFault::Certificate(_))), "{verdict:?}");
    }

    #[test]
    fn an_authority_between() {
        let root = authority();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "between");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
        let between = CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), &root).unwrap();
        let leaf = leaf(&between);
        let chain = [&leaf, between.der(), root.der()];
        for issuer in [between.der(), root.der()] {
            let record = [tlsa(2, KEY, SHA256, issuer)];
            assert_eq!(judged(&record, &["mx.example"], &chain, 2026), DaneVerdict::Pass(2, KEY, SHA256));
        }
        let record = [tlsa(2, KEY, SHA256, root.der())];
        let verdict = judged(&record, &["mx.example"], &[&leaf, root.der()], 2026);
        assert_eq!(verdict, DaneVerdict::Fail(DaneFault::Certificate(VerifyError::NotTrusted)), "a gap");
    }

    #[test]
    fn any_of_several_records_is_enough() {
        let authority = authority();
        let (mine, next) = (leaf(&authority), leaf(&authority));
        let records = [tlsa(3, KEY, SHA256, &next), tlsa(2, KEY, SHA256, &next), tlsa(3, KEY, SHA256, &mine)];
        assert_eq!(judged(&records, &[], &[&mine], 2026), DaneVerdict::Pass(3, KEY, SHA256));
        assert_eq!(judged(&records[..2], &[], &[&mine], 2026), NO_MATCH);
    }

    #[test]
    fn a_weak_digest_beside_a_strong_one_does_not_count() {
        let authority = authority();
        let (mine, other) = (leaf(&authority), leaf(&authority));
        let weak = tlsa(3, KEY, SHA256, &mine);
        let strong_of_other = tlsa(3, KEY, SHA512, &other);
        assert_eq!(judged(&[weak.clone(), strong_of_other.clone()], &[], &[&mine], 2026), NO_MATCH);
        // Of another part it does, and so does the thing itself.
        let whole = tlsa(3, WHOLE, SHA256, &mine);
        assert_eq!(
            judged(&[whole, strong_of_other.clone()], &[], &[&mine], 2026),
            DaneVerdict::Pass(3, WHOLE, SHA256)
        );
        let full = tlsa(3, KEY, FULL, &mine);
        assert_eq!(
            judged(&[full, strong_of_other.clone()], &[], &[&mine], 2026),
            DaneVerdict::Pass(3, KEY, FULL)
        );
        // One that cannot be used is not strong.
        let broken = Tlsa { data: vec![0; 63], ..strong_of_other };
        assert_eq!(judged(&[weak, broken], &[], &[&mine], 2026), DaneVerdict::Pass(3, KEY, SHA256));
    }

    #[test]
    fn what_cannot_be_used_is_not_followed() {
        let authority = authority();
        let mine = leaf(&authority);
        let good = tlsa(3, KEY, SHA256, &mine);
        let unusable = [
            Tlsa { usage: 0, ..good.clone() },
            Tlsa { usage: 1, ..good.clone() },
            Tlsa { usage: 4, ..good.clone() },
            Tlsa { selector: 2, ..good.clone() },
            Tlsa { matching: 3, ..good.clone() },
            Tlsa { matching: SHA512, ..good.clone() },
            Tlsa { matching: FULL, ..good.clone() },
            Tlsa { selector: WHOLE, matching: FULL, ..good.clone() },
            Tlsa { data: good.data[..31].to_vec(), ..good.clone() },
            Tlsa { data: Vec::new(), ..good.clone() },
            Tlsa { data: [part(&mine, KEY), vec![0]].concat(), matching: FULL, ..good.clone() },
        ];
        for record in &unusable {
            assert_eq!(
                judged(std::slice::from_ref(record), &[], &[&mine], 2026),
                DaneVerdict::Unusable,
                "{record:?}"
            );
        }
        assert_eq!(judged(&unusable, &[], &[&mine], 2026), DaneVerdict::Unusable);
        let all = [&unusable[..], &[good]].concat();
        assert_eq!(judged(&all, &[], &[&mine], 2026), DaneVerdict::Pass(3, KEY, SHA256));
        let wrong = [&unusable[..], &[Tlsa { data: vec![0; 32], ..tlsa(3, KEY, SHA256, &mine) }]].concat();
        assert_eq!(judged(&wrong, &[], &[&mine], 2026), NO_MATCH);
    }
}
