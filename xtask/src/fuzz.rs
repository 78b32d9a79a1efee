//! `cargo xtask fuzz`: the targets of `tests/fuzz`, built and run.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::command::{CommandLine, Failure, root, target};

const FOLDER: &str = "tests/fuzz";

/// Enough to see that a target works and that the seeds break no rule, in a few seconds.
const SMOKE: u64 = 20_000;

/// What libFuzzer steers by. The passes are LLVM's own and known to every compiler, so that this takes
/// no nightly one; there is no `unsafe` that an address sanitizer could find anything in.
const RUSTFLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    name: &'static str,
    /// Octets of the longest input.
    most: u32,
}

const TARGETS: &[Target] = &[
    // More than the bound of a line, and than a thousand lines.
    Target { name: "reply", most: 12 * 1024 },
    Target { name: "capabilities", most: 12 * 1024 },
    Target { name: "session", most: 2 * 1024 },
];

/// What is to be done with them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Build,
    Smoke,
    Run(Target, Option<u64>),
}

impl Order {
    /// Reads the words after `fuzz`.
    pub(crate) fn parse(words: &[OsString]) -> Option<Self> {
        let words: Vec<&str> = words.iter().map(|word| word.to_str()).collect::<Option<_>>()?;
        let target = |name| TARGETS.iter().copied().find(|target| target.name == name);
        match words[..] {
            [] => Some(Self::Build),
            ["smoke"] => Some(Self::Smoke),
            ["run", name] => Some(Self::Run(target(name)?, None)),
            ["run", name, "--executions", count] => Some(Self::Run(target(name)?, Some(count.parse().ok()?))),
            _ => None,
        }
    }
}

pub(crate) fn run(order: Order) -> Result<(), Failure> {
    let host = host()?;
    build(&host)?;
    match order {
        Order::Build => Ok(()),
        Order::Smoke => TARGETS.iter().try_for_each(|target| smoke(&host, target)),
        Order::Run(target, executions) => {
            let limit = executions.map(|count| format!("-runs={count}"));
            let fuzz = fuzz(&host, &target, "corpus", limit.as_deref().unwrap_or_default())?;
            eprintln!("$ {fuzz}");
            fuzz.run()
        }
    }
}

fn build(host: &str) -> Result<(), Failure> {
    // With `--target` the flags are not those of build scripts, which no fuzzer is linked to.
    let build = format!("build --locked --release --manifest-path {FOLDER}/Cargo.toml --target {host}");
    let build = CommandLine::cargo(&build)
        .arg("--target-dir")
        .arg(target().join("fuzz"))
        .variable("RUSTFLAGS", RUSTFLAGS);
    eprintln!("$ {build}");
    build.run()
}

/// The same executions each time, from nothing but the seeds.
fn smoke(host: &str, target: &Target) -> Result<(), Failure> {
    let start = Instant::now();
    match fs::remove_dir_all(corpus("smoke", target)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Failure::new(format!("fuzz: {}: {error}", corpus("smoke", target).display())));
        }
        _ => {}
    }
    let fuzz = fuzz(host, target, "smoke", &format!("-runs={SMOKE} -seed=1"))?;
    eprintln!("$ {fuzz}");
    fuzz.quiet()?;
    eprintln!("  {SMOKE} executions, {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// The command line that runs a target; what leads somewhere new is added to the corpus of that name.
fn fuzz(host: &str, target: &Target, kept: &str, options: &str) -> Result<CommandLine, Failure> {
    let corpus = corpus(kept, target);
    fs::create_dir_all(&corpus)
        .map_err(|error| Failure::new(format!("fuzz: {}: {error}", corpus.display())))?;
    let Target { name, most } = target;
    let program = self::target().join("fuzz").join(host).join("release").join(name);
    let found = format!("-artifact_prefix={}/", self::target().join("fuzz").display());
    let mut words: Vec<OsString> = [
        found,
        format!("-dict={FOLDER}/smtp.dict"),
        format!("-max_len={most}"),
        // Slow is a finding too: no server may keep a core busy.
        "-timeout=2".into(),
        "-rss_limit_mb=1024".into(),
        "-print_final_stats=1".into(),
    ]
    .map(OsString::from)
    .into();
    words.extend(options.split_whitespace().map(OsString::from));
    // It writes to the first folder only.
    words.extend([corpus.into(), Path::new(FOLDER).join("seeds").join(name).into()]);
    Ok(CommandLine::new(program, words))
}

/// Where inputs that led somewhere new are kept.
fn corpus(kept: &str, target: &Target) -> PathBuf {
    root().join(self::target()).join("fuzz").join(kept).join(target.name)
}

/// The platform that is compiled for, as the compiler names it.
fn host() -> Result<String, Failure> {
    let said = CommandLine::new("rustc", vec!["-vV".into()]).read()?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Failure::new("fuzz: rustc does not name its host"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Option<Order> {
        let words: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
        Order::parse(&words)
    }

    #[test]
    fn orders_are_understood_or_not() {
        assert_eq!(parse(""), Some(Order::Build));
        assert_eq!(parse("smoke"), Some(Order::Smoke));
        assert_eq!(parse("run session"), Some(Order::Run(TARGETS[2], None)));
        assert_eq!(parse("run reply --executions 10"), Some(Order::Run(TARGETS[0], Some(10))));
        for words in ["run", "run nothing", "run reply --executions many", "smoke reply"] {
            assert_eq!(parse(words), None, "{words}");
        }
    }

    #[test]
    fn every_target_has_seeds_and_a_program() {
        let manifest = fs::read_to_string(root().join(FOLDER).join("Cargo.toml")).unwrap();
        for target in TARGETS {
            assert!(manifest.contains(&format!("name = \"{}\"", target.name)));
            let seeds = root().join(FOLDER).join("seeds").join(target.name);
            assert!(fs::read_dir(seeds).unwrap().count() > 0);
        }
    }

    #[test]
    fn the_compiler_names_its_host() {
        assert!(host().unwrap().contains('-'));
    }
}
