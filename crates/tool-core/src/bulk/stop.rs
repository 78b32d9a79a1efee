//! Why a run ends before its input does.

use tokio::sync::watch;

/// How far a run is to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stop {
    /// It goes on.
    No,
    /// Ctrl-C or SIGTERM: what was taken up gets its record.
    Interrupted,
    /// Nobody reads the output any more.
    Unread,
}

/// The switch, shared by all threads.
#[derive(Debug, Clone)]
pub(super) struct Switch(watch::Sender<Stop>);

impl Switch {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Stop::No))
    }

    /// Stops at least this far.
    pub(super) fn stop(&self, how: Stop) {
        self.0.send_if_modified(|now| {
            let further = how > *now;
            *now = how.max(*now);
            further
        });
    }

    pub(super) fn state(&self) -> Stop {
        *self.0.borrow()
    }

    /// Waits until the run is stopped this far.
    pub(super) async fn stopped(&self, how: Stop) {
        // The sender lives in `self`, so this cannot end early.
        let _ = self.0.subscribe().wait_for(|now| *now >= how).await;
    }
}
