//! Whether and how sessions are encrypted.

use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use dns_core::DomainName;
use smtp_core::proto::{Policy, TlsFile, TlsFileError, TlsLevel, TlsPlan, TlsSettings, TlsVersion};

use super::UsageError;
use crate::env;

/// The options of the tools that verify certificates.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Shared options")]
pub struct TrustOptions {
    /// Trust the certificates of this PEM file instead of the system's
    #[arg(long, value_name = "FILE", env = env::CA, hide_env_values = true)]
    pub ca: Option<PathBuf>,
}

impl TrustOptions {
    /// What `read` makes of the file, if there is one.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn read<T>(&self, read: impl FnOnce(&Path) -> io::Result<T>) -> Result<Option<T>, UsageError> {
        let Some(path) = &self.ca else { return Ok(None) };
        let failed = |error| UsageError(format!("--ca: {} cannot be used: {error}", path.display()));
        read(path).map(Some).map_err(failed)
    }
}

/// The options of the tools that speak SMTP.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Shared options")]
pub struct TlsOptions {
    /// What is demanded of TLS
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t = Level::May)]
    pub tls: Level,
    /// TLS from the first byte; also on port 465
    #[arg(long)]
    pub implicit: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "documented where it is defined")]
    pub trust: TrustOptions,
    /// Show this PEM file's certificate to a server that asks for one; its key may be in it too
    #[arg(long, alias = "tls-cert", value_name = "FILE")]
    pub cert: Option<PathBuf>,
    /// The PEM file with the key of --cert
    #[arg(long, alias = "tls-key", value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// The oldest version of TLS to speak: 1.2, 1.3 [default: 1.2]
    #[arg(long, value_name = "VERSION", value_parser = parse_version)]
    pub tls_min: Option<TlsVersion>,
    /// The newest version of TLS to speak: 1.2, 1.3 [default: 1.3]
    #[arg(long, value_name = "VERSION", value_parser = parse_version)]
    pub tls_max: Option<TlsVersion>,
    /// Ask for this name (SNI) instead of the host's; the certificate must still be for the host
    #[arg(long, alias = "tls-sni", value_name = "NAME", value_parser = parse_sni)]
    pub sni: Option<String>,
    /// Put the certificates themselves into the record, in PEM
    #[arg(long)]
    pub pem: bool,
}

/// A level of `--tls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Do not use STARTTLS.
    None,
    /// Use it where it is offered.
    #[value(alias = "auto")]
    May,
    /// Hand nothing over without TLS.
    #[value(alias = "starttls")]
    Require,
    /// Hand nothing over without a certificate that verifies.
    Verify,
    /// The same as `--implicit --tls require`.
    #[value(hide = true)]
    Implicit,
}

/// The port of SMTP with TLS from the first byte (RFC 8314 section 7.3).
pub const SUBMISSIONS: u16 = 465;

impl TlsOptions {
    /// What a session to this port is to do. `pass_over`: a STARTTLS refused in order does not
    /// end a session that may go on in clear. `policy` demands what it does at any level.
    pub fn plan(&self, port: u16, pass_over: bool, policy: &Policy) -> TlsPlan {
        let level = match self.tls {
            Level::None => TlsLevel::None,
            Level::May => TlsLevel::May,
            Level::Require | Level::Implicit => TlsLevel::Require,
            Level::Verify => TlsLevel::Verify,
        };
        let implicit = self.is_implicit() || port == SUBMISSIONS;
        TlsPlan { level, implicit, pass_over, demand: policy.demand() }
    }

    /// What the client is told.
    ///
    /// # Errors
    /// No version is between the oldest and the newest.
    pub fn settings(&self) -> Result<TlsSettings, UsageError> {
        if let (Some(min), Some(max)) = (self.tls_min, self.tls_max)
            && min > max
        {
            return Err(UsageError("--tls-min is newer than --tls-max: no version is left".to_owned()));
        }
        Ok(TlsSettings {
            ca: self.trust.ca.clone(),
            cert: self.cert.clone(),
            key: self.key.clone(),
            min: self.tls_min,
            max: self.tls_max,
            sni: self.sni.clone(),
        })
    }

    /// Whether TLS from the first byte was asked for.
    pub fn is_implicit(&self) -> bool {
        self.implicit || self.tls == Level::Implicit
    }
}

impl From<TlsFileError> for UsageError {
    fn from(error: TlsFileError) -> Self {
        let option = match error.file {
            TlsFile::Ca => "ca",
            TlsFile::Cert => "cert",
            TlsFile::Key => "key",
        };
        Self(format!("--{option}: {error}"))
    }
}

fn parse_version(text: &str) -> Result<TlsVersion, String> {
    match text.to_ascii_lowercase().trim_start_matches("tls").trim_start_matches('v') {
        "1.2" => Ok(TlsVersion::Tls12),
        "1.3" => Ok(TlsVersion::Tls13),
        "1.0" | "1.1" | "1" => {
            let words = "1.0 and 1.1 are not spoken here (RFC 8996); what a server that knows nothing newer";
            Err(format!("{words} speaks is told by tls.protocol_too_old"))
        }
        _ => Err("a version is 1.2 or 1.3".to_owned()),
    }
}

/// A name that can be asked for: RFC 6066 section 3 wants the name of a host, without a dot at the end.
fn parse_sni(text: &str) -> Result<String, String> {
    let name = DomainName::parse(text).map_err(|error| error.to_string())?.to_string();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    match name.bytes().all(is_plain) && !name.is_empty() && name.parse::<std::net::IpAddr>().is_err() {
        true => Ok(name),
        false => Err("only the name of a host can be asked for".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_that_are_spoken() {
        for text in ["1.3", "TLSv1.3", "tls1.3"] {
            assert_eq!(parse_version(text), Ok(TlsVersion::Tls13), "{text}");
        }
        assert!(parse_version("1.1").unwrap_err().contains("not spoken here"));
        assert!(parse_version("1.4").unwrap_err().contains("1.2 or 1.3"));
    }

    #[test]
    fn only_host_names_are_asked_for() {
        assert_eq!(parse_sni("MX.Example.").as_deref(), Ok("mx.example"));
        assert_eq!(parse_sni("b\u{fc}cher.example").as_deref(), Ok("xn--bcher-kva.example"));
        for text in ["192.0.2.1", "", "a b", "."] {
            assert!(parse_sni(text).is_err(), "{text}");
        }
    }
}
