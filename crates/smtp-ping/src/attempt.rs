//! Probing one address.

use std::net::IpAddr;

use dns_core::net::{Bounded, Resolver};
use dns_core::reverse;
use smtp_core::net::{Call, Called, Event, Finished, TlsTarget, call};
use smtp_core::proto::{Cause, Delivery, Endpoint, Facts, Failure, Limits, Mailbox, Phase, Plan};
use tool_core::record::{
    BannerRecord, Error, Finding, HelloRecord, IprevWord, PtrRecord, RecipientRecord, Status, TimingMs,
    TlsRecord, certificate_ending, iprev_finding, phase_timing, recipients_error, session_error,
    session_findings, submission_finding,
};
use tool_core::target::Candidate;
use tool_core::{Outcome, Task, Transcript};

use crate::cli::Job;
use crate::data::Answer;
use crate::identity::Identity;
use crate::names::{Seen, certificate_is_for, client_addr_seen, compare};
use crate::reuse::{reused, wait};

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
    match result.as_ref() {
        Some(known) => reused(known, candidate),
        None => result.insert(probe(candidate, rcpt, job, resolver, task).await).clone(),
    }
}

/// Connects, greets, asks, takes leave, and says what came of it. `rcpt` is who is asked for.
async fn probe(
    candidate: &Candidate,
    rcpt: &[Mailbox],
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
        Ok(target) => {
            let _turn = task.turn(target).await;
            let probe = Probe { candidate, target, rcpt, job, resolver, task };
            // Many wait for their turn; they need no room yet for what they will do.
            Box::pin(probe.run(&mut outcome, &mut timing)).await;
        }
    }
    outcome.timing = Some(timing);
    outcome
}

/// What a probe needs to know.
struct Probe<'a> {
    candidate: &'a Candidate,
    target: &'a Endpoint,
    rcpt: &'a [Mailbox],
    job: &'a Job,
    resolver: &'a Resolver,
    task: &'a Task,
}

