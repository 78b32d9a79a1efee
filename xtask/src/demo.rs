//! `cargo xtask demo`: builds the tools and the lab, then lets the lab show what they do.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::command::{CommandLine, Failure, target};
use crate::tool;

pub(crate) fn run(args: Vec<OsString>) -> Result<(), Failure> {
    let mut build = String::from("build --quiet -p lab");
    tool::present().for_each(|tool| build.extend([" -p ", tool]));
    let build = CommandLine::cargo(&build);
    // On standard error: standard output is the demonstration's.
    eprintln!("$ {build}");
    build.run()?;

    let mut words = vec![OsString::from("demo")];
    words.extend(args);
    let demo = CommandLine::new(lab(), words);
    eprintln!("$ {demo}");
    demo.run()
}

/// Relative to the root, where both cargo and the lab are started.
fn lab() -> PathBuf {
    target().join("debug").join("lab")
}
