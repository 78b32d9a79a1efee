//! The figures as a table, for the terminal and for `docs/performance.md`.

use std::fmt;
use std::fs;

use crate::command::{Failure, root};

const PAGE: &str = "docs/performance.md";

/// What is asked of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    AtMost(f64),
    AtLeast(f64),
    /// It is told and not judged.
    None,
}

/// One comparison.
#[derive(Debug)]
pub(super) struct Row {
    /// What is measured.
    pub(super) what: String,
    /// Our figure with its unit.
    pub(super) ours: String,
    /// What it is held against.
    pub(super) theirs: String,
    /// Ours by theirs, or the figure itself.
    pub(super) value: f64,
    pub(super) target: Target,
}

impl Row {
    fn judgement(&self) -> &'static str {
        match self.target {
            Target::AtMost(most) if self.value > most => "**missed**",
            Target::AtLeast(least) if self.value < least => "**missed**",
            Target::None => "",
            _ => "kept",
        }
    }

    fn target(&self) -> String {
        match self.target {
            Target::AtMost(most) => format!("at most {most}"),
            Target::AtLeast(least) => format!("at least {least}"),
            Target::None => String::new(),
        }
    }
}

/// The comparisons of a run.
#[derive(Debug)]
pub(super) struct Table {
    machine: String,
    rows: Vec<Row>,
    skipped: Vec<String>,
}

impl Table {
    pub(super) fn new(machine: String) -> Self {
        Self { machine, rows: Vec::new(), skipped: Vec::new() }
    }

    pub(super) fn add(&mut self, row: Row) {
        eprintln!("  {}: {}, {}: {:.2} {}", row.what, row.ours, row.theirs, row.value, row.judgement());
        self.rows.push(row);
    }

    /// A peer that is not installed.
    pub(super) fn skip(&mut self, peer: &str) {
        eprintln!("  {peer} is not installed: left out");
        if !self.skipped.iter().any(|skipped| skipped == peer) {
            self.skipped.push(peer.to_owned());
        }
    }

    /// Puts it into the page, in the place of the one of the same name.
    pub(super) fn write(&self, name: &str) -> Result<(), Failure> {
        let path = root().join(PAGE);
        let page = fs::read_to_string(&path).map_err(|error| Failure::new(format!("{PAGE}: {error}")))?;
        let page = replaced(&page, name, &self.to_string())
            .ok_or_else(|| Failure::new(format!("{PAGE} has no place for the table `{name}`")))?;
        fs::write(&path, page).map_err(|error| Failure::new(format!("{PAGE}: {error}")))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}.\n", self.machine)?;
        writeln!(out, "| what | ours | against | ratio or figure | target | |\n|---|---|---|---|---|---|")?;
        for row in &self.rows {
            let Row { what, ours, theirs, value, .. } = row;
            writeln!(
                out,
                "| {what} | {ours} | {theirs} | {value:.2} | {} | {} |",
                row.target(),
                row.judgement()
            )?;
        }
        if !self.skipped.is_empty() {
            writeln!(out, "\nNot installed, and left out: {}.", self.skipped.join(", "))?;
        }
        Ok(())
    }
}

/// The page with what stands between the marks of `name` replaced.
fn replaced(page: &str, name: &str, table: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- bench {name} -->\n"), format!("<!-- end of bench {name} -->\n"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{table}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: f64, target: Target) -> Row {
        Row { what: "one".into(), ours: "1 ms".into(), theirs: "peer 2 ms".into(), value, target }
    }

    #[test]
    fn a_target_is_kept_or_missed() {
        assert_eq!(row(1.3, Target::AtMost(1.3)).judgement(), "kept");
        assert_eq!(row(1.31, Target::AtMost(1.3)).judgement(), "**missed**");
        assert_eq!(row(0.79, Target::AtLeast(0.8)).judgement(), "**missed**");
        assert_eq!(row(f64::NAN, Target::None).judgement(), "");
    }

    #[test]
    fn only_the_table_of_that_name_is_replaced() {
        let page =
            "a\n<!-- bench x -->\nold\n<!-- end of bench x -->\n<!-- bench y -->\n<!-- end of bench y -->\n";
        let new = replaced(page, "x", "new").unwrap();
        let expected = "a\n<!-- bench x -->\n\nnew\n<!-- end of bench x -->\n<!-- bench y -->\n<!-- end of bench y -->\n";
        assert_eq!(new, expected);
        assert_eq!(replaced(page, "z", "new"), None);
    }

    #[test]
    fn the_page_has_a_place_for_each_table() {
        let page = fs::read_to_string(root().join(PAGE)).unwrap();
        for name in ["dns", "myip", "smtp"] {
            assert!(replaced(&page, name, "").is_some(), "{name}");
        }
    }

    #[test]
    fn what_was_left_out_is_said() {
        let mut table = Table::new("here".into());
        table.skip("zgrab2");
        table.add(row(0.5, Target::AtMost(1.0)));
        let text = table.to_string();
        assert!(text.contains("| one | 1 ms | peer 2 ms | 0.50 | at most 1 | kept |"), "{text}");
        assert!(text.ends_with("left out: zgrab2.\n"));
    }
}
