//! Why a run ends before its input does.

use tokio::sync::watch;

/// A reason to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Ctrl-C or SIGTERM: what was taken up gets its record.
    Interrupted,
    /// Nobody reads the output any more.
    Unread,
}

/// The reasons that there are.
#[derive(Debug, Clone, Copy, Default)]
struct Reasons {
    interrupted: bool,
    unread: bool,
}

impl Reasons {
    fn of(&mut self, why: Stop) -> &mut bool {
        match why {
            Stop::Interrupted => &mut self.interrupted,
            Stop::Unread => &mut self.unread,
        }
    }
}

/// The switch, shared by all threads.
#[derive(Debug, Clone)]
pub(crate) struct Switch(watch::Sender<Reasons>);

impl Switch {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(Reasons::default()))
    }

    pub(crate) fn stop(&self, why: Stop) {
        self.0.send_modify(|reasons| *reasons.of(why) = true);
    }

    pub(crate) fn is_stopped(&self, why: Stop) -> bool {
        let mut reasons = *self.0.borrow();
        *reasons.of(why)
    }

    /// Waits until there is this reason.
    pub(crate) async fn stopped(&self, why: Stop) {
        // The sender lives in `self`, so this cannot end early.
        let _ = self.0.subscribe().wait_for(|reasons| *reasons.clone().of(why)).await;
    }
}
