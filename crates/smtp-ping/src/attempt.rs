//! Probing one address.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use dns_core::net::{Bounded, Resolver};
use dns_core::reverse;
use smtp_core::net::{Connected, Event, Finished, connect, drive};
use smtp_core::proto::{Direction, Facts, Failure, HelloName, Limits, Phase, Plan, Session};
use tool_core::record::{
    BannerRecord, HelloRecord, IprevWord, PtrRecord, TimingMs, phase_timing, reverse_findings, session_error,
    session_findings,
};
use tool_core::{Code, Outcome, Task, stderr};

use crate::cli::Job;
use crate::data::Answer;
use crate::names::{Seen, client_addr_seen, compare};
use crate::plan::Candidate;

/// The reply to QUIT decides nothing, so it is not waited for long.
const QUIT_LIMIT: Duration = Duration::from_secs(5);

/// Connects, greets, takes leave, and says what came of it.
pub(crate) async fn attempt(
    candidate: &Candidate,
    job: &Job,
    resolver: &Resolver,
    task: &Task,
) -> Outcome<Answer> {
    let mut timing = TimingMs::default();
    if let Some(took) = candidate.dns_took {
        timing.add("dns", took);
    }
    let mut outcome = Outcome {
        head: candidate.head.clone(),
        answer: Answer::default(),
        error: None,
        findings: candidate.findings.clone(),
        timing: None,
    };
    match &candidate.target {
        Err(error) => outcome.error = Some(error.clone()),
        Ok(target) => probe(&mut outcome, &mut timing, candidate, *target, job, resolver, task).await,
    }
    outcome.timing = Some(timing);
    outcome
}

async fn probe(
    outcome: &mut Outcome<Answer>,
    timing: &mut TimingMs,
    candidate: &Candidate,
    target: SocketAddr,
    job: &Job,
    resolver: &Resolver,
    task: &Task,
) {
    task.phase.set(Phase::Connect.as_str());
    let log = Log { shown: job.transcript, target, many: task.is_one_of_many };
    log.note(&format!("connecting to {}", candidate.head.host.as_deref().unwrap_or("an address")));
    let begun = Instant::now();
    let end = task.budget.deadline();
    let (deadline, limit) = match begun + job.connect_timeout {
        own if own < end => (own, job.connect_timeout),
        _ => (end, task.budget.limit),
    };
    let Connected { stream, local, took } = match connect(target, job.source, deadline, limit).await {
        Ok(connected) => connected,
        Err(failure) => {
            timing.add(Phase::Connect.as_str(), begun.elapsed());
            log.note(&format!("not connected: {}", session_error(&failure).message));
            outcome.error = Some(session_error(&failure));
            return;
        }
    };
    timing.add(Phase::Connect.as_str(), took);
    log.note("connected");
    let hello = match (&job.hello, local) {
        (Some(name), _) => name.clone(),
        (None, Some(ip)) => HelloName::literal(ip),
        (None, None) => HelloName::literal(target.ip()),
    };
    let limits = Limits {
        banner: job.reply_timeout,
        reply: job.reply_timeout,
        quit: QUIT_LIMIT.min(job.reply_timeout),
        total: Some((end.saturating_duration_since(begun), task.budget.limit)),
    };
    let plan = Plan { hello: hello.clone(), limits, transcript: job.transcript };
    let session = Session::new(plan, begun.elapsed());
    let talk = drive(session, stream, begun, |event| match event {
        Event::Phase(phase) => task.phase.set(phase.as_str()),
        Event::Line(at, line) => log.line(at, line.direction, &line.text),
    });
    let (Finished { facts, verdict }, ptr) =
        tokio::join!(talk, names_of(candidate, target, job, resolver, task));
    phase_timing(&facts.timing, timing);
    outcome.answer.local_ip = local.map(|ip| ip.to_canonical().to_string());
    outcome.answer.helo = Some(hello.to_string());
    describe(outcome, &facts, verdict, candidate, ptr);
}

/// The names of the address: brought by the record, or looked up while the server is spoken to.
async fn names_of(
    candidate: &Candidate,
    target: SocketAddr,
    job: &Job,
    resolver: &Resolver,
    task: &Task,
) -> Option<PtrRecord> {
    if !job.ptr {
        return None;
    }
    if let Some(known) = &candidate.known_ptr {
        return Some(known.clone());
    }
    let lookup = Bounded::new(resolver, task.budget.deadline(), task.budget.limit);
    Some(PtrRecord::new(target.ip(), &reverse(&lookup, target.ip()).await))
}

fn describe(
    outcome: &mut Outcome<Answer>,
    facts: &Facts,
    verdict: Result<(), Failure>,
    candidate: &Candidate,
    ptr: Option<PtrRecord>,
) {
    let answer = &mut outcome.answer;
    answer.banner = facts.banner.as_ref().map(BannerRecord::new);
    answer.ehlo = facts.ehlo.as_ref().map(HelloRecord::new);
    answer.quirks = facts.quirks.iter().map(|quirk| quirk.as_str()).collect();
    answer.client_addr_seen =
        answer.ehlo.as_ref().and_then(|ehlo| client_addr_seen(&ehlo.text)).map(|ip| ip.to_string());
    if let Some(ptr) = ptr {
        outcome.findings.extend(
            reverse_findings(ptr.ip, Some(ptr.iprev)).into_iter().filter(|f| f.code != Code::DnsMxNonPublic),
        );
        answer.ptr = ptr.names;
        answer.iprev = Some(ptr.iprev);
    }
    if answer.ehlo.is_some() {
        answer.names = compare(&Seen {
            host: candidate.head.host.as_deref().filter(|host| !is_address(host)),
            banner: answer.banner.as_ref().and_then(|banner| banner.host.as_deref()),
            ehlo: answer.ehlo.as_ref().and_then(|ehlo| ehlo.host.as_deref()),
            ptr: answer.ptr.as_deref(),
            ptr_confirmed: answer.iprev == Some(IprevWord::Pass),
        });
    }
    outcome.findings.extend(session_findings(facts));
    outcome.error = verdict.err().map(|failure| session_error(&failure)).or(outcome.error.take());
}

/// An address, or a literal of one, is nothing that a server could call itself.
fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<IpAddr>().is_ok()
}

/// The dialogue on stderr (`-v`).
struct Log {
    shown: bool,
    target: SocketAddr,
    many: bool,
}

impl Log {
    fn note(&self, text: &str) {
        self.write("**", &format!("{text} ({})", self.target));
    }

    fn line(&self, at: Duration, direction: Direction, text: &str) {
        let mark = match direction {
            Direction::Client => "->",
            Direction::Server => "<-",
        };
        self.write(mark, &format!("{:>7.3}  {text}", at.as_secs_f64()));
    }

    fn write(&self, mark: &str, text: &str) {
        if self.shown {
            let whose = if self.many { format!("{} ", self.target) } else { String::new() };
            stderr::write(&format!("{whose}{mark} {}\n", tool_core::text::clean(text)));
        }
    }
}
