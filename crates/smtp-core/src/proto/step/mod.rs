//! What happens in each phase, a file each.

pub(super) mod auth;
pub(super) mod ehlo;
pub(super) mod greeting;
pub(super) mod quit;
pub(super) mod starttls;
pub(super) mod transaction;

use std::time::Duration;

use super::{Phase, Session};

/// What the session is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Greeting,
    Ehlo(Where),
    Helo(Where),
    Starttls,
    Handshake,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The message is going out.
    Content,
    Dot,
    Quit,
    Done,
}

/// In clear or inside TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    Clear,
    Tls,
}

impl Step {
    pub(super) const fn phase(self) -> Phase {
        match self {
            Self::Greeting => Phase::Banner,
            Self::Ehlo(Where::Clear) | Self::Helo(Where::Clear) => Phase::Ehlo,
            Self::Ehlo(Where::Tls) | Self::Helo(Where::Tls) => Phase::EhloTls,
            Self::Starttls => Phase::Starttls,
            Self::Handshake => Phase::Tls,
            Self::Auth => Phase::Auth,
            Self::Mail => Phase::Mail,
            Self::Rcpt => Phase::Rcpt,
            Self::Data | Self::Content => Phase::Data,
            Self::Dot => Phase::Dot,
            Self::Quit | Self::Done => Phase::Quit,
        }
    }
}

/// Whether the plan ends with this phase.
fn ends_after(session: &Session, phase: Phase) -> bool {
    session.plan().quit_after == Some(phase)
}

/// Greetings are exchanged and TLS is as it will be: now for the login, where there is to be one.
fn proceed(session: &mut Session, now: Duration) {
    let is_early = session.plan().quit_after.is_some_and(|phase| phase < Phase::Auth);
    match session.plan().auth.clone() {
        Some(plan) if !session.has_failed() && !is_early => auth::begin(session, now, &plan),
        _ => hand_over(session, now),
    }
}

/// Now for what the caller wants.
fn hand_over(session: &mut Session, now: Duration) {
    // A phase that did not occur is passed as well: nothing is handed over after it.
    let is_early = session.plan().quit_after.is_some_and(|phase| phase < Phase::Mail);
    if session.has_failed() || session.plan().delivery.is_none() || is_early {
        quit::begin(session, now);
    } else {
        transaction::begin(session, now);
    }
}
