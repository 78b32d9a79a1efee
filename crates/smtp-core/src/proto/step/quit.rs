//! QUIT (RFC 5321 section 4.1.1.10). Its answer decides nothing.

use std::time::Duration;

use super::Step;
use crate::proto::{Reply, Session};

pub(in crate::proto) fn begin(session: &mut Session, now: Duration) {
    session.send("QUIT");
    session.enter(Step::Quit, now);
}

/// QUIT went out with what came before it (RFC 2920 section 3.1: last of its group).
pub(in crate::proto) fn wait(session: &mut Session, now: Duration) {
    session.enter(Step::Quit, now);
}

pub(in crate::proto) fn on_reply(session: &mut Session, now: Duration, reply: Reply) {
    // Replies may be owed to commands of a group that was broken off.
    if session.awaited().pop_front().is_some() && reply.code != 221 {
        return;
    }
    if reply.code == 221 {
        session.finish(now);
    } else {
        session.leave_unanswered(now, Some(reply));
    }
}
