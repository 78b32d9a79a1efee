//! `cargo xtask bench`: the tools against their peers, as ratios measured side by side.
//!
//! Times depend on the machine and on what else it does; so contenders take turns, each figure is the
//! median of several turns, and what counts is the ratio of two of one run.

mod contender;
mod machine;
mod memory;
mod sink;
mod smtp;
mod table;
mod timing;

use std::ffi::OsString;
use std::path::PathBuf;

use crate::command::{CommandLine, Failure, root, target};
use table::Table;

/// What is to be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    area: Area,
    /// The table goes into the documents.
    write: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Area {
    Smtp,
}

impl Order {
    /// Reads the words after `bench`.
    pub(crate) fn parse(words: &[OsString]) -> Option<Self> {
        let words: Vec<&str> = words.iter().map(|word| word.to_str()).collect::<Option<_>>()?;
        match words[..] {
            ["smtp"] => Some(Self { area: Area::Smtp, write: false }),
            ["smtp", "--write"] => Some(Self { area: Area::Smtp, write: true }),
            _ => None,
        }
    }
}

pub(crate) fn run(order: Order) -> Result<(), Failure> {
    let mut table = Table::new(machine::describe());
    let name = match order.area {
        Area::Smtp => {
            build("build --quiet --release -p smtp-ping -p bench")?;
            smtp::run(&mut table)?;
            "smtp"
        }
    };
    println!("\n{table}");
    if order.write {
        table.write(name)?;
    }
    Ok(())
}

fn build(command: &str) -> Result<(), Failure> {
    let build = CommandLine::cargo(command);
    eprintln!("$ {build}");
    build.run()
}

/// A program that was built for measuring.
fn release(name: &str) -> PathBuf {
    root().join(target()).join("release").join(name)
}

/// A file of this run.
fn file(name: &str) -> PathBuf {
    root().join(target()).join("bench").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_understood_or_not() {
        let parse = |words: &str| {
            let words: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
            Order::parse(&words)
        };
        assert_eq!(parse("smtp --write"), Some(Order { area: Area::Smtp, write: true }));
        assert_eq!(parse("smtp"), Some(Order { area: Area::Smtp, write: false }));
        for words in ["", "--write", "all", "smtp --read"] {
            assert_eq!(parse(words), None, "{words}");
        }
    }
}
