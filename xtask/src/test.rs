//! `cargo xtask test`: what CI checks, cheapest first; the first step that fails ends it.

use std::fmt::Display;
use std::time::Instant;

use crate::command::{CommandLine, Failure};
use crate::tidy;

pub(crate) fn run() -> Result<(), Failure> {
    step(&CommandLine::cargo("fmt --all --check"))?;
    timed("cargo xtask tidy", tidy::run)?;
    step(&CommandLine::cargo("clippy --workspace --all-targets --quiet -- -D warnings"))?;
    core_without_io()?;
    let nextest = CommandLine::cargo("nextest --version").works();
    if nextest {
        // nextest runs no documentation tests; their counts are not the one that matters.
        let examples = CommandLine::cargo("test --workspace --doc --quiet");
        timed(&examples, || examples.read().map(drop))?;
    }
    let all = if nextest { "nextest run --workspace" } else { "test --workspace" };
    let all = CommandLine::cargo(all);
    // Last, and no time after it: the runner's own count closes the output.
    eprintln!("$ {all}");
    all.run()
}

/// The protocol has no I/O because it is built here with nothing that could do any.
fn core_without_io() -> Result<(), Failure> {
    let tree = CommandLine::cargo("tree -p smtp-core --no-default-features --edges normal --prefix none");
    timed(&tree, || alone(&tree.read()?))?;
    step(&CommandLine::cargo("check --quiet -p smtp-core --no-default-features"))
}

fn alone(tree: &str) -> Result<(), Failure> {
    let packages: Vec<&str> = tree.lines().filter(|line| !line.is_empty()).collect();
    match packages[..] {
        [only] if only.starts_with("smtp-core ") => Ok(()),
        _ => Err(Failure::new(format!(
            "smtp-core without features must depend on nothing, or \"no I/O\" is only a promise:\n{}",
            packages.join("\n")
        ))),
    }
}

fn step(line: &CommandLine) -> Result<(), Failure> {
    timed(line, || line.run())
}

fn timed(name: impl Display, work: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    eprintln!("$ {name}");
    let start = Instant::now();
    let outcome = work();
    eprintln!("  {:.1} s", start.elapsed().as_secs_f64());
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_alone_in_its_tree() {
        assert!(alone("smtp-core v0.1.0 (/src/crates/smtp-core)\n").is_ok());
    }

    #[test]
    fn a_runtime_in_the_tree_of_the_core() {
        let failure = alone("smtp-core v0.1.0 (/src/crates/smtp-core)\ntokio v1.54.0\n").unwrap_err();
        assert!(failure.to_string().ends_with("tokio v1.54.0"));
    }

    #[test]
    fn a_tree_of_another_package() {
        assert!(alone("smtp-core-extra v0.1.0\n").is_err());
        assert!(alone("").is_err());
    }
}
