//! The dialogue on stderr (`-v`), line by line as it happens.

use std::time::Duration;

use smtp_core::proto::{Direction, Endpoint, Line};

use crate::stderr;
use crate::text::clean;

/// Where the lines of one session go.
#[derive(Debug, Clone, Copy)]
pub struct Transcript<'a> {
    shown: bool,
    target: &'a Endpoint,
    many: bool,
}

impl<'a> Transcript<'a> {
    /// The transcript of a session with `target`; it is named on each line if there are many.
    pub fn new(shown: bool, target: &'a Endpoint, many: bool) -> Self {
        Self { shown, target, many }
    }

    /// Something that happened.
    pub fn note(&self, text: &str) {
        if !self.shown {
            return;
        }
        let at = if self.many { String::new() } else { format!(" ({})", self.target) };
        self.write("**", &format!("{text}{at}"));
    }

    /// Something that was said, and when.
    pub fn line(&self, at: Duration, line: &Line) {
        let mark = match line.direction {
            Direction::Client => "->",
            Direction::Server => "<-",
        };
        self.write(mark, &format!("{:>7.3}  {}", at.as_secs_f64(), line.text));
    }

    fn write(&self, mark: &str, text: &str) {
        if self.shown {
            let whose = if self.many { format!("{} ", self.target) } else { String::new() };
            stderr::write(&format!("{whose}{mark} {}\n", clean(text)));
        }
    }
}
