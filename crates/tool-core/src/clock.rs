//! Wall-clock time for records, and the budget of one target.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// The current time as records show it: RFC 3339, UTC, milliseconds.
pub(crate) fn now() -> String {
    ago(Duration::ZERO)
}

/// The time `spent` ago, likewise.
pub(crate) fn ago(spent: Duration) -> String {
    let now = jiff::Timestamp::now();
    format!("{:.3}", now.checked_sub(spent).unwrap_or(now))
}

/// The time that a target may take, and has taken. Waiting for a slot does not count.
#[derive(Debug)]
pub struct Budget {
    /// The instant from which the time spent counts.
    origin: Cell<Instant>,
    /// The whole limit.
    pub limit: Duration,
}

impl Budget {
    /// A budget that begins now.
    pub fn new(limit: Duration) -> Self {
        Self { origin: Cell::new(Instant::now()), limit }
    }

    /// The same budget, of which `spent` is used up already, going on from now.
    #[must_use]
    pub fn resume(self, spent: Duration) -> Self {
        let now = Instant::now();
        self.origin.set(now.checked_sub(spent).unwrap_or(now));
        self
    }

    /// This much of the time since the beginning does not count.
    pub(crate) fn excuse(&self, waited: Duration) {
        self.origin.set(self.origin.get() + waited);
    }

    /// The instant from which the time spent counts.
    pub fn origin(&self) -> Instant {
        self.origin.get()
    }

    /// The time used up.
    pub fn spent(&self) -> Duration {
        self.origin().elapsed()
    }

    /// When it ends.
    pub fn deadline(&self) -> Instant {
        self.origin() + self.limit
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_have_milliseconds_and_z() {
        let now = super::now();
        assert_eq!(now.len(), "2026-11-24T08:08:40.512Z".len(), "{now}");
        assert!(now.ends_with('Z') && now.as_bytes()[19] == b'.');
    }
}
