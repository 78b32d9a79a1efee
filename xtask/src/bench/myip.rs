//! `myip` with three sources against one request for one of them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::compare::{self, present};
use super::contender::Contender;
use super::release;
use super::table::{Table, Target};
use super::timing::by_turns;
use crate::command::Failure;

/// One run is a few milliseconds, of which the machine makes more or less.
const TURNS: usize = 41;

pub(super) fn run(table: &mut Table) -> Result<(), Failure> {
    let world = World::start()?;
    let what = "the address from three sources, all waited for, and its name";
    let page = world.via.split(',').next().unwrap_or_default().to_owned();
    let via: Vec<String> = world.via.split(',').map(|source| format!("--via {source}")).collect();
    let args = format!("-q -4 --all --allow-private --dns {} {}", world.dns, via.join(" "));
    let mut contenders = vec![Contender::new("myip", release("myip"), &args)];
    contenders.extend(present(table, [("curl", format!("-s {page}"))]));
    compare::times(table, what, &by_turns(TURNS, &contenders)?, |_| Target::AtMost(1.5));
    Ok(())
}

/// The pretend internet, until it is dropped.
struct World {
    process: Child,
    /// Its DNS server.
    dns: String,
    /// Its sources, with commas between them.
    via: String,
}

impl World {
    fn start() -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::new(format!("bench: the lab: {error}"));
        let mut process = Command::new(release("lab"))
            .arg("up")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let stdout = process.stdout.take();
        let mut world = Self { process, dns: String::new(), via: String::new() };
        // It says where everything is, and stays.
        for line in
            BufReader::new(stdout.ok_or_else(|| Failure::new("bench: the lab has no output"))?).lines()
        {
            let line = line.map_err(failed)?;
            match line.strip_prefix("export ").and_then(|line| line.split_once('=')) {
                Some(("MXPIPE_DNS", dns)) => world.dns = dns.to_owned(),
                Some(("MXPIPE_VIA", via)) => {
                    world.via = via.to_owned();
                    return Ok(world);
                }
                _ => {}
            }
        }
        Err(Failure::new("bench: the lab names no sources"))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
