//! `cargo xtask bench`: the tools against their peers, as ratios measured side by side.
//!
//! Times depend on the machine and on what else it does; so contenders take turns, each figure is the
//! median of several turns, and what counts is the ratio of two of one run.

mod compare;
mod contender;
mod dns;
mod machine;
mod memory;
mod myip;
mod peak;
mod sink;
mod smtp;
mod table;
mod timing;

use std::ffi::OsString;
use std::fs;
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
    Dns,
    MyIp,
    Smtp,
}

impl Order {
    /// Reads the words after `bench`.
    pub(crate) fn parse(words: &[OsString]) -> Option<Self> {
        let words: Vec<&str> = words.iter().map(|word| word.to_str()).collect::<Option<_>>()?;
        let (area, rest) = match words[..] {
            ["dns", ref rest @ ..] => (Area::Dns, rest),
            ["myip", ref rest @ ..] => (Area::MyIp, rest),
            ["smtp", ref rest @ ..] => (Area::Smtp, rest),
            _ => return None,
        };
        match *rest {
            [] => Some(Self { area, write: false }),
            ["--write"] => Some(Self { area, write: true }),
            _ => None,
        }
    }
}

pub(crate) fn run(order: Order) -> Result<(), Failure> {
    let mut table = Table::new(machine::describe());
    fs::create_dir_all(file(""))
        .map_err(|error| Failure::new(format!("bench: {}: {error}", file("").display())))?;
    let name = match order.area {
        Area::Dns => {
            build("build --quiet --release -p mxlookup")?;
            // By itself, so that it changes nothing about ours.
            build("build --quiet --release -p bench --features hickory --bin bench-hickory")?;
            dns::run(&mut table)?;
            "dns"
        }
        Area::MyIp => {
            build("build --quiet --release -p myip -p lab")?;
            myip::run(&mut table)?;
            "myip"
        }
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

/// How many records say that all is well.
fn ours_ok(said: &str) -> usize {
    said.lines().filter(|line| is_ok(line)).count()
}

fn is_ok(record: &str) -> bool {
    record.contains(r#""status":"ok""#)
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
        assert_eq!(parse("dns --write"), Some(Order { area: Area::Dns, write: true }));
        for words in ["", "--write", "all", "smtp --read", "dns smtp", "dns --write --write"] {
            assert_eq!(parse(words), None, "{words}");
        }
    }
}