impl Probe<'_> {
    async fn run(&self, outcome: &mut Outcome<Answer>, timing: &mut TimingMs) {
        let Self { job, task, target, .. } = *self;
        let log = Transcript::new(job.transcript, target, task.is_one_of_many);
        let host = self.candidate.head.host.as_deref();
        log.note(&format!("connecting to {}", host.unwrap_or("an address")));
        let name = self.candidate.server_name();
        let attempt = Call {
            target,
            source: job.source,
            connect_timeout: job.connect_timeout,
            end: (task.budget.deadline(), task.budget.limit),
            hello: job.hello.as_ref(),
            tls: TlsTarget { tls: &job.client, name: &name },
        };
        let plan = |hello, total| Plan {
            verb: job.verb,
            hello,
            tls: job.tls.plan(target.port().unwrap_or_default(), false),
            delivery: self.delivery(),
            quit_after: None,
            limits: Limits { total, ..job.limits },
            transcript: job.transcript,
        };
        // The names are looked up while the server is spoken to, and only if it can be.
        let (connected, is_connected) = tokio::sync::oneshot::channel();
        let mut connected = Some(connected);
        let talk = call(
            attempt,
            plan,
            // It is dropped with the call, so that nobody waits for a connection that never comes.
            move || {
                log.note("connected");
                if let Some(connected) = connected.take() {
                    let _ = connected.send(());
                }
            },
            |event| match event {
                Event::Phase(phase) => task.phase.set(phase.as_str()),
                Event::Line(at, line) => log.line(at, line),
            },
        );
        let names = async {
            match is_connected.await {
                Ok(()) => self.names().await,
                Err(_) => None,
            }
        };
        match tokio::join!(talk, names) {
            (Err((failure, took)), _) => {
                timing.add(Phase::Connect.as_str(), took);
                let error = session_error(&failure, None);
                log.note(&format!("not connected: {}", error.message));
                outcome.error = Some(error);
            }
            (Ok(Called { local, hello, connect_took, finished: Finished { facts, verdict }, .. }), ptr) => {
                timing.add(Phase::Connect.as_str(), connect_took);
                phase_timing(&facts.timing, timing);
                outcome.answer.local_ip = local.map(|ip| ip.to_canonical().to_string());
                outcome.answer.helo = Some(hello.to_string());
                self.describe(outcome, &facts, verdict, ptr).await;
            }
        }
    }

    /// RCPT is asked and DATA never sent.
    fn delivery(&self) -> Option<Delivery> {
        let recipients = self.rcpt.to_vec();
        (!recipients.is_empty()).then(|| Delivery { from: self.job.from.clone(), recipients, content: None })
    }

    /// The names of the address: brought by the record, or looked up.
    async fn names(&self) -> Option<PtrRecord> {
        if !self.job.ptr {
            return None;
        }
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

    /// What is odd about the names that a server gave which greeted us well.
    async fn identify(&self, outcome: &mut Outcome<Answer>, host: Option<&str>) {
        const READY: u16 = 220;
        let answer = &outcome.answer;
        let Some(banner) = answer.banner.as_ref().filter(|banner| banner.code == READY) else { return };
        let identity = Identity {
            host,
            ip: self.target.ip(),
            banner,
            ehlo: answer.ehlo.as_ref().or(answer.ehlo_tls.as_ref()),
            ptr: answer.ptr.as_deref(),
            iprev: answer.iprev,
        };
        outcome.findings.extend(identity.findings());
        if self.job.ptr {
            outcome.findings.extend(identity.forward(&self.lookup()).await);
        }
    }

    async fn describe(
        &self,
        outcome: &mut Outcome<Answer>,
        facts: &Facts,
        verdict: Result<(), Failure>,
        ptr: Option<PtrRecord>,
    ) {
        let answer = &mut outcome.answer;
        answer.banner = facts.banner.as_ref().map(BannerRecord::new);
        answer.ehlo = facts.ehlo.as_ref().map(HelloRecord::new);
        answer.ehlo_tls = facts.ehlo_tls.as_ref().map(HelloRecord::new);
        answer.tls = facts.tls.as_ref().map(|tls| TlsRecord::new(tls, self.job.tls.pem));
        answer.quirks = facts.quirks.iter().map(|quirk| quirk.as_str()).collect();
        let greeted = answer.ehlo.as_ref().or(answer.ehlo_tls.as_ref());
        answer.client_addr_seen =
            greeted.and_then(|ehlo| client_addr_seen(&ehlo.text)).map(|ip| ip.to_string());
        if let Some(ptr) = ptr {
            outcome.findings.extend(iprev_finding(ptr.ip, ptr.iprev));
            answer.ptr = ptr.names;
            answer.iprev = Some(ptr.iprev);
        }
        let host = self.candidate.head.host.as_deref().filter(|host| !is_address(host));
        let host = host.filter(|_| self.target.path().is_none());
        if let Some(greeted) = greeted {
            let leaf = answer.tls.as_ref().and_then(|tls| tls.certificate.as_ref());
            answer.names = compare(&Seen {
                host,
                banner: answer.banner.as_ref().and_then(|banner| banner.host.as_deref()),
                ehlo: greeted.host.as_deref(),
                certificate: host.zip(leaf).map(|(host, leaf)| certificate_is_for(&leaf.san, host)),
                ptr: answer.ptr.as_deref(),
                ptr_confirmed: answer.iprev == Some(IprevWord::Pass),
            });
        }
        self.identify(outcome, host).await;
        let failed = verdict.is_err();
        outcome.findings.extend(session_findings(facts, failed));
        let port = self.target.port();
        outcome.findings.extend(port.and_then(|port| submission_finding(port, facts)));
        self.judge(outcome, facts, verdict);
    }

    /// The error: what ended the session, else the worst of what was expected and of the recipients.
    fn judge(&self, outcome: &mut Outcome<Answer>, facts: &Facts, verdict: Result<(), Failure>) {
        if let Some(transaction) = &facts.transaction {
            let asked = self.rcpt.iter().zip(&transaction.rcpt);
            let recipients: Vec<RecipientRecord> = asked
                .filter_map(|(rcpt, reply)| {
                    Some(RecipientRecord::from_reply(rcpt.as_str(), reply.as_ref()?, false))
                })
                .collect();
            outcome.answer.from = Some(self.job.from.shown());
            outcome.error = recipients_error(&recipients, None);
            outcome.answer.recipients = Some(recipients);
        }
        let is_fail = |error: &Error| error.status() == Status::Fail;
        if !outcome.error.as_ref().is_some_and(is_fail)
            && let Some(unmet) = self.job.expect.unmet(&outcome.answer)
        {
            outcome.error = Some(unmet);
        }
        let ending = self.job.warn_days.zip(facts.tls.as_ref());
        let ending = ending.and_then(|(days, tls)| certificate_ending(tls, days));
        if !outcome.error.as_ref().is_some_and(is_fail) && ending.is_some() {
            outcome.error.clone_from(&ending);
        }
        match verdict {
            Err(failure) if failure.cause != Cause::NoRecipient => {
                outcome.error = Some(session_error(&failure, Some(facts)))
            }
            _ => {}
        }
        // Where something else is worse, that a certificate ends is still to be known.
        if let Some(ending) = ending
            && outcome.findings.iter().all(|finding| finding.code != ending.code)
        {
            outcome.findings.push(Finding::new(ending.code, ending.message));
        }
        // A finding that became the error is not said twice.
        if let Some(error) = &outcome.error {
            outcome.findings.retain(|finding| finding.code != error.code);
        }
    }
}

/// An address, or a literal of one, is nothing that a server could call itself.
fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<IpAddr>().is_ok()
}
