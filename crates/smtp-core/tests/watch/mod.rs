//! A session under watch: what has to hold whatever a server does is checked at every step.
//!
//! The property test and the fuzz target share it; a rule that is broken panics.

mod rules;

use std::fmt;
use std::time::Duration;

use smtp_core::proto::{Facts, Failure, Line, Output, Phase, Plan, Session, TlsFacts, TlsFailure};

pub(crate) use rules::replies_are_bounded;

/// What happens to a session, in order.
#[derive(Clone)]
pub(crate) enum Event {
    /// The server sends these bytes, knowing all that was written before.
    Bytes(Vec<u8>),
    /// What was written went out, but for so many octets.
    Sent(usize),
    /// Time passes, up to the deadline.
    Wait(Duration),
    /// Time passes until the deadline.
    Timeout,
    /// The stream ends.
    Close,
    /// The connection is reset.
    Reset,
    /// The handshake is over.
    Tls(Result<TlsFacts, TlsFailure>),
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes(b\"{}\")", bytes.escape_ascii()),
            Self::Sent(left) => write!(f, "Sent({left})"),
            Self::Wait(time) => write!(f, "Wait({time:?})"),
            Self::Timeout => f.write_str("Timeout"),
            Self::Close => f.write_str("Close"),
            Self::Reset => f.write_str("Reset"),
            Self::Tls(Ok(facts)) => write!(f, "Tls(verify_error: {:?})", facts.verify_error),
            Self::Tls(Err(failure)) => write!(f, "Tls({failure:?})"),
        }
    }
}

/// How the bytes of one event reach the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// In one piece.
    Whole,
    /// In pieces, of which the client sees all before it acts.
    Pieces,
    /// In pieces, with what the session says taken up between them.
    Drained,
}

/// What a session came to, and what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) verdict: Result<(), Failure>,
    pub(crate) facts: Facts,
    pub(crate) written: Vec<Vec<u8>>,
    pub(crate) lines: Vec<Line>,
}

/// Plays `events`, then lets time pass until the session ends. `cut` says how long the next piece is.
pub(crate) fn play(
    plan: &Plan,
    events: &[Event],
    reading: Reading,
    mut cut: impl FnMut() -> usize,
) -> Outcome {
    let mut watched = Watched::new(plan);
    for event in events {
        match (event, reading) {
            (Event::Bytes(bytes), Reading::Pieces | Reading::Drained) => {
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let (piece, after) = rest.split_at(cut().clamp(1, rest.len()));
                    watched.session.handle_input(watched.now, piece);
                    if reading == Reading::Drained {
                        watched.settle();
                    }
                    rest = after;
                }
                watched.settle();
            }
            _ => watched.step(event),
        }
    }
    watched.end()
}

struct Watched<'a> {
    plan: &'a Plan,
    session: Session,
    now: Duration,
    written: Vec<Vec<u8>>,
    lines: Vec<Line>,
    /// Octets written that did not go out yet.
    pending: usize,
    verdict: Option<Result<(), Failure>>,
    handshakes: usize,
    shakes_hands: bool,
    /// The message and its dot are out.
    has_handed_over: bool,
}

impl<'a> Watched<'a> {
    fn new(plan: &'a Plan) -> Self {
        let mut watched = Self {
            plan,
            session: Session::new(plan.clone(), Duration::ZERO),
            now: Duration::ZERO,
            written: Vec::new(),
            lines: Vec::new(),
            pending: 0,
            verdict: None,
            handshakes: 0,
            shakes_hands: false,
            has_handed_over: false,
        };
        watched.settle();
        watched
    }

    fn step(&mut self, event: &Event) {
        let deadline = self.session.deadline().unwrap_or(self.now);
        match event {
            Event::Bytes(bytes) if bytes.is_empty() => {}
            Event::Bytes(bytes) => self.session.handle_input(self.now, bytes),
            Event::Sent(left) => {
                self.pending = self.pending.min(*left);
                self.session.handle_sent(self.now, self.pending);
            }
            Event::Wait(time) if self.now + *time < deadline => self.now += *time,
            Event::Wait(_) | Event::Timeout => {
                self.now = self.now.max(deadline);
                self.session.handle_timeout(self.now);
            }
            Event::Close => self.session.handle_input(self.now, &[]),
            Event::Reset => self.session.handle_reset(self.now),
            Event::Tls(result) => {
                if std::mem::take(&mut self.shakes_hands) {
                    self.session.handle_tls(self.now, result.clone());
                }
            }
        }
        self.settle();
    }

    /// Takes up all that the session says.
    fn settle(&mut self) {
        // No reply is answered by more than a group of commands and the first lines of a message.
        let most = 1_000 + 2 * self.plan.delivery.as_ref().map_or(0, |delivery| delivery.recipients.len());
        let mut taken = 0;
        loop {
            match self.session.poll_output() {
                Output::Write(bytes) => {
                    taken += 1;
                    assert!(self.verdict.is_none(), "written after the end");
                    assert!(!self.shakes_hands, "written in the middle of a handshake");
                    rules::write_is_allowed(self.plan, self.session.facts(), &self.written, &bytes);
                    self.pending += bytes.len();
                    self.written.push(bytes);
                }
                Output::Line(line) => {
                    assert!(self.plan.transcript && self.verdict.is_none());
                    self.lines.push(line);
                }
                Output::StartTls => {
                    self.handshakes += 1;
                    assert!(self.handshakes == 1 && self.verdict.is_none());
                    self.shakes_hands = true;
                    break;
                }
                Output::Wait(deadline) => {
                    assert_eq!(Some(deadline), self.session.deadline());
                    assert!(self.verdict.is_none());
                    break;
                }
                Output::Done(verdict) => {
                    assert_eq!(self.session.deadline(), None);
                    let first = self.verdict.get_or_insert_with(|| verdict.clone());
                    assert_eq!(*first, verdict, "two verdicts");
                    break;
                }
            }
            assert!(taken <= most, "the session does not stop talking");
        }
        let is_content_out =
            self.session.phase() == Phase::Dot && rules::has_content(self.plan, &self.written);
        self.has_handed_over |= is_content_out;
        replies_are_bounded(self.session.facts());
    }

    /// Every wait has a limit, and whatever comes after the end changes nothing.
    fn end(mut self) -> Outcome {
        self.step(&Event::Timeout);
        let Some(verdict) = self.verdict.clone() else {
            panic!("a time-out does not end {:?}", self.session)
        };
        let facts = self.session.facts().clone();
        for late in [
            Event::Bytes(b"250 late\r\n".to_vec()),
            Event::Sent(0),
            Event::Timeout,
            Event::Reset,
            Event::Close,
        ] {
            self.step(&late);
        }
        self.session.handle_tls(self.now, Err(TlsFailure::Closed));
        self.settle();
        assert_eq!(*self.session.facts(), facts, "something was learnt after the end");
        rules::verdict_is_true(self.plan, &verdict, &facts, self.has_handed_over);
        Outcome { verdict, facts: self.session.into_parts().0, written: self.written, lines: self.lines }
    }
}
