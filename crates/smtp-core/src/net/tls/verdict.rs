//! What a certificate is worth, and of several faults which is told first.
//!
//! Time, trust and name are looked at apart, so that an expired certificate of the wrong name is
//! both. The order is that of [`VerifyError`].

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio_rustls::rustls::CertificateError;
use tokio_rustls::rustls::client::verify_server_name;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use x509_parser::prelude::{FromDer, Validity, X509Certificate};

use super::trust::Trust;
use crate::proto::VerifyError;

/// Everything that is wrong with a certificate as shown by the server of this name.
pub(super) fn judge(
    trust: &Trust,
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    name: Option<&ServerName<'static>>,
    now: UnixTime,
) -> Vec<VerifyError> {
    let Ok((_, parsed)) = X509Certificate::from_der(leaf) else { return vec![VerifyError::Other] };
    let mut errors = Vec::new();
    errors.extend(time_error(parsed.validity(), now));
    errors.extend(trust_error(trust, leaf, &parsed, others, now));
    let fits = |name| ParsedCertificate::try_from(leaf).and_then(|leaf| verify_server_name(&leaf, name));
    if name.is_none_or(|name| fits(name).is_err()) {
        errors.push(VerifyError::HostMismatch);
    }
    errors.sort_unstable();
    errors.dedup();
    errors
}

/// Whether now is a time at which a certificate counts.
pub(in super::super) fn time_error(validity: &Validity, now: UnixTime) -> Option<VerifyError> {
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    match () {
        () if now > validity.not_after.timestamp() => Some(VerifyError::Expired),
        () if now < validity.not_before.timestamp() => Some(VerifyError::NotYetValid),
        () => None,
    }
}

/// Who vouches for the certificate, asked for a time at which it was valid itself.
fn trust_error(
    trust: &Trust,
    leaf: &CertificateDer<'_>,
    parsed: &X509Certificate<'_>,
    others: &[CertificateDer<'_>],
    now: UnixTime,
) -> Option<VerifyError> {
    // What `openssl req -x509` makes is an authority of its own: the library does not take it for
    // a server, though somebody vouches for just this one.
    if trust.is_given(leaf) {
        return None;
    }
    // The name is looked at elsewhere; any will do.
    let any = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED).into());
    let is_self_signed = parsed.subject().as_raw() == parsed.issuer().as_raw();
    let at = within(parsed.validity(), now);
    Some(match trust.verify(leaf, others, &any, at) {
        Ok(()) => return None,
        // A typical self-signed certificate is reported as an authority in the place of a server.
        Err(_) if is_self_signed => VerifyError::SelfSigned,
        // An issuer is not to blame for a time that is not now.
        Err(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) if at != now => return None,
        Err(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => VerifyError::Expired,
        Err(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            VerifyError::NotYetValid
        }
        // A bad signature: an authority of that name is known, but it is another one.
        Err(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            missing(trust, parsed.issuer().as_raw(), others)
        }
        Err(CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. }) => {
            VerifyError::Purpose
        }
        Err(
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. },
        ) => VerifyError::WeakSignature,
        Err(_) => VerifyError::Other,
    })
}

