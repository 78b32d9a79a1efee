//! The protocol without I/O.

mod capability;
mod cause;
pub mod dialogue;
mod enhanced;
mod phase;
mod plan;
mod quirk;
mod reply;
mod session;
mod step;
mod transcript;

pub use capability::Capabilities;
pub use cause::{Cause, Failure};
pub use enhanced::Enhanced;
pub use phase::{Phase, Timing};
pub use plan::{HelloName, HelloNameError, Limits, Plan};
pub use quirk::{Quirk, Quirks};
pub use reply::{Bounds, Reply, ReplyError, ReplyParser};
pub use session::{Facts, Hello, Output, Session, Verb};
pub use transcript::{Direction, Line};
