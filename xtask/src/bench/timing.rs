//! Running contenders by turns, and what each turn took.

use std::fs;
use std::time::{Duration, Instant};

use super::contender::Contender;
use crate::command::Failure;

/// What one run took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Took {
    /// From the start of the process to its end, unless it has a clock of its own.
    pub(super) wall: Duration,
    /// User and system time of the process and of the children that it waited for, in steps of 10 ms.
    pub(super) cpu: Duration,
}

/// The medians of a contender's runs.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) name: &'static str,
    pub(super) took: Took,
    /// Targets that were reached in every run, where that is known.
    pub(super) reached: Option<usize>,
}

/// Runs each contender once a turn, in an order that changes each time, after one turn that is not
/// counted. At most one run is under way.
pub(super) fn by_turns(turns: usize, contenders: &[Contender]) -> Result<Vec<Measured>, Failure> {
    let mut runs = vec![Vec::new(); contenders.len()];
    let mut reached = vec![None; contenders.len()];
    for turn in 0..=turns {
        for place in 0..contenders.len() {
            let at = (place + turn) % contenders.len();
            let took = run(&contenders[at])?;
            if turn > 0 {
                let said = contenders[at].said()?;
                runs[at].push(Took { wall: said.wall.unwrap_or(took.wall), ..took });
                reached[at] = if turn == 1 { said.reached } else { reached[at].min(said.reached) };
            }
        }
    }
    let measured = contenders.iter().zip(runs).zip(reached).map(|((contender, runs), reached)| {
        let took = Took {
            wall: median(runs.iter().map(|took| took.wall)),
            cpu: median(runs.iter().map(|took| took.cpu)),
        };
        Measured { name: contender.name, took, reached }
    });
    Ok(measured.collect())
}

fn run(contender: &Contender) -> Result<Took, Failure> {
    let mut command = contender.command()?;
    let before = children_cpu()?;
    let begun = Instant::now();
    let status = command.status().map_err(|error| contender.failed(&error))?;
    let wall = begun.elapsed();
    // Peers end as they like where they send nothing; a signal is no end.
    if status.code().is_none() {
        return Err(Failure::new(format!("bench: {}: {status}", contender.name)));
    }
    Ok(Took { wall, cpu: children_cpu()?.saturating_sub(before) })
}

/// What the children that were waited for have used so far: it grows when one is.
fn children_cpu() -> Result<Duration, Failure> {
    let stat = fs::read_to_string("/proc/self/stat");
    let stat = stat.map_err(|error| Failure::new(format!("bench: /proc/self/stat: {error}")))?;
    waited_for(&stat).ok_or_else(|| Failure::new("bench: /proc/self/stat is not as expected"))
}

/// `cutime` and `cstime` of proc_pid_stat(5). Its clock has 100 ticks a second on every Linux that Rust
/// has std for.
fn waited_for(stat: &str) -> Option<Duration> {
    const TICK: Duration = Duration::from_millis(10);
    // The name before the parenthesis may hold anything. The state behind it is the third field.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(13);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * user.checked_add(system)?)
}

/// The middle one; of an even number the later of the two.
fn median(durations: impl Iterator<Item = Duration>) -> Duration {
    let mut sorted: Vec<Duration> = durations.collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_children_stands_behind_a_name_that_may_hold_anything() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 250 17 20 0 1 0 99 0 0";
        assert_eq!(waited_for(stat), Some(Duration::from_millis(2_670)));
        assert_eq!(waited_for("7 (a) S 1"), None);
    }

    #[test]
    fn a_child_that_was_waited_for_is_counted() {
        // Enough work for several ticks.
        let busy = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done";
        let shell = Contender::new("sh", "sh", "-c");
        let mut command = shell.command().unwrap();
        let before = children_cpu().unwrap();
        assert!(command.arg(busy).status().unwrap().success());
        assert!(children_cpu().unwrap() > before);
    }

    #[test]
    fn the_median_is_one_of_them() {
        let of =
            |millis: &[u64]| median(millis.iter().map(|millis| Duration::from_millis(*millis))).as_millis();
        assert_eq!((of(&[9, 1, 5]), of(&[1, 2, 3, 4]), of(&[])), (5, 3, 0));
    }

    #[test]
    fn a_program_with_a_clock_is_believed() {
        std::fs::create_dir_all(crate::bench::file("")).unwrap();
        let clock = Contender::new("clock", "echo", "7").counting(|said| said.trim().parse().unwrap());
        let clock = clock.timed_by(|said| Some(Duration::from_secs(said.trim().parse().ok()?)));
        let measured = by_turns(1, &[clock]).unwrap();
        assert_eq!((measured[0].took.wall, measured[0].reached), (Duration::from_secs(7), Some(7)));
    }

    #[test]
    fn contenders_take_turns() {
        let quick = Contender::new("true", "true", "");
        let slow = Contender::new("sleep", "sleep", "0.02");
        let measured = by_turns(3, &[quick, slow]).unwrap();
        assert!(measured[1].took.wall >= Duration::from_millis(20));
        assert_eq!((measured[1].name, measured[1].reached), ("sleep", None));
    }
}
