//! The one certificate of a run, which only itself vouches for.

use std::path::{Path, PathBuf};

use super::zone;
use crate::command::{CommandLine, Failure};

#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    /// SHA-256 of the public key, in hex: what a TLSA record 3 1 1 says.
    pub(super) spki: String,
}

impl Certificate {
    /// Makes key and certificate, of a server and not of an authority, in `folder`.
    pub(super) fn make(openssl: &Path, folder: &Path) -> Result<Self, Failure> {
        let [certificate, key, public] =
            ["certificate.pem", "key.pem", "public.der"].map(|name| folder.join(name));
        let run = |start: &str, rest: Vec<std::ffi::OsString>| {
            let words = start.split(' ').map(Into::into).chain(rest).collect();
            CommandLine::new(openssl, words)
        };
        let name = format!("mx1.{}", zone::ORIGIN);
        let request = [
            "-keyout".into(),
            (&key).into(),
            "-out".into(),
            (&certificate).into(),
            "-subj".into(),
            format!("/CN={name}").into(),
            "-addext".into(),
            format!("subjectAltName=DNS:{name}").into(),
            "-addext".into(),
            "basicConstraints=critical,CA:FALSE".into(),
        ];
        let start = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
        run(start, request.into()).quiet()?;
        let export = ["-in".into(), (&key).into(), "-out".into(), (&public).into()];
        run("pkey -pubout -outform DER", export.into()).quiet()?;
        // `HEX *FILE`
        let digest = run("dgst -sha256 -r", vec![public.into()]).read()?;
        let spki = digest.split_whitespace().next().unwrap_or_default().to_owned();
        Ok(Self { certificate, key, spki })
    }
}
