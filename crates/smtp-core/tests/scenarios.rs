//! Replays every dialogue file on a virtual clock, whole and byte by byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use smtp_core::proto::dialogue::{Dialogue, Turn, fill, fits};
use smtp_core::proto::{
    Delivery, Demand, Facts, Failure, HelloName, Limits, Mailbox, Output, Plan, Session, TlsFacts,
    TlsFailure, TlsLevel, TlsPlan, Verb,
};

const SECOND: Duration = Duration::from_secs(1);

/// As `smtp-ping` does it without options.
fn plan(limits: Limits, dialogue: Option<&Dialogue>) -> Plan {
    let implicit = dialogue.is_some_and(Dialogue::is_implicit);
    let tls = TlsPlan { level: TlsLevel::May, implicit, pass_over: false, demand: Demand::Nothing };
    let hello = HelloName::new("client.example").unwrap();
    let asked = dialogue.map(Dialogue::recipients).unwrap_or_default();
    let recipients: Vec<Mailbox> = asked.iter().map(|to| Mailbox::parse(to).unwrap()).collect();
    let from = Mailbox::parse("<>").unwrap();
    let delivery = (!recipients.is_empty()).then_some(Delivery { from, recipients, content: None });
    let verb = match dialogue {
        Some(dialogue) if dialogue.is_lmtp() => Verb::Lhlo,
        Some(dialogue) if !dialogue.again.is_empty() => Verb::Helo,
        _ => Verb::Ehlo,
    };
    Plan { verb, hello, tls, delivery, auth: None, quit_after: None, limits, transcript: dialogue.is_none() }
}

/// A handshake that nobody made.
fn tls_facts() -> TlsFacts {
    TlsFacts { version: "TLSv1.3".into(), cipher: "TLS_AES_128_GCM_SHA256".into(), ..TlsFacts::default() }
}

#[derive(Debug, PartialEq)]
struct Outcome {
    verdict: Result<(), Failure>,
    facts: Facts,
    said: Vec<String>,
}

struct Replay {
    session: Session,
    now: Duration,
    said: Vec<String>,
    unheard: VecDeque<String>,
    verdict: Option<Result<(), Failure>>,
    chunk: usize,
    /// The client is to shake hands, and that is not over.
    shakes_hands: bool,
    /// It has begun to: what the server says now is read as TLS.
    is_tls_hello_out: bool,
}

impl Replay {
    fn run(dialogue: &Dialogue, chunk: usize) -> Outcome {
        let limits = Limits { quit: 5 * SECOND, ..Limits::uniform(300 * SECOND) };
        let plan = plan(limits, Some(dialogue));
        let session = Session::new(plan, Duration::ZERO);
        let mut replay = Self {
            session,
            now: Duration::ZERO,
            said: vec![],
            unheard: VecDeque::new(),
            verdict: None,
            chunk,
            shakes_hands: false,
            is_tls_hello_out: false,
        };
        replay.drain();
        // Where there are two connections, the last one tells: HELO is said on it.
        let turns = dialogue.on_connection(1);
        for turn in turns.iter().chain([&Turn::Close]) {
            if replay.verdict.is_some() {
                break;
            }
            replay.play(turn);
        }
        let verdict = replay.verdict.expect("a closed connection ends the session");
        Outcome { verdict, facts: replay.session.into_parts().0, said: replay.said }
    }

    fn play(&mut self, turn: &Turn) {
        if std::mem::take(&mut self.is_tls_hello_out) {
            let failure = match turn {
                Turn::Send(_) => Some(TlsFailure::Handshake("no TLS".into())),
                Turn::Close => Some(TlsFailure::Closed),
                Turn::Reset => Some(TlsFailure::Reset),
                _ => None,
            };
            if let Some(failure) = failure {
                return self.step(|session, now| session.handle_tls(now, Err(failure)));
            }
        }
        match turn {
            Turn::Tls => {
                assert!(std::mem::take(&mut self.shakes_hands), "the client does not shake hands");
                self.step(|session, now| session.handle_tls(now, Ok(tls_facts())));
            }
            Turn::TlsHello => {
                assert!(self.shakes_hands, "the client does not shake hands");
                self.is_tls_hello_out = true;
            }
            Turn::Send(bytes) => self.deliver(&fill(bytes, "mx.example", "127.0.0.1")),
            Turn::Flood { bytes, count } => {
                for _ in 0..*count {
                    self.deliver(bytes);
                }
            }
            Turn::Receive(pattern) => match self.unheard.pop_front() {
                Some(line) => assert!(fits(pattern, line.as_bytes()), "{line} does not fit {pattern}"),
                None => self.wait(Duration::MAX),
            },
            Turn::Pause(time) => self.wait(*time),
            Turn::Drip { bytes, every } => {
                for byte in bytes {
                    self.wait(*every);
                    self.deliver(&[*byte]);
                }
            }
            Turn::Silence => {
                while self.verdict.is_none() {
                    self.wait(Duration::MAX);
                }
            }
            Turn::Close => self.step(|session, now| session.handle_input(now, &[])),
            Turn::Reset => self.step(|session, now| session.handle_reset(now)),
        }
    }

    fn deliver(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(self.chunk) {
            self.step(|session, now| session.handle_input(now, piece));
        }
    }

    fn wait(&mut self, time: Duration) {
        let Some(deadline) = self.session.deadline() else { return };
        let until = self.now.saturating_add(time);
        self.now = until.min(deadline);
        if until >= deadline {
            self.step(Session::handle_timeout);
        }
    }

    fn step(&mut self, handle: impl FnOnce(&mut Session, Duration)) {
        if self.verdict.is_none() {
            handle(&mut self.session, self.now);
            self.drain();
        }
    }

    fn drain(&mut self) {
        loop {
            match self.session.poll_output() {
                Output::Write(bytes) => {
                    let text = String::from_utf8(bytes).unwrap();
                    let group = text.strip_suffix("\r\n").expect("commands end in CRLF");
                    for line in group.split("\r\n") {
                        self.said.push(line.to_owned());
                        self.unheard.push_back(line.to_owned());
                    }
                }
                Output::Line(_) => unreachable!("no transcript was asked for"),
                Output::StartTls => {
                    self.shakes_hands = true;
                    return;
                }
                Output::Wait(_) => return,
                Output::Done(verdict) => {
                    self.verdict = Some(verdict);
                    return;
                }
            }
        }
    }
}

#[test]
fn every_scenario_ends_as_it_says_in_any_split() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut played = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let dialogue = Dialogue::parse(&std::fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        let whole = Replay::run(&dialogue, usize::MAX);
        match &whole.verdict {
            // That the session went well says nothing about the recipient.
            Ok(()) if dialogue.expect.phase.as_deref() == Some("rcpt") => {}
            Ok(()) => assert_eq!(dialogue.expect.status, "ok", "{name}"),
            Err(failure) => {
                assert_ne!(dialogue.expect.status, "ok", "{name}: {failure:?}");
                assert_eq!(dialogue.expect.phase.as_deref(), Some(failure.phase.as_str()), "{name}");
            }
        }
        for chunk in [1, 2, 7] {
            assert_eq!(whole, Replay::run(&dialogue, chunk), "{name} in pieces of {chunk}");
        }
        played += 1;
    }
    assert!(played > 0);
}

#[test]
fn nothing_is_said_before_the_greeting() {
    let plan = plan(Limits::uniform(SECOND), None);
    let mut session = Session::new(plan, Duration::ZERO);
    assert_eq!(session.poll_output(), Output::Wait(SECOND));
}
