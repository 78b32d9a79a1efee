//! `cargo xtask tidy`: the house rules as a program, each with its reason.

mod finding;
mod layer;
mod mention;
mod scenario;
mod source;

use std::fs;
use std::io;
use std::path::Path;

use crate::command::{Failure, root};
use finding::{Finding, Severity};

/// A rule looks at one file, named relative to the root, and says what is wrong with it.
type Rule = fn(path: &str, text: &str) -> Vec<Finding>;

const SOURCE_RULES: &[Rule] = &[layer::check, source::header, source::length, source::unfinished];

pub(crate) fn run() -> Result<(), Failure> {
    let (mut read, mut problems, mut warnings) = (0, 0, 0);
    for path in files(root()).map_err(|error| Failure::new(format!("tidy: {error}")))? {
        let rules: &[Rule] = match path.as_str() {
            source if source.ends_with(".rs") => SOURCE_RULES,
            scenario if scenario::is_scenario(scenario) => &[scenario::expectation],
            _ => continue,
        };
        let text = fs::read_to_string(root().join(&path));
        let text = text.map_err(|error| Failure::new(format!("tidy: {path}: {error}")))?;
        read += 1;
        for finding in rules.iter().flat_map(|rule| rule(&path, &text)) {
            eprintln!("{finding}");
            match finding.severity {
                Severity::Problem => problems += 1,
                Severity::Warning => warnings += 1,
            }
        }
    }
    let summary = format!("tidy: files read: {read}, problems: {problems}, warnings: {warnings}");
    if problems > 0 {
        return Err(Failure::new(summary));
    }
    eprintln!("{summary}");
    Ok(())
}

/// All files below the folders that hold our sources, in a stable order.
fn files(root: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders: Vec<String> = ["crates", "xtask", "tests"].map(String::from).into();
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(root.join(&folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(io::Error::new(error.kind(), format!("{folder}: {error}"))),
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || name == "target" {
                continue;
            }
            let path = format!("{folder}/{name}");
            if entry.file_type()?.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_own_sources() {
        for path in files(root()).unwrap().iter().filter(|path| path.starts_with("xtask/src/")) {
            let text = fs::read_to_string(root().join(path)).unwrap();
            let findings: Vec<_> = SOURCE_RULES.iter().flat_map(|rule| rule(path, &text)).collect();
            assert!(findings.is_empty(), "{}", findings[0]);
        }
    }

    #[test]
    fn build_output_and_hidden_folders_are_passed_over() {
        let root = std::env::temp_dir().join(format!("tidy-files-{}", std::process::id()));
        for folder in ["crates/a/src", "crates/a/target", "tests/.cache", "docs"] {
            fs::create_dir_all(root.join(folder)).unwrap();
            fs::write(root.join(folder).join("x.rs"), "").unwrap();
        }
        let found = files(&root).unwrap();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(found, ["crates/a/src/x.rs"]);
    }
}
