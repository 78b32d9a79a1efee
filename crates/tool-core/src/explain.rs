//! What a code means, what usually causes it, and what to do: `TOOL --explain CODE`.

use crate::code::{AsError, Code, Temporary};
use crate::record::Severity;

const TEXT: &str = include_str!("explain.txt");

/// The explanation of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// What was observed.
    pub means: &'static str,
    /// The usual causes.
    pub cause: &'static str,
    /// What to try next.
    pub remedy: &'static str,
}

/// Looks the explanation of a code up.
pub fn explanation(code: Code) -> Option<Explanation> {
    let mut lines = TEXT.lines().skip_while(|line| *line != code.as_str()).skip(1);
    let mut part = |label: &str| lines.next()?.strip_prefix(label).map(str::trim);
    Some(Explanation { means: part("means:")?, cause: part("cause:")?, remedy: part("do:")? })
}

/// How the code shows in a record, in a few words.
pub fn role(code: Code) -> String {
    let mut roles = Vec::new();
    let status = match code.as_error() {
        AsError::Fail => Some("fail"),
        AsError::Unknown => Some("unknown"),
        AsError::ByReply => Some("unknown for a 4xx reply, fail for a 5xx"),
        AsError::Never => None,
    };
    if let Some(status) = status {
        let again = match code.temporary() {
            Temporary::Yes => ", trying again may help",
            Temporary::No | Temporary::ByReply => "",
        };
        roles.push(format!("as an error: {status}{again}"));
    }
    match code.as_finding() {
        Some(Severity::Warn) => roles.push("as a finding: warn".to_owned()),
        Some(Severity::Info) => roles.push("as a finding: info".to_owned()),
        None => {}
    }
    if roles.is_empty() {
        roles.push("a verdict or diagnosis beside the status".to_owned());
    }
    roles.join("; ")
}

/// The page that `--explain` prints.
pub fn page(code: Code) -> String {
    let role = role(code);
    match explanation(code) {
        Some(Explanation { means, cause, remedy }) => {
            format!("{code}  ({role})\n\n  means  {means}\n  cause  {cause}\n  do     {remedy}\n")
        }
        None => format!("{code}  ({role})\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_once() {
        for code in Code::ALL {
            assert!(explanation(*code).is_some(), "{code}");
            assert_eq!(TEXT.lines().filter(|line| *line == code.as_str()).count(), 1, "{code}");
        }
    }
}
