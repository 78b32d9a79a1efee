//! What a person sees of a long run: a line that is rewritten, and a summary.

use std::fmt::Write;
use std::fs::File;
use std::io::Seek;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Source;
use super::output::SharedWritten;
use crate::stderr;

/// A run of more records than this is a bulk run.
const FEW: u64 = 10;

/// How much of the input was taken up: the feeder notes it, the progress line shows it.
#[derive(Debug)]
pub(super) struct Intake {
    whole: Option<Whole>,
    targets: AtomicU64,
    bytes: AtomicU64,
}

/// How much there is.
#[derive(Debug, Clone, Copy)]
enum Whole {
    Targets(u64),
    Bytes(u64),
}

impl Intake {
    /// Nothing yet. How much a pipe will bring nobody knows.
    pub(super) fn new(source: &Source) -> Self {
        let whole = match source {
            Source::Arguments(words) => Some(Whole::Targets(words.len() as u64)),
            Source::Stdin => size_of_stdin().map(Whole::Bytes),
            Source::Job => None,
        };
        Self { whole, targets: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }

    /// A target is taken up, and with it this much of the input.
    pub(super) fn note(&self, targets: u64, bytes: u64) {
        self.targets.store(targets, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// The part of all work that is done, from 0 to 1, where it is known how much there is.
    fn share(&self, under_way: u64) -> Option<f64> {
        let taken = self.targets.load(Ordering::Relaxed);
        let done = taken.saturating_sub(under_way) as f64;
        let share = match self.whole? {
            Whole::Targets(all) => done / all as f64,
            // What was read and is not done counts as its part of what was read.
            Whole::Bytes(all) => self.bytes.load(Ordering::Relaxed) as f64 / all as f64 * done / taken as f64,
        };
        share.is_finite().then(|| share.clamp(0.0, 1.0))
    }
}

/// What is left of standard input, in bytes, if that is a file.
fn size_of_stdin() -> Option<u64> {
    let mut file = File::from(std::io::stdin().as_fd().try_clone_to_owned().ok()?);
    let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    metadata.len().checked_sub(file.stream_position().ok()?)
}

/// Rewrites the progress line; true if there is one now.
pub(super) fn show(written: &SharedWritten, intake: &Intake, under_way: u64, elapsed: Duration) -> bool {
    let records = written.lock().tally.records();
    if records <= FEW {
        return false;
    }
    stderr::write(&format!("\r\x1b[K{}", line(records, under_way, elapsed, intake.share(under_way))));
    true
}

fn line(records: u64, under_way: u64, elapsed: Duration, share: Option<f64>) -> String {
    let rate = records as f64 / elapsed.as_secs_f64().max(0.001);
    let mut line = format!("{records} done, {under_way} under way, {rate:.0} a second");
    // Of a thousandth there is no telling the rest.
    if let Some(share) = share.filter(|share| *share > 0.001) {
        let left = elapsed.as_secs_f64() * (1.0 - share) / share;
        let _ = write!(line, ", {:.0} %, {} left", (share * 100.0).floor(), in_words(left));
    }
    line
}

/// Seconds as a person says them.
fn in_words(seconds: f64) -> String {
    // More than that cannot be, and is cut.
    let seconds = seconds.ceil() as u64;
    match seconds {
        0..100 => format!("{seconds} s"),
        100..6_000 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// Takes the progress line away.
pub(super) fn clear() {
    stderr::write("\r\x1b[K");
}

/// The summary of a bulk run, by code.
pub(super) fn summary(tool: &str, written: &SharedWritten) {
    let written = written.lock();
    let tally = &written.tally;
    if tally.records() <= FEW {
        return;
    }
    let mut sentence = format!(
        "{} records: {} ok, {} fail, {} unknown",
        tally.records(),
        tally.ok,
        tally.fail,
        tally.unknown
    );
    let mut codes: Vec<(&String, &u64)> = written.codes.iter().collect();
    codes.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    for (at, (code, count)) in codes.into_iter().enumerate() {
        let mark = if at == 0 { ';' } else { ',' };
        let _ = write!(sentence, "{mark} {code} {count}");
    }
    stderr::say(tool, &sentence);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intake(whole: Option<Whole>, targets: u64, bytes: u64) -> Intake {
        let intake = Intake { whole, targets: AtomicU64::new(0), bytes: AtomicU64::new(0) };
        intake.note(targets, bytes);
        intake
    }

    #[test]
    fn the_line_of_a_run() {
        let after = Duration::from_secs;
        assert_eq!(line(500, 100, after(10), None), "500 done, 100 under way, 50 a second");
        let quarter = line(500, 100, after(10), Some(0.25));
        assert_eq!(quarter, "500 done, 100 under way, 50 a second, 25 %, 30 s left");
        assert!(line(11, 1, Duration::ZERO, Some(0.0)).ends_with(" a second"));
        assert!(line(999, 0, after(10), Some(1.0)).ends_with("100 %, 0 s left"));
        assert!(line(999, 1, after(10), Some(0.999)).ends_with("99 %, 1 s left"));
    }

    #[test]
    fn time_as_it_is_said() {
        for (seconds, words) in [(0.0, "0 s"), (0.2, "1 s"), (99.0, "99 s"), (100.0, "2 min")] {
            assert_eq!(in_words(seconds), words);
        }
        assert_eq!(in_words(7_500.0), "2 h 5 min");
        assert!(in_words(f64::INFINITY).ends_with("min") && in_words(f64::NAN) == "0 s");
    }

    #[test]
    fn how_much_is_done() {
        assert_eq!(intake(Some(Whole::Targets(200)), 150, 0).share(50), Some(0.5));
        // Half of the file is read, and half of what was read is done.
        assert_eq!(intake(Some(Whole::Bytes(4_000)), 100, 2_000).share(50), Some(0.25));
        assert_eq!(intake(None, 100, 2_000).share(50), None);
        // A file that grows; one that is empty; nothing taken up yet.
        assert_eq!(intake(Some(Whole::Bytes(10)), 100, 2_000).share(0), Some(1.0));
        assert_eq!(intake(Some(Whole::Bytes(0)), 1, 1).share(0), None);
        assert_eq!(intake(Some(Whole::Bytes(10)), 0, 0).share(0), None);
    }
}
