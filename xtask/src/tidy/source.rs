//! Rules for every source file: it says what it is for, stays small and is finished.

use super::finding::Finding;

const WARN_LINES: usize = 500;
const MOST_LINES: usize = 700;

const UNFINISHED: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// The first line is a `//!` line that says something.
pub(crate) fn header(path: &str, text: &str) -> Vec<Finding> {
    let purpose = text.lines().next().and_then(|line| line.strip_prefix("//!"));
    if purpose.is_some_and(|purpose| !purpose.trim().is_empty()) {
        return Vec::new();
    }
    let why = "the file does not open with a `//!` line: say what it is for, or a reader has to guess";
    vec![Finding::problem(path, 1, why)]
}

pub(crate) fn length(path: &str, text: &str) -> Vec<Finding> {
    let lines = text.lines().count();
    let says = |limit| format!("{lines} lines, more than {limit}: split it, for only small files are read");
    match lines {
        _ if lines > MOST_LINES => vec![Finding::problem(path, lines, says(MOST_LINES))],
        _ if lines > WARN_LINES => vec![Finding::warning(path, lines, says(WARN_LINES))],
        _ => Vec::new(),
    }
}

/// No macro that marks work in progress.
pub(crate) fn unfinished(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
        for name in UNFINISHED.iter().filter(|name| calls(line, name)) {
            let why = format!("`{name}!` is a note to oneself: it panics or prints where a user is waiting");
            findings.push(Finding::problem(path, index + 1, why));
        }
    }
    findings
}

/// Whether the line calls the macro `name`, and not one whose name only ends that way.
fn calls(line: &str, name: &str) -> bool {
    let call = format!("{name}!(");
    line.match_indices(&call).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|char| char.is_alphanumeric() || char == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    #[test]
    fn a_file_without_its_purpose() {
        assert!(header("a.rs", "//! What it is for.\n").is_empty());
        for text in ["", "use std::io;\n", "\n//! Late.\n", "//!\n", "// Not a doc comment.\n"] {
            assert_eq!(header("a.rs", text).len(), 1, "{text:?}");
        }
    }

    #[test]
    fn a_file_that_grows() {
        let severity = |lines| length("a.rs", &"x\n".repeat(lines)).first().map(|finding| finding.severity);
        assert_eq!(severity(500), None);
        assert_eq!(severity(501), Some(Severity::Warning));
        assert_eq!(severity(700), Some(Severity::Warning));
        assert_eq!(severity(701), Some(Severity::Problem));
    }

    #[test]
    fn work_in_progress() {
        for name in UNFINISHED {
            let findings = unfinished("a.rs", &format!("//! x\nfn f() {{ std::{name}!(); }}"));
            assert!(findings[0].to_string().starts_with("a.rs:2: "));
            assert!(unfinished("a.rs", &format!("    // {name}!()")).is_empty());
            assert!(unfinished("a.rs", &format!("my_{name}!()")).is_empty());
        }
    }
}
