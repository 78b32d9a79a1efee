//! The state machine of one SMTP session.

use std::collections::VecDeque;
use std::time::Duration;

use super::reply::excerpt;
use super::step::auth::Exchange;
use super::step::transaction::Awaited;
use super::step::{self, Step};
use super::{
    Capabilities, Cause, Direction, Enhanced, Facts, Failure, HIDDEN, Line, Phase, Plan, Quirk, Reply,
    ReplyError, ReplyParser, Secret, TlsFacts, TlsFailure, Transaction,
};

/// One SMTP session, from the greeting to QUIT, without I/O and without a clock.
///
/// The caller opens a connection, makes a session, and then, until [`Output::Done`]:
///
/// 1. drains [`poll_output`](Self::poll_output): [`Output::Write`] bytes go to the server in order,
///    [`Output::Line`] is for people, [`Output::StartTls`] and [`Output::Wait`] end the draining;
/// 2. writes while it reads, and waits for bytes, for the end of the stream, or for the
///    [`deadline`](Self::deadline), whichever is first; reports it by
///    [`handle_sent`](Self::handle_sent), [`handle_input`](Self::handle_input) (no bytes: end of
///    stream), [`handle_reset`](Self::handle_reset) or [`handle_timeout`](Self::handle_timeout).
///
/// After [`Output::StartTls`] it shakes hands and reports by [`handle_tls`](Self::handle_tls) or
/// `handle_timeout`; nothing else is read or written before.
///
/// Time is an argument: `now` is any duration that grows, such as the time since the connection
/// was begun, on the clock that [`Limits::total`](super::Limits::total) was made for. Any split of the same bytes gives the
/// same outcome. The first failure is the verdict; the session may still say QUIT after it.
/// What was learnt is in [`facts`](Self::facts) at any moment, also when the caller gives up.
#[derive(Debug)]
pub struct Session {
    plan: Plan,
    step: Step,
    parser: ReplyParser,
    outputs: VecDeque<Output>,
    facts: Facts,
    failure: Option<Failure>,
    /// The login under way.
    exchange: Option<Exchange>,
    /// What no reply gives away, though the server repeats it.
    secrets: Vec<Secret>,
    /// The replies still to come for the commands of one group (RFC 2920 section 3.1).
    awaited: VecDeque<Awaited>,
    /// Octets that went out in one piece with the message, behind its final dot.
    behind_dot: usize,
    since: Duration,
    deadline: Duration,
    limit: Duration,
}

/// What the caller is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send these bytes.
    Write(Vec<u8>),
    /// A line of the dialogue, if the plan asked for the transcript.
    Line(Line),
    /// Shake hands, then report by [`Session::handle_tls`].
    StartTls,
    /// Wait for input until this instant at most.
    Wait(Duration),
    /// The session is over: close the connection.
    Done(Result<(), Failure>),
}

impl Session {
    /// A session on a connection that is open since `now`.
    pub fn new(plan: Plan, now: Duration) -> Self {
        let mut session = Self {
            plan,
            step: Step::Greeting,
            parser: ReplyParser::new(),
            outputs: VecDeque::new(),
            facts: Facts::default(),
            failure: None,
            exchange: None,
            secrets: Vec::new(),
            awaited: VecDeque::new(),
            behind_dot: 0,
            since: now,
            deadline: Duration::ZERO,
            limit: Duration::ZERO,
        };
        // A server may know them from another time.
        for secret in session.plan.auth.iter().flat_map(|auth| auth.login.secrets()).collect::<Vec<_>>() {
            session.hide(secret);
        }
        if session.plan.tls.implicit {
            step::starttls::shake_hands(&mut session, now);
        } else {
            session.enter(Step::Greeting, now);
        }
        session
    }

    /// The next thing to do. After [`Output::Wait`] and [`Output::Done`] it is the caller's turn.
    pub fn poll_output(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or_else(|| match (self.step, &self.failure) {
            (Step::Done, None) => Output::Done(Ok(())),
            (Step::Done, Some(failure)) => Output::Done(Err(failure.clone())),
            _ => Output::Wait(self.deadline),
        })
    }

