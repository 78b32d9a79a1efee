//! Every code of the table is brought about by an end-to-end test, or it says here why not.
//!
//! The tests note each code that a tool wrote in a folder below the target directory; the table is
//! the headings of `docs/codes.md`.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use crate::command::{Failure, root, target};

const TABLE: &str = "docs/codes.md";

/// Forgets what earlier runs have seen.
pub(crate) fn forget() -> Result<(), Failure> {
    match fs::remove_dir_all(seen_folder()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::new(format!("{}: {error}", seen_folder().display())))
        }
        _ => Ok(()),
    }
}

/// Codes for what no tool finds out yet. One that is seen all the same leaves this list.
const NOT_YET: &[&str] = &[
    "net.family_broken",
    // It takes what two tools found out; docs/myip.md shows the comparison with jq.
    "net.smtp_egress_differs",
    "fw.remote_filter_25",
    "fw.egress_25_blocked",
    "host.down_or_filtered",
    "svc.not_listening",
    "mbox.transparent_proxy",
    "tls.command_injection",
    "rcpt.accept_all",
    "relay.denied",
    "relay.auth_required",
    "relay.accepted_at_rcpt",
    "relay.open",
    "relay.undetermined",
    "relay.trusted_source",
    "client.blocked",
    "submission.no_auth_required",
    "expect.too_slow",
    "extension.unsupported",
];

/// What only root can bring about: with namespaces, and on ports below 1024.
const NEEDS_ROOT: &[&str] = &[
    "tcp.unreachable",
    "tcp.admin_prohibited",
    "net.blackholed",
    "ehlo.auth_missing_on_submission",
    "net.no_ipv6",
];

/// Says how many were seen.
///
/// # Errors
/// A code that nothing has brought about, or one that is listed and was.
pub(crate) fn report() -> Result<String, Failure> {
    let table = fs::read_to_string(root().join(TABLE));
    let table = table.map_err(|error| Failure::new(format!("{TABLE}: {error}")))?;
    let seen = seen().map_err(|error| Failure::new(format!("{}: {error}", seen_folder().display())))?;
    let excused = if is_root() { NOT_YET.to_vec() } else { [NOT_YET, NEEDS_ROOT].concat() };
    let listed = if is_root() { NOT_YET } else { &[] };
    tell(&codes(&table), &seen, &excused, listed).map_err(Failure::new)
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Where the tests keep them, a file a process.
fn seen_folder() -> PathBuf {
    root().join(target()).join("tmp").join("codes")
}

fn seen() -> io::Result<BTreeSet<String>> {
    let mut seen = BTreeSet::new();
    let entries = match fs::read_dir(seen_folder()) {
        // No end-to-end test has run.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(seen),
        entries => entries?,
    };
    for entry in entries {
        seen.extend(fs::read_to_string(entry?.path())?.lines().map(str::to_owned));
    }
    Ok(seen)
}

/// The codes of the table, each a heading of the third level.
fn codes(table: &str) -> Vec<&str> {
    table.lines().filter_map(|line| line.strip_prefix("### ")).collect()
}

/// The sentence for people. `listed` are codes that must not have been seen.
fn tell(
    codes: &[&str],
    seen: &BTreeSet<String>,
    excused: &[&str],
    listed: &[&str],
) -> Result<String, String> {
    let missing: Vec<&str> =
        codes.iter().copied().filter(|code| !seen.contains(*code) && !excused.contains(code)).collect();
    if !missing.is_empty() {
        return Err(format!("codes that no end-to-end test has brought about:{}", by_area(&missing)));
    }
    let wrong: Vec<&str> = listed.iter().copied().filter(|code| seen.contains(*code)).collect();
    if !wrong.is_empty() {
        return Err(format!("codes that were brought about and are listed as not yet:{}", by_area(&wrong)));
    }
    let rest: Vec<&str> = codes.iter().copied().filter(|code| !seen.contains(*code)).collect();
    let count = codes.len() - rest.len();
    Ok(format!("{count} of {} codes were brought about; not yet:{}", codes.len(), by_area(&rest)))
}

/// A line an area.
fn by_area(codes: &[&str]) -> String {
    let (mut text, mut area) = (String::new(), "");
    for code in codes {
        let (its_area, condition) = code.split_once('.').unwrap_or((code, ""));
        if its_area != area {
            area = its_area;
            text.push_str(&format!("\n  {area}:"));
        }
        text.push_str(&format!(" {condition}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOME: &str = "# Codes\n\n## dns\n\n### dns.nxdomain\n\n- means: x\n\n### dns.nodata\n\n## tcp\n\n### tcp.refused\n";

    fn set(codes: &[&str]) -> BTreeSet<String> {
        codes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_table_is_its_third_headings() {
        assert_eq!(codes(SOME), ["dns.nxdomain", "dns.nodata", "tcp.refused"]);
    }

    #[test]
    fn the_table_that_exists_has_codes_of_several_areas() {
        let table = fs::read_to_string(root().join(TABLE)).unwrap();
        let codes = codes(&table);
        assert!(codes.len() > 100 && codes.iter().all(|code| code.contains('.')), "{codes:?}");
    }

    #[test]
    fn a_code_that_was_not_seen_is_a_gap_unless_it_is_excused() {
        let tell = |excused: &[&str]| tell(&codes(SOME), &set(&["dns.nodata"]), excused, &[]);
        assert_eq!(
            tell(&["tcp.refused"]).unwrap_err(),
            "codes that no end-to-end test has brought about:\n  dns: nxdomain"
        );
        assert_eq!(
            tell(&["tcp.refused", "dns.nxdomain"]).unwrap(),
            "1 of 3 codes were brought about; not yet:\n  dns: nxdomain\n  tcp: refused"
        );
    }

    #[test]
    fn a_code_that_is_listed_and_was_seen_leaves_the_list() {
        let all = set(&["dns.nodata", "dns.nxdomain", "tcp.refused", "mine"]);
        assert!(tell(&codes(SOME), &all, &[], &["dns.nodata"]).is_err());
        assert!(tell(&codes(SOME), &all, &[], &[]).is_ok());
    }

    #[test]
    fn the_lists_name_codes_of_the_table() {
        let table = fs::read_to_string(root().join(TABLE)).unwrap();
        for code in [NOT_YET, NEEDS_ROOT].concat() {
            assert!(codes(&table).contains(&code), "{code}");
        }
    }
}
