//! What a person sees of a long run: a line that is rewritten, and a summary.

use std::fmt::Write;
use std::time::Duration;

use super::output::SharedWritten;
use crate::stderr;

/// A run of more records than this is a bulk run.
const FEW: u64 = 10;

/// Rewrites the progress line; true if there is one now.
pub(super) fn show(written: &SharedWritten, under_way: u64, elapsed: Duration) -> bool {
    let records = written.lock().tally.records();
    if records <= FEW {
        return false;
    }
    let rate = records as f64 / elapsed.as_secs_f64().max(0.001);
    stderr::write(&format!("\r\x1b[K{records} done, {under_way} under way, {rate:.0} a second"));
    true
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
