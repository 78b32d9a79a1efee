//! The throwaway authority of a world, and what it vouches for.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, Error, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, PublicKeyData,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const INTERMEDIATE: &str = "an intermediate of the lab";

/// What a server's certificate, and the chain behind it, are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Certificate {
    /// For the server's name, by the authority of the world, for another 90 days and a half.
    Good,
    /// Its time was over a day and a half ago.
    Expired,
    /// Its time begins tomorrow.
    NotYetValid,
    /// It ends in five days and a half.
    EndsSoon,
    /// It vouches for itself.
    SelfSigned,
    /// It vouches for itself, is for another name, and its time was over a day and a half ago.
    AllWrong,
    /// It is for another name.
    WrongName,
    /// It has the server's name as its common name, and is for none.
    CnOnly,
    /// It is for clients, and for no server.
    ClientOnly,
    /// An authority that nobody trusts vouches for it, and is sent along.
    Untrusted,
    /// The same; the authority is that of a device which opens TLS on the way.
    Intercepted,
    /// An intermediate of the authority vouches for it, and is sent along.
    Chain,
    /// The same; the intermediate ends in five days and a half.
    IssuerEndsSoon,
    /// The same; the time of the intermediate was over a day and a half ago.
    IssuerExpired,
    /// An intermediate of the authority vouches for it, and is not sent.
    Incomplete,
}

/// A chain, the certificate of the server itself first, and its key.
pub(super) struct Issued {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivatePkcs8KeyDer<'static>,
}

/// Vouches for the certificates of a world.
#[derive(Debug)]
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// That of every server, so that the DNS can tell it beforehand.
    server_key: KeyPair,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Result<Self, Error> {
        let mut params = params(name, &[], SystemTime::now() - 30 * DAY, 365 * DAY)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Self { issuer, server_key: KeyPair::generate()? })
    }

    /// Its certificate, as a PEM file has it.
    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Its certificate.
    pub(super) fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// SHA-256 of the public key of every server, in hex: what a TLSA record 3 1 1 says.
    pub(crate) fn server_spki(&self) -> String {
        let digest = Sha256::digest(self.server_key.subject_public_key_info());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Certificate and key of a client, as a PEM file has them.
    pub(crate) fn client_pem(&self, name: &str) -> Result<String, Error> {
        let mut params = params(name, &[name], SystemTime::now() - DAY, 90 * DAY)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(certificate.pem() + &key.serialize_pem())
    }

    /// A certificate of this kind for the server of this name.
    pub(super) fn issue(&self, kind: Certificate, name: &str) -> Result<Issued, Error> {
        use Certificate::{
            AllWrong, Chain, ClientOnly, CnOnly, EndsSoon, Expired, Incomplete, Intercepted, IssuerEndsSoon,
            IssuerExpired, NotYetValid, SelfSigned, Untrusted, WrongName,
        };
        let now = SystemTime::now();
        // The half days keep the number of whole days left the same through a test.
        let over = (now - 90 * DAY, 88 * DAY + 12 * HOUR);
        let soon = (now - 84 * DAY, 89 * DAY + 12 * HOUR);
        let usual = (now - DAY, 91 * DAY + 12 * HOUR);
        let (begin, length) = match kind {
            Expired | AllWrong => over,
            EndsSoon => soon,
            NotYetValid => (now + DAY, 90 * DAY),
            _ => usual,
        };
        let name = if matches!(kind, WrongName | AllWrong) { "wrong-name.example" } else { name };
        let san: &[&str] = if kind == CnOnly { &[] } else { &[name] };
        let mut params = params(name, san, begin, length)?;
        if kind == ClientOnly {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }
        let key = &self.server_key;
        let chain = match kind {
            SelfSigned | AllWrong => vec![params.self_signed(key)?.into()],
            Untrusted | Intercepted => {
                let name = match kind {
                    Intercepted => "FortiGate CA",
                    _ => "an authority that nobody trusts",
                };
                let other = Self::new(name)?;
                vec![params.signed_by(key, &other.issuer)?.into(), other.der()]
            }
            Chain | IssuerEndsSoon | IssuerExpired | Incomplete => {
                let (begin, length) = match kind {
                    IssuerEndsSoon => soon,
                    IssuerExpired => over,
                    _ => usual,
                };
                let intermediate = self.intermediate(begin, length)?;
                let leaf = params.signed_by(key, &intermediate)?.into();
                if kind == Incomplete { vec![leaf] } else { vec![leaf, intermediate.der().clone()] }
            }
            _ => vec![params.signed_by(key, &self.issuer)?.into()],
        };
        Ok(Issued { chain, key: PrivatePkcs8KeyDer::from(key.serialize_der()) })
    }

    fn intermediate(
        &self,
        begin: SystemTime,
        length: Duration,
    ) -> Result<CertifiedIssuer<'static, KeyPair>, Error> {
        let mut params = params(INTERMEDIATE, &[], begin, length)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        CertifiedIssuer::signed_by(params, KeyPair::generate()?, &self.issuer)
    }
}

/// A certificate to be.
fn params(name: &str, san: &[&str], begin: SystemTime, length: Duration) -> Result<CertificateParams, Error> {
    let san: Vec<String> = san.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(san)?;
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    let since_1970 = begin.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + since_1970;
    params.not_after = params.not_before + length;
    Ok(params)
}