/// Whether the chain was cut short, or leads to somebody whom nobody here trusts.
///
/// A server may leave out the root alone (RFC 8446 section 4.4.2). Where not even the leaf's issuer
/// was sent, and it is no root here, the chain is incomplete. Where issuers were sent, the one
/// missing is taken for a root: nothing in the last of them says whether it is.
fn missing(trust: &Trust, issuer: &[u8], others: &[CertificateDer<'_>]) -> VerifyError {
    let is_sent = others
        .iter()
        .any(|der| X509Certificate::from_der(der).is_ok_and(|(_, other)| other.subject().as_raw() == issuer));
    match is_sent || trust.is_empty() || trust.has_root(issuer) {
        true => VerifyError::NotTrusted,
        false => VerifyError::ChainIncomplete,
    }
}

/// The moment of the certificate's life that is nearest to now.
fn within(validity: &Validity, now: UnixTime) -> UnixTime {
    let seconds = |time: i64| u64::try_from(time).unwrap_or(0);
    let (begin, end) = (seconds(validity.not_before.timestamp()), seconds(validity.not_after.timestamp()));
    // Not `clamp`: a certificate can end before it begins.
    UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs().min(end).max(begin)))
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    };
    use rcgen::{KeyPair, date_time_ymd};
    use tokio_rustls::rustls::RootCertStore;

    use super::*;
    use VerifyError::{
        ChainIncomplete, Expired, HostMismatch, NotTrusted, NotYetValid, Other, Purpose, SelfSigned,
    };

    type Issuer = CertifiedIssuer<'static, KeyPair>;

    /// Valid from 2020 to `end`.
    fn params(name: &str, end: i32, is_ca: bool) -> CertificateParams {
        let mut params = CertificateParams::new(if is_ca { vec![] } else { vec![name.to_owned()] }).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(end, 1, 1);
        if is_ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        params
    }

    fn root(name: &str) -> Issuer {
        CertifiedIssuer::self_signed(params(name, 2040, true), KeyPair::generate().unwrap()).unwrap()
    }

    fn under(issuer: &Issuer, name: &str, end: i32) -> Issuer {
        CertifiedIssuer::signed_by(params(name, end, true), KeyPair::generate().unwrap(), issuer).unwrap()
    }

    fn leaf(issuer: &Issuer, params: CertificateParams) -> CertificateDer<'static> {
        params.signed_by(&KeyPair::generate().unwrap(), issuer).unwrap().der().clone()
    }

    fn trusting(roots: &[&Issuer]) -> Trust {
        let mut store = RootCertStore::empty();
        roots.iter().for_each(|root| store.add(root.der().clone()).unwrap());
        Trust::of(store)
    }

    /// The verdict on a server that is to be `mx.example`.
    fn verdict(trust: &Trust, chain: &[CertificateDer<'static>], year: u64) -> Vec<VerifyError> {
        let now = UnixTime::since_unix_epoch(Duration::from_secs((year - 1970) * 365 * 24 * 3600));
        let name = ServerName::try_from("mx.example").unwrap();
        judge(trust, &chain[0], &chain[1..], Some(&name), now)
    }

    fn good(issuer: &Issuer) -> CertificateDer<'static> {
        leaf(issuer, params("mx.example", 2030, false))
    }

    #[test]
    fn time_trust_and_name_are_told_apart_in_this_order() {
        let root = root("root");
        let trust = trusting(&[&root]);
        assert_eq!(verdict(&trust, &[good(&root)], 2026), []);
        assert_eq!(verdict(&trust, &[good(&root)], 2035), [Expired]);
        assert_eq!(verdict(&trust, &[good(&root)], 2015), [NotYetValid]);
        let other = leaf(&root, params("other.example", 2030, false));
        assert_eq!(verdict(&trust, std::slice::from_ref(&other), 2026), [HostMismatch]);
        assert_eq!(verdict(&trust, &[other], 2035), [Expired, HostMismatch]);
        let own =
            CertifiedIssuer::self_signed(params("other.example", 2030, false), KeyPair::generate().unwrap());
        let own = [own.unwrap().der().clone()];
        assert_eq!(verdict(&trust, &own, 2035), [Expired, SelfSigned, HostMismatch]);
        assert_eq!(verdict(&trusting(&[]), &own, 2026), [SelfSigned, HostMismatch]);
        assert_eq!(verdict(&trust, &[CertificateDer::from(vec![1, 2, 3])], 2026), [Other]);
    }

    #[test]
    fn a_chain_is_cut_short_or_leads_to_nobody_trusted() {
        let (known, unknown) = (root("known"), root("unknown"));
        let trust = trusting(&[&known]);
        let between = under(&known, "between", 2040);
        assert_eq!(verdict(&trust, &[good(&between), between.der().clone()], 2026), []);
        assert_eq!(verdict(&trust, &[good(&between)], 2026), [ChainIncomplete]);
        // Another issuer was sent than that of the leaf.
        let stray = under(&known, "stray", 2040);
        assert_eq!(verdict(&trust, &[good(&between), stray.der().clone()], 2026), [ChainIncomplete]);
        // The unknown root is sent, or left out as it may be.
        assert_eq!(verdict(&trust, &[good(&unknown), unknown.der().clone()], 2026), [NotTrusted]);
        let between = under(&unknown, "between", 2040);
        assert_eq!(verdict(&trust, &[good(&between), between.der().clone()], 2026), [NotTrusted]);
        // An authority has the name of a known one, and another key.
        assert_eq!(verdict(&trust, &[good(&root("known"))], 2026), [NotTrusted]);
        assert_eq!(verdict(&trusting(&[]), &[good(&known)], 2026), [NotTrusted], "nobody is trusted");
    }

    #[test]
    fn an_issuer_whose_time_is_over() {
        let root = root("root");
        let between = under(&root, "between", 2025);
        let chain = [good(&between), between.der().clone()];
        assert_eq!(verdict(&trusting(&[&root]), &chain, 2026), [Expired]);
        // One that the path does not need does not count.
        let chain = [good(&root), between.der().clone()];
        assert_eq!(verdict(&trusting(&[&root]), &chain, 2026), []);
    }

    #[test]
    fn a_common_name_is_no_name() {
        let root = root("root");
        let mut params = params("mx.example", 2030, false);
        params.subject_alt_names.clear();
        assert_eq!(verdict(&trusting(&[&root]), &[leaf(&root, params)], 2026), [HostMismatch]);
    }

    #[test]
    fn a_certificate_for_another_purpose() {
        let root = root("root");
        let mut client = params("mx.example", 2030, false);
        client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        assert_eq!(verdict(&trusting(&[&root]), &[leaf(&root, client)], 2026), [Purpose]);
        assert_eq!(
            verdict(&trusting(&[&root]), &[leaf(&root, params("mx.example", 2030, true))], 2026),
            [Other, HostMismatch]
        );
    }

    #[test]
    fn a_self_made_certificate_verifies_where_it_was_given_itself() {
        let mut params = params("mx.example", 2030, false);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone();
        let trust = Trust::given(vec![own.clone()]).unwrap();
        let own = [own];
        assert_eq!(verdict(&trust, &own, 2026), []);
        assert_eq!(verdict(&trust, &own, 2035), [Expired]);
        assert_eq!(verdict(&trust, &own, 2015), [NotYetValid]);
        assert_eq!(verdict(&trusting(&[]), &own, 2026), [SelfSigned]);
    }

    #[test]
    fn a_certificate_that_ends_before_it_begins() {
        let root = root("root");
        let mut params = params("mx.example", 2019, false);
        params.not_before = date_time_ymd(2031, 1, 1);
        assert_eq!(verdict(&trusting(&[&root]), &[leaf(&root, params)], 2026)[0], Expired);
    }
}
