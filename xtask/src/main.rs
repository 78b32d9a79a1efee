//! The tasks of this workspace, called as `cargo xtask TASK`: one file a task.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "talking to the terminal is its job")]

mod bench;
mod codes;
mod command;
mod demo;
mod fuzz;
mod generate;
mod peers;
mod test;
mod tidy;
mod tool;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

const HELP: &str = "\
The tasks of this workspace.

Usage: cargo xtask TASK

  bench dns [--write]
                 mxlookup against its peers at an NSD started here, as far as they are installed (dig,
                 nslookup, kdig, massdns, dnsperf, zdns); --write: the table goes into docs/performance.md
  bench myip [--write]
                 myip with three sources of the lab against one curl
  bench smtp [--write]
                 smtp-ping against its peers, as far as they are installed (check_smtp, smtpping,
                 posttls-finger, nmap, zgrab2)
  demo [ARG]...  build the tools and the lab, then run `lab demo ARG...`
  peers          the tools against real servers, started here: NSD, Unbound, Postfix, Dovecot (as root)
  test           what CI checks: format, tidy, clippy, the core without I/O, all tests; then the
                 codes that no end-to-end test has brought about
  tidy           the house rules that no compiler knows
  fuzz           build the fuzz targets, instrumented for coverage; takes any Rust, and a C++ compiler
  fuzz smoke     build them, and give each 20,000 executions
  fuzz run TARGET [--executions N]
                 build them, and run one until it has found something, is interrupted or has had N;
                 what it found interesting is kept below the target directory for the next time
  gen            write the generated documents anew (schema, command lines, man pages, completions,
                 codes, environment, keys, the demonstration in the README)
";

const USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    let task = args.next().unwrap_or_default();
    let rest: Vec<OsString> = args.collect();
    let outcome = match (task.to_str(), rest.is_empty()) {
        (Some("demo"), _) => demo::run(rest),
        (Some("peers"), true) => peers::run(),
        (Some("bench"), _) => match bench::Order::parse(&rest) {
            Some(order) => bench::run(order),
            None => return misused(),
        },
        (Some("fuzz"), _) => match fuzz::Order::parse(&rest) {
            Some(order) => fuzz::run(order),
            None => return misused(),
        },
        (Some("test"), true) => test::run(),
        (Some("tidy"), true) => tidy::run(),
        (Some("gen"), true) => generate::run(),
        (Some("help" | "--help" | "-h"), _) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => return misused(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            failure.exit_code()
        }
    }
}

fn misused() -> ExitCode {
    eprint!("{HELP}");
    ExitCode::from(USAGE)
}
