//! Holds sessions back until so many are there, so that they can be looked at while all are open.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// Whoever waits longer is let through: the others are not coming, or nobody is looking any more.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Gate {
    count: usize,
    arrived: AtomicUsize,
    is_open: watch::Sender<bool>,
}

impl Gate {
    /// A gate for `count` sessions; none is held back if that is 0.
    pub(crate) fn new(count: usize) -> Self {
        Self { count, arrived: AtomicUsize::new(0), is_open: watch::Sender::new(count == 0) }
    }

    pub(crate) fn open(&self) {
        self.is_open.send_replace(true);
    }

    /// Waits until it is open; the last to arrive says that all are there.
    pub(crate) async fn pass(&self) {
        if self.count == 0 {
            return;
        }
        if self.arrived.fetch_add(1, Ordering::Relaxed) + 1 == self.count {
            println!("held");
        }
        let mut open = self.is_open.subscribe();
        if timeout(PATIENCE, open.wait_for(|open| *open)).await.is_err() {
            println!("tired of waiting");
        }
    }
}
