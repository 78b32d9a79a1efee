//! The ways in which Postfix does TLS, a port each.

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;

use super::address::free_ports;
use crate::command::Failure;

/// Its word, the certificate that it shows, and its settings.
type Variant = (&'static str, &'static str, &'static [&'static str]);

/// Debian's OpenSSL does what is old only at its lowest level.
const VARIANTS: &[Variant] = &[
    ("good", "good", &[]),
    ("expired", "expired", &[]),
    ("other", "other", &[]),
    ("alone", "alone", &[]),
    ("strange", "strange", &[]),
    ("weak", "weak", &["tls_medium_cipherlist = DEFAULT:@SECLEVEL=0"]),
    ("sha1", "sha1", &["tls_medium_cipherlist = DEFAULT:@SECLEVEL=0"]),
    ("tls13", "good", &["smtpd_tls_protocols = >=TLSv1.3"]),
    ("tls12", "good", &["smtpd_tls_protocols = <=TLSv1.2"]),
    ("tls11", "rsa", &["smtpd_tls_protocols = <=TLSv1.1", "tls_medium_cipherlist = DEFAULT:@SECLEVEL=0"]),
    ("tls10", "rsa", &["smtpd_tls_protocols = <=TLSv1", "tls_medium_cipherlist = DEFAULT:@SECLEVEL=0"]),
    ("cipher", "rsa", &["smtpd_tls_protocols = <=TLSv1.2", "tls_medium_cipherlist = AES128-SHA:@SECLEVEL=0"]),
    ("asks", "good", &["smtpd_tls_ask_ccert = yes", "smtpd_tls_received_header = yes"]),
    ("demands", "good", &["smtpd_tls_req_ccert = yes", "smtpd_tls_security_level = encrypt"]),
    ("implicit", "good", &["smtpd_tls_wrappermode = yes"]),
    (
        "oldimplicit",
        "rsa",
        &[
            "smtpd_tls_wrappermode = yes",
            "smtpd_tls_mandatory_protocols = <=TLSv1.1",
            "tls_medium_cipherlist = DEFAULT:@SECLEVEL=0",
        ],
    ),
];

/// Where each variant listens.
#[derive(Debug)]
pub(super) struct Variants(Vec<SocketAddrV4>);

impl Variants {
    pub(super) fn at(host: Ipv4Addr) -> Result<Self, Failure> {
        let ports = free_ports(host, VARIANTS.len()).map_err(|error| Failure::new(error.to_string()))?;
        Ok(Self(ports))
    }

    /// The lines of master.cf; `folder` has the certificates.
    pub(super) fn services(&self, folder: &Path) -> String {
        let mut text = String::new();
        let folder = folder.display();
        for ((_, certificate, settings), address) in VARIANTS.iter().zip(&self.0) {
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "{address} inet n - n - - smtpd -o smtpd_tls_CAfile={folder}/root.pem \
                 -o smtpd_tls_cert_file={folder}/{certificate}.pem -o smtpd_tls_key_file={folder}/{certificate}.key"
            );
            for setting in *settings {
                let _ = write!(text, " -o {{ {setting} }}");
            }
            text.push('\n');
        }
        text
    }

    /// The port of this variant; 0 if there is none of that name.
    pub(super) fn port(&self, name: &str) -> u16 {
        let known = VARIANTS.iter().zip(&self.0).find(|((word, ..), _)| *word == name);
        known.map_or(0, |(_, address)| address.port())
    }
}
