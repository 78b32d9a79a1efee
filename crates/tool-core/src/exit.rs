//! The one table of exit codes.

use std::process::ExitCode;

use crate::record::Status;

/// How a run ended, the first that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Every target `ok`, or no target.
    Ok = 0,
    /// At least one `fail`.
    Fail = 1,
    /// Wrong usage: nothing was attempted.
    Usage = 2,
    /// A defect of the tool.
    Defect = 70,
    /// The output could not be written, or the input not be read.
    Output = 74,
    /// No `fail`, at least one `unknown`: try again.
    Unknown = 75,
    /// Ctrl-C or SIGTERM.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What has happened in a run, as far as it decides the exit code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records that are `ok`.
    pub ok: u64,
    /// Records that are `fail`.
    pub fail: u64,
    /// Records that are `unknown`.
    pub unknown: u64,
    /// Records of a panic.
    pub panics: u64,
}

impl Tally {
    /// Counts a record that was written.
    pub fn count(&mut self, status: Status, panic: bool) {
        match status {
            Status::Ok => self.ok += 1,
            Status::Fail => self.fail += 1,
            Status::Unknown => self.unknown += 1,
        }
        self.panics += u64::from(panic);
    }

    /// All records.
    pub fn records(&self) -> u64 {
        self.ok + self.fail + self.unknown
    }

    /// The exit code; `lenient` is `--exit-zero`.
    pub fn exit(&self, interrupted: bool, output_failed: bool, lenient: bool) -> Exit {
        match () {
            () if interrupted => Exit::Interrupted,
            () if self.panics > 0 => Exit::Defect,
            () if output_failed => Exit::Output,
            () if lenient => Exit::Ok,
            () if self.fail > 0 => Exit::Fail,
            () if self.unknown > 0 => Exit::Unknown,
            () => Exit::Ok,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_applies_decides() {
        let tally = Tally { ok: 1, fail: 1, unknown: 1, panics: 0 };
        assert_eq!(tally.exit(true, true, true), Exit::Interrupted);
        assert_eq!(tally.exit(false, true, true), Exit::Output);
        assert_eq!(tally.exit(false, false, true), Exit::Ok);
        assert_eq!(tally.exit(false, false, false), Exit::Fail);
        assert_eq!(Tally { fail: 0, ..tally }.exit(false, false, false), Exit::Unknown);
        assert_eq!(Tally::default().exit(false, false, false), Exit::Ok);
        assert_eq!(Tally { panics: 1, ..tally }.exit(false, true, true), Exit::Defect);
    }
}
