//! What a rule says about a file.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    Problem,
    Warning,
}

/// Shown as `path:line: what, and why`, which editors can jump to.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    path: String,
    line: usize,
    text: String,
}

impl Finding {
    pub(crate) fn problem(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { severity: Severity::Problem, path: path.into(), line, text: text.into() }
    }

    pub(crate) fn warning(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::problem(path, line, text) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.severity {
            Severity::Problem => "",
            Severity::Warning => "warning: ",
        };
        write!(out, "{}:{}: {mark}{}", self.path, self.line, self.text)
    }
}
