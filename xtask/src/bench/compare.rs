//! What was measured, as rows of the table: the first one against each of the others.

use std::time::Duration;

use super::contender::Contender;
use super::table::{Row, Table, Target};
use super::timing::Measured;
use crate::command::Failure;

/// Those of the peers that are installed.
pub(super) fn present<const N: usize>(
    table: &mut Table,
    peers: [(&'static str, String); N],
) -> Vec<Contender> {
    let found = peers.map(|(name, args)| {
        let peer = Contender::peer(name, &args);
        if peer.is_none() {
            table.skip(name);
        }
        peer
    });
    found.into_iter().flatten().collect()
}

/// One target: how long it takes.
pub(super) fn times(table: &mut Table, what: &str, measured: &[Measured], target: impl Fn(&str) -> Target) {
    let Some((ours, peers)) = measured.split_first() else { return };
    for peer in peers {
        table.add(Row {
            what: what.to_owned(),
            ours: millis(ours.took.wall),
            theirs: format!("{} {}", peer.name, millis(peer.took.wall)),
            value: ours.took.wall.as_secs_f64() / peer.took.wall.as_secs_f64(),
            target: target(peer.name),
        });
    }
}

/// Many targets, all of which have to be reached in every turn: how many a second, and the CPU for each;
/// `targets` are for these two, against the one of that name.
pub(super) fn rates(
    table: &mut Table,
    what: &str,
    count: usize,
    measured: &[Measured],
    targets: impl Fn(&str) -> (Target, Target),
) -> Result<(), Failure> {
    all_reached(count, measured)?;
    let Some((ours, peers)) = measured.split_first() else { return Ok(()) };
    let rate = |of: &Measured| count as f64 / of.took.wall.as_secs_f64();
    let cpu = |of: &Measured| of.took.cpu.as_secs_f64() * 1e6 / count as f64;
    for peer in peers {
        let (least, most) = targets(peer.name);
        table.add(Row {
            what: format!("{what}: rate"),
            ours: format!("{:.0}/s", rate(ours)),
            theirs: format!("{} {:.0}/s", peer.name, rate(peer)),
            value: rate(ours) / rate(peer),
            target: least,
        });
        table.add(Row {
            what: format!("{what}: CPU"),
            ours: format!("{} each", micros(cpu(ours))),
            theirs: format!("{} {}", peer.name, micros(cpu(peer))),
            value: cpu(ours) / cpu(peer),
            target: most,
        });
    }
    Ok(())
}

/// Nobody is fast by leaving something out.
pub(super) fn all_reached(count: usize, measured: &[Measured]) -> Result<(), Failure> {
    match measured.iter().find(|measured| measured.reached != Some(count)) {
        None => Ok(()),
        Some(Measured { name, reached, .. }) => {
            Err(Failure::new(format!("bench: {name} has reached {reached:?} of {count} targets")))
        }
    }
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn micros(micros: f64) -> String {
    let digits = usize::from(micros < 20.0);
    format!("{micros:.digits$} µs")
}

#[cfg(test)]
mod tests {
    use super::super::timing::Took;
    use super::*;

    fn measured(name: &'static str, reached: usize) -> Measured {
        let took = Took { wall: Duration::from_secs(1), cpu: Duration::from_millis(10) };
        Measured { name, took, reached: Some(reached) }
    }

    #[test]
    fn one_that_has_left_something_out_is_not_compared() {
        let mut table = Table::new("here".into());
        let mut run = |theirs| {
            let measured = [measured("ours", 100), measured("theirs", theirs)];
            rates(&mut table, "it", 100, &measured, |_| (Target::None, Target::None))
        };
        assert!(run(100).is_ok());
        assert!(run(99).is_err());
        assert!(table.to_string().contains("| it: CPU | 100 µs each | theirs 100 µs | 1.00 |"), "{table}");
    }

    #[test]
    fn small_figures_have_a_decimal() {
        assert_eq!((micros(4.46), micros(66.6)), ("4.5 µs".to_owned(), "67 µs".to_owned()));
    }
}
