//! How many targets are under way, and when the next may begin.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Room for this part of all is waited for before anybody is woken.
const SEVERAL: u64 = 32;

/// How long room for a few goes unseen.
const LOOK: Duration = Duration::from_millis(5);

/// Shared between the feeder, which waits at it, and the workers and the writer, which let go.
#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
    most: u64,
    window: Option<u64>,
    interval: Option<Duration>,
}

#[derive(Debug)]
struct State {
    under_way: u64,
    /// The first sequence number whose records are not all out.
    written: u64,
    next_begin: Option<Instant>,
    shut: bool,
    /// Somebody waits for room.
    is_full: bool,
}

impl Gate {
    /// At most `most` targets at a time; with `ordered` at most ten times as many ahead of the
    /// first that is not written; at most `rate` begun a second, and one second's worth at once.
    pub(super) fn new(most: u32, ordered: bool, rate: Option<u32>) -> Self {
        Self {
            state: Mutex::new(State {
                under_way: 0,
                written: 0,
                next_begin: None,
                shut: false,
                is_full: false,
            }),
            changed: Condvar::new(),
            most: u64::from(most),
            window: ordered.then_some(10 * u64::from(most)),
            interval: rate.map(|rate| Duration::from_secs(1) / rate),
        }
    }

    /// Waits until the target with this number may begin. False: no more may.
    pub(super) fn enter(&self, number: u64) -> bool {
        let mut state = self.lock();
        loop {
            let full = state.under_way >= self.most;
            let ahead = self.window.is_some_and(|window| number >= state.written + window);
            if state.shut {
                return false;
            }
            if full || ahead {
                state.is_full = true;
                state = if self.most / SEVERAL == 0 {
                    self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
                } else {
                    let waited = self.changed.wait_timeout(state, LOOK);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                };
                continue;
            }
            let now = Instant::now();
            match state.next_begin.filter(|begin| self.interval.is_some() && *begin > now) {
                Some(begin) => {
                    let waited = self.changed.wait_timeout(state, begin - now);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                None => break,
            }
        }
        if let Some(interval) = self.interval {
            let now = Instant::now();
            // What was not begun in time may be made up for, up to a second's worth.
            let earliest = now.checked_sub(Duration::from_secs(1)).unwrap_or(now) + interval;
            let begin = state.next_begin.map_or(now, |begin| begin.max(earliest));
            state.next_begin = Some(begin + interval);
        }
        state.under_way += 1;
        true
    }

    /// A target is done. Who waits for room is woken when there is room for several: waking costs
    /// more than it takes to read them.
    pub(super) fn leave(&self) {
        let mut state = self.lock();
        state.under_way -= 1;
        if state.is_full && state.under_way + self.most / SEVERAL <= self.most {
            self.wake(state);
        }
    }

    /// All records before this number are out.
    pub(super) fn written(&self, number: u64) {
        let mut state = self.lock();
        state.written = number;
        if state.is_full {
            self.wake(state);
        }
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        state.is_full = false;
        drop(state);
        self.changed.notify_all();
    }

    /// Nothing begins any more.
    pub(super) fn shut(&self) {
        self.lock().shut = true;
        self.changed.notify_all();
    }

    /// How many targets are under way.
    pub(super) fn under_way(&self) -> u64 {
        self.lock().under_way
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_spreads_the_targets() {
        let gate = Gate::new(100, false, Some(100));
        let begun = Instant::now();
        assert!((0..6).all(|number| gate.enter(number)));
        assert!(begun.elapsed() >= Duration::from_millis(50));
    }

    #[test]
    fn a_shut_gate_lets_nobody_in() {
        let gate = Gate::new(1, false, None);
        assert!(gate.enter(0));
        gate.shut();
        assert!(!gate.enter(1));
    }

    #[test]
    fn one_more_may_begin_when_one_is_done() {
        let gate = std::sync::Arc::new(Gate::new(1, true, None));
        assert!(gate.enter(0));
        let waiting = std::thread::spawn({
            let gate = gate.clone();
            move || gate.enter(1)
        });
        gate.leave();
        assert!(waiting.join().unwrap());
    }
}
