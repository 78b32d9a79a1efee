//! The phases of a session, and how long each took.

use std::time::Duration;

/// What the client is doing or waiting for. The words are those of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Opening the connection.
    Connect,
    /// Waiting for the greeting (RFC 5321 section 3.1).
    Banner,
    /// EHLO, and HELO after it.
    Ehlo,
    /// STARTTLS, up to its reply (RFC 3207).
    Starttls,
    /// The TLS handshake.
    Tls,
    /// EHLO inside TLS (RFC 3207 section 4.2).
    EhloTls,
    /// AUTH (RFC 4954).
    Auth,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA, and the message up to its last byte.
    Data,
    /// Waiting for the reply to the final dot.
    Dot,
    /// QUIT.
    Quit,
}

impl Phase {
    /// The word used in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Banner => "banner",
            Self::Ehlo => "ehlo",
            Self::Starttls => "starttls",
            Self::Tls => "tls",
            Self::EhloTls => "ehlo_tls",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
            Self::Dot => "dot",
            Self::Quit => "quit",
        }
    }
}

/// The time spent in each phase that was reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timing {
    phases: Vec<(Phase, Duration)>,
}

impl Timing {
    /// Adds `spent` to what `phase` has taken so far.
    pub fn add(&mut self, phase: Phase, spent: Duration) {
        match self.phases.iter_mut().find(|(p, _)| *p == phase) {
            Some((_, total)) => *total += spent,
            None => self.phases.push((phase, spent)),
        }
    }

    /// The time spent in `phase`, if it was reached.
    pub fn of(&self, phase: Phase) -> Option<Duration> {
        self.iter().find(|(p, _)| *p == phase).map(|(_, spent)| spent)
    }

    /// The phases reached, in the order in which they were.
    pub fn iter(&self) -> impl Iterator<Item = (Phase, Duration)> + '_ {
        self.phases.iter().copied()
    }
}
