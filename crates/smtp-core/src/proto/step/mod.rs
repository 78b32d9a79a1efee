//! What happens in each phase, a file each.

pub(super) mod ehlo;
pub(super) mod greeting;
pub(super) mod quit;

use super::Phase;

/// What the session is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Greeting,
    Ehlo,
    Helo,
    Quit,
    Done,
}

impl Step {
    pub(super) const fn phase(self) -> Phase {
        match self {
            Self::Greeting => Phase::Banner,
            Self::Ehlo | Self::Helo => Phase::Ehlo,
            Self::Quit | Self::Done => Phase::Quit,
        }
    }
}