    /// Bytes from the server; none means the end of the stream.
    pub fn handle_input(&mut self, now: Duration, bytes: &[u8]) {
        if bytes.is_empty() {
            self.stream_ended(now, Cause::Closed);
            return;
        }
        // A TLS alert or ServerHello is no line, though it may hold a line end.
        if self.step == Step::Greeting && self.facts.banner.is_none() && !self.parser.has_lines() {
            let mut head = self.parser.partial().iter().chain(bytes);
            if matches!((head.next(), head.next()), (Some(0x15 | 0x16), Some(0x03))) {
                return self.fail(now, Failure::new(Cause::ImplicitTlsExpected, Phase::Banner));
            }
        }
        let mut input = bytes;
        while self.step != Step::Done {
            // RFC 3207 section 6: what came in clear behind the 220 is an attack, never data.
            if self.step == Step::Handshake && !input.is_empty() {
                return self.fail(now, Failure::new(Cause::PlaintextAfterStarttls, Phase::Tls));
            }
            match self.parser.parse(&mut input, &mut self.facts.quirks) {
                None => break,
                Some(Ok(reply)) => self.take_reply(now, reply),
                Some(Err(error)) => self.bad_input(now, error),
            }
        }
    }

    /// Some of what was written went out; `left` octets did not yet.
    pub fn handle_sent(&mut self, now: Duration, left: usize) {
        if self.step == Step::Content {
            match left <= self.behind_dot {
                // The dot is out, though what follows it may not be: the message may be taken.
                true => step::transaction::content_sent(self, now),
                false => (self.deadline, self.limit) = self.plan.limits.block_deadline(now),
            }
        }
    }

    /// The handshake is over, or the server ended it after all by an alert.
    pub fn handle_tls(&mut self, now: Duration, result: Result<TlsFacts, TlsFailure>) {
        match (self.step, result) {
            (Step::Handshake, result) => step::starttls::on_handshake(self, now, result),
            // Only the first words inside TLS can meet with the end of the handshake.
            (Step::Greeting | Step::Ehlo(_), Err(failure)) if self.facts.ehlo_tls.is_none() => {
                step::starttls::handshake_failed(self, now, failure);
            }
            (_, Err(_)) => self.handle_reset(now),
            (_, Ok(_)) => {}
        }
    }

    /// The connection was reset.
    pub fn handle_reset(&mut self, now: Duration) {
        self.stream_ended(now, Cause::Reset);
    }

    /// The deadline of the last [`Output::Wait`] has passed.
    pub fn handle_timeout(&mut self, now: Duration) {
        match self.step {
            Step::Done => {}
            Step::Quit => self.leave_unanswered(now, None),
            step => {
                let cause = match (step, self.not_smtp_so_far()) {
                    (Step::Greeting, true) => Cause::NotSmtp,
                    (Step::Greeting, false) => Cause::BannerTimeout,
                    (Step::Handshake, _) => Cause::TlsTimeout,
                    (Step::Dot, _) => Cause::Uncertain,
                    _ => Cause::Timeout,
                };
                let failure = self.with_received(Failure::new(cause, step.phase()).with_limit(self.limit));
                self.fail(now, failure);
            }
        }
    }

    /// What is known so far.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// When the current wait ends, unless the session is over.
    pub fn deadline(&self) -> Option<Duration> {
        (self.step != Step::Done).then_some(self.deadline)
    }

    /// What was learnt, and what was planned.
    pub fn into_parts(self) -> (Facts, Plan) {
        (self.facts, self.plan)
    }

    /// What is being waited for.
    pub fn phase(&self) -> Phase {
        self.step.phase()
    }

    fn take_reply(&mut self, now: Duration, mut reply: Reply) {
        for line in &mut reply.lines {
            self.hide_secrets(line);
        }
        self.facts.invalid_utf8 |= reply.invalid_utf8;
        self.note_reply(&reply);
        // RFC 2034 section 4: no enhanced code in the greeting and in the reply to EHLO, where a
        // name could look like one.
        let has_none = matches!(self.step, Step::Greeting | Step::Ehlo(_) | Step::Helo(_));
        let text = reply.lines.first().map_or("", String::as_str);
        if !has_none && reply.enhanced().is_none() && Enhanced::read(text).is_some() {
            self.facts.quirks.insert(Quirk::EnhancedMismatch);
        }
        match self.step {
            Step::Greeting => step::greeting::on_reply(self, now, reply),
            Step::Ehlo(_) => step::ehlo::on_ehlo_reply(self, now, reply),
            Step::Helo(_) => step::ehlo::on_helo_reply(self, now, reply),
            Step::Starttls => step::starttls::on_reply(self, now, reply),
            Step::Mail | Step::Rcpt | Step::Data | Step::Content | Step::Dot => {
                step::transaction::on_reply(self, now, reply);
            }
            Step::Auth => step::auth::on_reply(self, now, reply),
            Step::Quit => step::quit::on_reply(self, now, reply),
            Step::Handshake | Step::Done => {}
        }
    }

