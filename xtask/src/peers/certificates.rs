//! Certificates of every kind for a server to show, made by openssl.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::world::write;
use super::zone;
use crate::command::{CommandLine, Failure};

/// What `openssl ca` needs to know.
const CONFIG: &str = "\
[ca]
default_ca = us
[us]
new_certs_dir = .
database = index
unique_subject = no
rand_serial = yes
copy_extensions = copy
policy = policy
[policy]
commonName = supplied
";

const EC: &str = "ec -pkeyopt ec_paramgen_curve:prime256v1";
/// Long before and long after any run.
const ALWAYS: [&str; 2] = ["20200101000000Z", "20490101000000Z"];
const OVER: [&str; 2] = ["20240101000000Z", "20250101000000Z"];

/// A certificate to be: its file, its name or names with `,DNS:` between them, its key, its time, its digest.
struct Wish<'a> {
    file: &'a str,
    name: &'a str,
    key: &'a str,
    time: [&'a str; 2],
    digest: &'a str,
}

/// A folder with, for each kind, KIND.pem and KIND.key; what is sent behind KIND.pem is in it.
#[derive(Debug)]
pub(super) struct Certificates {
    openssl: PathBuf,
    folder: PathBuf,
}

impl Certificates {
    /// All kinds, for the mail server of this name; and one for the web server.
    pub(super) fn make(openssl: &Path, folder: PathBuf, server: &str) -> Result<Self, Failure> {
        let made = Self { openssl: openssl.to_owned(), folder };
        write(&made.path("config"), CONFIG)?;
        write(&made.path("index"), "")?;
        made.root("root")?;
        made.root("unknown")?;
        let usual = Wish { file: "", name: server, key: EC, time: ALWAYS, digest: "sha256" };
        made.issue("root", &Wish { file: "between", name: "between", ..usual }, true)?;
        let leaves = [
            ("between", Wish { file: "alone", ..usual }),
            ("root", Wish { file: "expired", time: OVER, ..usual }),
            ("root", Wish { file: "other", name: "other.example", ..usual }),
            ("root", Wish { file: "rsa", key: "rsa:2048", ..usual }),
            ("root", Wish { file: "weak", key: "rsa:1024", ..usual }),
            ("root", Wish { file: "sha1", digest: "sha1", ..usual }),
            ("unknown", Wish { file: "strange", ..usual }),
            ("root", Wish { file: "client", name: "client.example", ..usual }),
        ];
        for (issuer, wish) in leaves {
            made.issue(issuer, &wish, false)?;
        }
        let names = ["sts", "manysts"].map(|label| format!("mta-sts.{label}.{}", zone::ORIGIN)).join(",DNS:");
        made.issue("between", &Wish { file: "site", name: &names, ..usual }, false)?;
        made.join("web", &["site", "between"])?;
        made.join("good", &["alone", "between"])?;
        made.join("strange", &["strange", "unknown"])?;
        Ok(made)
    }

    /// The file of the chain, and that of the key, of the web server that has the policies.
    pub(super) fn web(&self) -> (PathBuf, PathBuf) {
        (self.path("web.pem"), self.path("web.key"))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn root(&self, file: &str) -> Result<(), Failure> {
        let words = format!(
            "req -x509 -newkey {EC} -nodes -days 2 -keyout {file}.key -out {file}.pem -subj /CN={file} \
             -addext basicConstraints=critical,CA:TRUE"
        );
        self.openssl(&words)
    }

    /// Makes the key and the certificate.
    fn issue(&self, issuer: &str, wish: &Wish<'_>, is_issuer: bool) -> Result<(), Failure> {
        let Wish { file, name, key, time: [begin, end], digest } = wish;
        let common = name.split(',').next().unwrap_or(name);
        let extensions = match is_issuer {
            true => "-addext basicConstraints=critical,CA:TRUE".to_owned(),
            false => format!("-addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:{name}"),
        };
        self.openssl(&format!(
            "req -new -newkey {key} -nodes -keyout {file}.key -out {file}.csr -subj /CN={common} {extensions}"
        ))?;
        self.openssl(&format!(
            "ca -batch -notext -config config -cert {issuer}.pem -keyfile {issuer}.key -in {file}.csr \
             -out {file}.pem -startdate {begin} -enddate {end} -md {digest}"
        ))
    }

    /// `file` becomes a file of these certificates, with the key of the first.
    fn join(&self, file: &str, parts: &[&str]) -> Result<(), Failure> {
        let read = |name: String| {
            let path = self.path(&name);
            std::fs::read_to_string(&path)
                .map_err(|error| Failure::new(format!("peers: {}: {error}", path.display())))
        };
        let pem = parts.iter().map(|part| read(format!("{part}.pem"))).collect::<Result<String, _>>()?;
        let key = read(format!("{}.key", parts.first().unwrap_or(&file)))?;
        write(&self.path(&format!("{file}.pem")), &pem)?;
        write(&self.path(&format!("{file}.key")), &key)
    }

    /// Runs openssl in the folder.
    fn openssl(&self, words: &str) -> Result<(), Failure> {
        let mut all: Vec<OsString> = vec!["-C".into(), (&self.folder).into(), (&self.openssl).into()];
        all.extend(words.split_whitespace().map(Into::into));
        CommandLine::new("env", all).quiet()
    }
}
