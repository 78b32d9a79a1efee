//! Rules for the dialogues in `crates/smtp-core/scenarios`.

use super::finding::Finding;

pub(crate) fn is_scenario(path: &str) -> bool {
    let name = path.strip_prefix("crates/smtp-core/scenarios/");
    name.is_some_and(|name| name.ends_with(".smtp") && !name.contains('/'))
}

/// A dialogue says how it must end.
pub(crate) fn expectation(path: &str, text: &str) -> Vec<Finding> {
    if text.lines().any(|line| line.starts_with("expect ")) {
        return Vec::new();
    }
    let why = "no line starts with `expect `: a scenario that expects nothing passes whatever happens";
    vec![Finding::problem(path, 1, why)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialogue_that_expects_nothing() {
        assert!(expectation("a.smtp", "S: 220 mx\nexpect code ok\n").is_empty());
        assert_eq!(expectation("a.smtp", "S: 220 mx\n# expect ok\nexpected\n").len(), 1);
        assert_eq!(expectation("a.smtp", "").len(), 1);
    }

    #[test]
    fn files_that_are_no_scenario() {
        assert!(is_scenario("crates/smtp-core/scenarios/greeting-gibberish.smtp"));
        assert!(!is_scenario("crates/smtp-core/scenarios/README.md"));
        assert!(!is_scenario("crates/lab/scenarios/a.smtp"));
    }
}