    fn bad_input(&mut self, now: Duration, error: ReplyError) {
        let (cause, received) = match error {
            ReplyError::TooLong => (Cause::ReplyTooLong, None),
            ReplyError::Malformed(line) if self.step == Step::Greeting => (Cause::NotSmtp, Some(line)),
            ReplyError::Malformed(line) => (Cause::BadReply, Some(line)),
        };
        if self.step == Step::Quit {
            return self.leave_unanswered(now, None);
        }
        // After the final dot, a reply that cannot be read may have been the one that takes the message.
        let cause = if self.step == Step::Dot { Cause::Uncertain } else { cause };
        let received = self.as_evidence(received);
        self.fail(now, Failure { received, ..Failure::new(cause, self.step.phase()) });
    }

    fn stream_ended(&mut self, now: Duration, cause: Cause) {
        match self.step {
            Step::Done => {}
            Step::Quit => self.leave_unanswered(now, None),
            step => {
                let cause = match (step, cause) {
                    (Step::Greeting, Cause::Closed) if self.not_smtp_so_far() => Cause::NotSmtp,
                    (Step::Greeting, Cause::Closed) => Cause::ClosedBeforeBanner,
                    (Step::Dot, _) => Cause::Uncertain,
                    _ => cause,
                };
                let failure = self.with_received(Failure::new(cause, step.phase()));
                self.fail(now, failure);
            }
        }
    }

    /// Whether the beginning of a line is there that cannot become a reply.
    fn not_smtp_so_far(&self) -> bool {
        let partial = self.parser.partial();
        let head = &partial[..partial.len().min(3)];
        !head.iter().all(u8::is_ascii_digit)
    }

    fn with_received(&self, mut failure: Failure) -> Failure {
        // Of a reply that did not end its beginning is told.
        let bytes = self.parser.first_line().map_or(self.parser.partial(), str::as_bytes);
        let has_begun = self.parser.has_lines() || !bytes.is_empty();
        failure.received = self.as_evidence(has_begun.then(|| excerpt(bytes)));
        failure
    }

    fn hide_secrets(&self, text: &mut String) {
        for secret in &self.secrets {
            secret.hide_in(text);
        }
    }

    /// What was received and is no reply. From a login on a secret may have been cut short in it.
    fn as_evidence(&self, received: Option<String>) -> Option<String> {
        let mut text = received.filter(|_| self.step != Step::Auth && self.facts.auth.is_none())?;
        self.hide_secrets(&mut text);
        Some(text)
    }

    fn note_reply(&mut self, reply: &Reply) {
        if self.plan.transcript {
            let last = reply.lines.len().saturating_sub(1);
            for (index, line) in reply.lines.iter().enumerate() {
                let mark = if index < last { '-' } else { ' ' };
                // Challenges are half of what it takes to guess a password.
                let line = if reply.code == 334 { HIDDEN } else { line };
                let text = format!("{}{mark}{line}", reply.code);
                self.outputs.push_back(Output::Line(Line { direction: Direction::Server, text }));
            }
        }
    }
}

/// What the steps do to the session.
impl Session {
    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(super) fn facts_mut(&mut self) -> &mut Facts {
        &mut self.facts
    }

    /// What the server offers now.
    pub(super) fn capabilities(&self) -> Option<&Capabilities> {
        self.facts.ehlo_tls.as_ref().or(self.facts.ehlo.as_ref()).map(|hello| &hello.capabilities)
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.facts.tls.is_some()
    }

    /// Whether the message is still going out.
    pub(super) fn is_sending(&self) -> bool {
        self.step == Step::Content
    }

    /// What was not handed out yet is not to be sent.
    pub(super) fn discard_writes(&mut self) {
        self.outputs.retain(|output| !matches!(output, Output::Write(_)));
    }

