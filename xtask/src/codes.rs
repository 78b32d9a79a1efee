//! Which codes of the table no end-to-end test has brought about.
//!
//! The tests note each code that a tool wrote in a folder below the target directory; the table is
//! the headings of `docs/codes.md`.

use std::collections::BTreeSet;
use std::fs;
use std::io;
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

/// What is missing, as it is told after the tests.
pub(crate) fn report() -> Result<String, Failure> {
    let table = fs::read_to_string(root().join(TABLE));
    let table = table.map_err(|error| Failure::new(format!("{TABLE}: {error}")))?;
    let seen = seen().map_err(|error| Failure::new(format!("{}: {error}", seen_folder().display())))?;
    Ok(tell(&codes(&table), &seen))
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

/// A line an area, with what of it was not seen.
fn tell(codes: &[&str], seen: &BTreeSet<String>) -> String {
    let missing: Vec<&str> = codes.iter().copied().filter(|code| !seen.contains(*code)).collect();
    let mut text =
        format!("codes that no end-to-end test has brought about: {} of {}", missing.len(), codes.len());
    let mut area = "";
    for code in missing {
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
    fn codes_not_seen_stand_by_their_area() {
        assert_eq!(
            tell(&codes(SOME), &set(&["dns.nodata"])),
            "codes that no end-to-end test has brought about: 2 of 3\n  dns: nxdomain\n  tcp: refused"
        );
    }

    #[test]
    fn every_code_seen_and_one_that_is_not_in_the_table() {
        let seen = set(&["dns.nodata", "dns.nxdomain", "tcp.refused", "mine"]);
        assert_eq!(tell(&codes(SOME), &seen), "codes that no end-to-end test has brought about: 0 of 3");
    }
}
