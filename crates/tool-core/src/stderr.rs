//! The one place that writes to stderr, which is for people: nothing a script needs is only here.

use std::io::Write;

use crate::text::clean;

/// Says a sentence, with the tool's name in front.
pub fn say(tool: &str, sentence: &str) {
    write(&format!("{tool}: {}\n", clean(sentence)));
}

/// Writes whole lines as they are, in one piece. A stderr that is gone is nobody's loss.
pub fn write(lines: &str) {
    let _ = std::io::stderr().lock().write_all(lines.as_bytes());
}
