//! Probing one address.

use std::time::Duration;

use dns_core::net::{Bounded, Resolver};
use dns_core::reverse;
use smtp_core::net::{Call, Called, Event, TlsTarget, call};
use smtp_core::proto::{Delivery, Endpoint, Failure, Limits, Mailbox, Plan};
use tool_core::record::{Error, PtrRecord, TimingMs};
use tool_core::target::Candidate;
use tool_core::{Outcome, Task, Transcript, Turn};

use crate::cli::Job;
use crate::data::Answer;
use crate::reuse::{Known, wait};

/// What comes of a candidate: found out, or known already with `--reuse`.
pub(crate) async fn attempt(
    candidate: &Candidate,
    rcpt: &[Mailbox],
    job: &Job,
    resolver: &Resolver,
    task: &Task,
) -> Outcome<Answer> {
    let (Some(known), Ok(target)) = (&job.known, &candidate.target) else {
        return probe(candidate, rcpt, job, resolver, task).await;
    };
    let place = known.place(candidate, target, rcpt);
    let mut result = wait(&place, task).await;
    if let Some(known) = result.as_ref() {
        return known.reused(candidate);
    }
    let outcome = probe(candidate, rcpt, job, resolver, task).await;
    // What ended because this target had no time left says nothing to others.
    if task.budget.spent() < task.budget.limit {
        *result = Some(Known::new(&outcome, candidate));
    }
    outcome
}

/// Connects, greets, asks, takes leave, and says what came of it. `rcpt` is who is asked for.
async fn probe(
    candidate: &Candidate,
    rcpt: &[Mailbox],
    job: &Job,
    resolver: &Resolver,
    task: &Task,
) -> Outcome<Answer> {
    match &candidate.target {
        Err(error) => described(candidate, Some(error.clone())),
        Ok(target) => {
            let turn = match task.turn(target).await {
                Ok(turn) => turn,
                Err(error) => return described(candidate, Some(error)),
            };
            let probe = Probe { candidate, target, rcpt, job, resolver, task };
            // Many wait for their turn; they need no room yet for what they will do.
            Box::pin(probe.run(turn)).await
        }
    }
}

/// What is known of a candidate before anything was said.
pub(crate) fn described(candidate: &Candidate, error: Option<Error>) -> Outcome<Answer> {
    let mut timing = TimingMs::default();
    if let Some(took) = candidate.dns_took {
        timing.add("dns", took);
    }
    Outcome {
        error,
        findings: candidate.findings.clone(),
        timing: Some(timing),
        carried: candidate.carried.clone(),
        ..Outcome::about(candidate.head.clone())
    }
}

/// What a probe needs to know.
pub(crate) struct Probe<'a> {
    pub(crate) candidate: &'a Candidate,
    pub(crate) target: &'a Endpoint,
    pub(crate) rcpt: &'a [Mailbox],
    pub(crate) job: &'a Job,
    resolver: &'a Resolver,
    task: &'a Task,
}

/// A session, or why there was no connection and how long that took.
pub(crate) type Talked = Result<Called, (Failure, Duration)>;

impl Probe<'_> {
    async fn run(&self, turn: Option<Turn>) -> Outcome<Answer> {
        let (talked, ptr) = self.talk(turn).await;
        let mut outcome = self.describe(talked, ptr);
        if self.job.ptr
            && let Some(identity) = self.identity(&outcome.answer)
        {
            // Seldom asked, and the session is over.
            let forward = Box::pin(identity.forward(&self.lookup())).await;
            outcome.findings.extend(forward);
        }
        outcome
    }

    /// Speaks with the server. The names are looked up meanwhile, and only if there is a connection.
    /// The turn is over when the session is.
    async fn talk(&self, turn: Option<Turn>) -> (Talked, Option<PtrRecord>) {
        let Self { job, task, target, .. } = *self;
        let log = Transcript::new(job.transcript, target, task.is_one_of_many);
        if job.transcript {
            log.note(&format!(
                "connecting to {}",
                self.candidate.head.host.as_deref().unwrap_or("an address")
            ));
        }
        let name = self.candidate.server_name();
        let attempt = Call {
            target,
            source: job.source,
            connect_timeout: job.connect_timeout,
            end: (task.budget.deadline(), task.budget.limit),
            hello: job.hello.as_ref(),
            tls: TlsTarget { tls: &job.client, name: &name, policy: &self.candidate.policy },
        };
        let plan = |hello, total| Plan {
            verb: job.verb,
            hello,
            tls: job.tls.plan(target.port().unwrap_or_default(), false, &self.candidate.policy),
            auth: job.auth.clone().map(|auth| auth.at(&name, target.port())),
            delivery: self.delivery(),
            quit_after: None,
            limits: Limits { total, ..job.limits },
            transcript: job.transcript,
        };
        let on_event = |event: Event<'_>| match event {
            Event::Phase(phase) => task.phase.set(phase.as_str()),
            Event::Line(at, line) => log.line(at, line),
        };
        if !job.ptr || target.ip().is_none() {
            return (call(attempt, plan, || log.note("connected"), on_event).await, None);
        }
        let (connected, is_connected) = tokio::sync::oneshot::channel();
        let mut connected = Some(connected);
        // It is dropped with the call, so that nobody waits for a connection that never comes.
        let on_connected = move || {
            log.note("connected");
            if let Some(connected) = connected.take() {
                let _ = connected.send(());
            }
        };
        let names = async {
            match is_connected.await {
                Ok(()) => self.names().await,
                Err(_) => None,
            }
        };
        let talk = Box::pin(async {
            let talked = call(attempt, plan, on_connected, on_event).await;
            drop(turn);
            talked
        });
        tokio::join!(talk, Box::pin(names))
    }

    /// RCPT is asked and DATA never sent.
    fn delivery(&self) -> Option<Delivery> {
        let recipients = self.rcpt.to_vec();
        (!recipients.is_empty()).then(|| Delivery { from: self.job.from.clone(), recipients, content: None })
    }

    /// The names of the address: brought by the record, or looked up.
    async fn names(&self) -> Option<PtrRecord> {
        if let Some(known) = &self.candidate.known_ptr {
            return Some(known.clone());
        }
        let ip = self.target.ip()?;
        Some(PtrRecord::new(ip, &reverse(&self.lookup(), ip).await))
    }

    fn lookup(&self) -> Bounded<'_> {
        let budget = &self.task.budget;
        Bounded::new(self.resolver, budget.deadline(), budget.limit)
    }
}
