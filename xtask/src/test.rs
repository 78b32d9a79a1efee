//! `cargo xtask test`: what CI checks, cheapest first; the first step that fails ends it.

use std::fmt::Display;
use std::time::Instant;

use crate::codes;
use crate::command::{CommandLine, Failure, Stream};
use crate::tidy;

pub(crate) fn run() -> Result<(), Failure> {
    step(&CommandLine::cargo("fmt --all --check"))?;
    // A workspace of its own.
    step(&CommandLine::cargo("fmt --manifest-path tests/fuzz/Cargo.toml --check"))?;
    timed("cargo xtask tidy", tidy::run)?;
    step(&CommandLine::cargo("clippy --workspace --all-targets --quiet -- -D warnings"))?;
    core_without_io()?;
    let nextest = CommandLine::cargo("nextest --version").works();
    if nextest {
        // nextest runs no documentation tests; their counts are not the one that matters.
        let examples = CommandLine::cargo("test --workspace --doc --quiet");
        timed(&examples, || examples.read().map(drop))?;
    }
    // Both leave out the tests marked `#[ignore]`, the heavy ones.
    let (all, stream) = match nextest {
        true => ("nextest run --workspace", Stream::Stderr),
        false => ("test --workspace", Stream::Stdout),
    };
    let all = CommandLine::cargo(all);
    codes::forget()?;
    eprintln!("$ {all}");
    let mut counts = Vec::new();
    all.watch(stream, |line| counts.extend(is_count(line).then(|| line.to_owned())))?;
    eprintln!("\n{}\n", codes::report()?);
    // Said once more, and no time after it: the runner's own count closes the output.
    counts.iter().for_each(|count| eprintln!("{count}"));
    Ok(())
}

/// Whether the line is the runner's count of tests that ran: nextest's summary, or what `cargo test`
/// says of each program.
fn is_count(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("Summary [") || (line.starts_with("test result: ") && !line.contains(" 0 passed"))
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
    fn the_count_of_either_runner() {
        assert!(is_count("     Summary [   4.310s] 213 tests run: 213 passed, 2 skipped"));
        assert!(is_count("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out"));
        for line in [
            "        PASS [   0.004s] xtask Summary",
            "test result: ok. 0 passed; 0 failed",
            "test a ... ok",
            "",
        ] {
            assert!(!is_count(line), "{line}");
        }
    }

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