    /// Whether a command was not even handed out yet.
    pub(super) fn has_unsent(&self) -> bool {
        self.outputs.iter().any(|output| matches!(output, Output::Write(_)))
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    pub(super) fn awaited(&mut self) -> &mut VecDeque<Awaited> {
        &mut self.awaited
    }

    pub(super) fn transaction(&mut self) -> &mut Transaction {
        self.facts.transaction.get_or_insert_default()
    }

    /// Notes a failure that does not end the session at once.
    pub(super) fn note_failure(&mut self, failure: Failure) {
        self.failure.get_or_insert(failure);
    }

    pub(super) fn start_tls(&mut self) {
        self.outputs.push_back(Output::StartTls);
    }

    /// Begins a step: what was waited for is over, and the wait for the next reply begins.
    pub(super) fn enter(&mut self, step: Step, now: Duration) {
        self.step = step;
        self.since = now;
        (self.deadline, self.limit) = self.plan.limits.deadline(step.phase(), now);
    }

    /// Notes the time that the current step has taken.
    pub(super) fn clock(&mut self, now: Duration) {
        self.facts.timing.add(self.step.phase(), now.saturating_sub(self.since));
    }

    /// Sends a command line.
    pub(super) fn send(&mut self, line: &str) {
        self.send_group(&[line]);
    }

    /// Sends a line that is shown as another.
    pub(super) fn send_hidden(&mut self, line: &str, shown: &str) {
        self.note_sent(&[shown]);
        self.outputs.push_back(Output::Write(format!("{line}\r\n").into_bytes()));
    }

    /// From now on `secret` is shown nowhere. The longest come first, so that none is hidden in part.
    pub(super) fn hide(&mut self, secret: Secret) {
        let place = self.secrets.partition_point(|other| other.reveal().len() >= secret.reveal().len());
        self.secrets.insert(place, secret);
    }

    /// Words of the server's without what is secret.
    pub(super) fn without_secrets(&self, mut words: String) -> String {
        self.hide_secrets(&mut words);
        words
    }

    pub(super) fn set_exchange(&mut self, exchange: Exchange) {
        self.exchange = Some(exchange);
    }

    pub(super) fn take_exchange(&mut self) -> Option<Exchange> {
        self.exchange.take()
    }

    /// Sends several command lines in one piece.
    pub(super) fn send_group(&mut self, lines: &[&str]) {
        self.note_sent(lines);
        let mut bytes = lines.join("\r\n").into_bytes();
        bytes.extend_from_slice(b"\r\n");
        self.outputs.push_back(Output::Write(bytes));
    }

    /// Sends a message, then `lines`: the final dot and what may follow it.
    pub(super) fn send_content(&mut self, content: &[u8], lines: &[&str]) {
        if self.plan.transcript {
            /// Enough to recognise a message by.
            const LINES: usize = 100;
            let text = String::from_utf8_lossy(content);
            let shown: Vec<&str> = text.lines().take(LINES).collect();
            self.note_sent(&shown);
            if text.lines().nth(LINES).is_some() {
                self.note_sent(&["(the rest of the message)"]);
            }
        }
        self.note_sent(lines);
        self.behind_dot = lines.iter().skip(1).map(|line| line.len() + 2).sum();
        let mut bytes = Vec::with_capacity(content.len() + 16);
        bytes.extend_from_slice(content);
        for line in lines {
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        self.outputs.push_back(Output::Write(bytes));
    }

    fn note_sent(&mut self, lines: &[&str]) {
        if self.plan.transcript {
            for line in lines {
                let text = (*line).to_owned();
                self.outputs.push_back(Output::Line(Line { direction: Direction::Client, text }));
            }
        }
    }

    /// Ends the session with a verdict, without a further word.
    pub(super) fn fail(&mut self, now: Duration, failure: Failure) {
        // No hand is offered to whoever broke the protocol before the handshake.
        self.outputs.retain(|output| *output != Output::StartTls);
        self.failure.get_or_insert(failure);
        self.finish(now);
    }

    /// Keeps the verdict and takes leave in order.
    pub(super) fn fail_and_quit(&mut self, now: Duration, failure: Failure) {
        self.failure.get_or_insert(failure);
        step::quit::begin(self, now);
    }

    /// QUIT had no proper answer, which decides nothing.
    pub(super) fn leave_unanswered(&mut self, now: Duration, instead: Option<Reply>) {
        self.facts.quit_unanswered = Some(instead);
        self.finish(now);
    }

    pub(super) fn finish(&mut self, now: Duration) {
        self.clock(now);
        self.step = Step::Done;
    }
}
