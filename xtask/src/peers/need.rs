//! What must be there before anything is started: the servers' packages, and root.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::command::Failure;

/// Where the programs are.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) nsd: PathBuf,
    pub(super) unbound: PathBuf,
    pub(super) postfix: PathBuf,
    pub(super) dovecot: PathBuf,
    pub(super) openssl: PathBuf,
    pub(super) keygen: PathBuf,
    pub(super) signzone: PathBuf,
}

/// Finds them all, or says which are missing: a check is never passed over.
pub(super) fn programs() -> Result<Programs, Failure> {
    let mut missing = Vec::new();
    let mut find_of = |package: &'static str, name: &str| {
        let found = find(name);
        if found.is_none() && !missing.contains(&package) {
            missing.push(package);
        }
        found.unwrap_or_default()
    };
    // What takes mail in Dovecot is in a package of its own, and Dovecot finds it by itself.
    find_of("dovecot-submissiond", "submission-login");
    let programs = Programs {
        nsd: find_of("nsd", "nsd"),
        unbound: find_of("unbound", "unbound"),
        postfix: find_of("postfix", "postfix"),
        dovecot: find_of("dovecot-core", "dovecot"),
        openssl: find_of("openssl", "openssl"),
        keygen: find_of("ldnsutils", "ldns-keygen"),
        signzone: find_of("ldnsutils", "ldns-signzone"),
    };
    if !missing.is_empty() {
        return Err(Failure::new(complaint(&missing)));
    }
    if !is_root() {
        let why = "peers: not root: Postfix starts only as root, since it runs its parts as other users";
        return Err(Failure::new(why));
    }
    Ok(programs)
}

fn complaint(missing: &[&str]) -> String {
    let verb = if missing.len() == 1 { "is" } else { "are" };
    format!("peers: {} {verb} missing: apt-get install {}", missing.join(", "), missing.join(" "))
}

fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // Servers live where the PATH of many users does not lead.
    let folders =
        env::split_paths(&path).chain(["/usr/sbin", "/sbin", "/usr/lib/dovecot"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

fn is_root() -> bool {
    fs::metadata(Path::new("/proc/self")).is_ok_and(|process| process.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_package_is_named_with_the_command_that_installs_it() {
        assert_eq!(complaint(&["nsd"]), "peers: nsd is missing: apt-get install nsd");
        assert_eq!(
            complaint(&["nsd", "postfix"]),
            "peers: nsd, postfix are missing: apt-get install nsd postfix"
        );
    }

    #[test]
    fn programs_are_found_or_not() {
        assert!(find("sh").is_some());
        assert_eq!(find("no-such-program-here"), None);
    }
}
