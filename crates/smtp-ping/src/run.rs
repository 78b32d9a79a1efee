//! What `smtp-ping` does with a target.

use std::sync::Arc;

use clap::ArgMatches;
use dns_core::net::{Bounded, Resolver};
use serde_json::value::RawValue;
use smtp_core::proto::{Mailbox, MailboxError};
use tool_core::cli::{Common, UsageError};
use tool_core::jsonl::Body;
use tool_core::record::{AttemptRecord, Error, Head, Record, Status, TimingMs};
use tool_core::target::{Candidate, candidates};
use tool_core::text::Page;
use tool_core::{Code, Outcome, Plan, Task, Tool, read_mailbox};

use crate::attempt::attempt;
use crate::cli::{Job, Options};
use crate::data::{Answer, WRITES};

/// The tool on one thread.
#[derive(Debug)]
pub struct SmtpPing {
    job: Arc<Job>,
    resolver: Resolver,
}

/// The addresses that make one record: one, or with `--first` all.
#[derive(Debug)]
pub struct Unit {
    candidates: Vec<Candidate>,
    /// Whom to ask for (`--rcpt`).
    rcpt: Vec<Mailbox>,
    /// The list that the candidates were taken out of, with `--first`.
    route: Vec<(String, Box<RawValue>)>,
}

impl Tool for SmtpPing {
    const NAME: &'static str = "smtp-ping";
    const WRITES: &'static [&'static str] = WRITES;
    const TIMEOUT: &'static str = "60s";
    const CONCURRENCY: &'static str = "100";
    const TARGETS: &'static str = "hosts or records of mxlookup";

    type Options = Options;
    type Job = Job;
    type Answer = Answer;
    type Unit = Unit;

    fn job(options: Options, common: &Common, matches: &ArgMatches) -> Result<Job, UsageError> {
        Job::new(options, common, matches)
    }

    fn targets(options: &Options) -> Vec<String> {
        options.targets.clone()
    }

    fn per_host(job: &Job) -> Option<u32> {
        Some(job.per_host)
    }

    fn new(job: Arc<Job>) -> Self {
        let resolver = Resolver::new(&job.resolver);
        Self { job, resolver }
    }

    async fn plan(&self, input: &Body, task: &Task) -> Result<Plan<Unit>, Outcome<Answer>> {
        task.phase.set("dns");
        let lookup = Bounded::new(&self.resolver, task.budget.deadline(), task.budget.limit);
        let rcpt = self.recipients(input)?;
        let (candidates, consumed) = candidates(input, &self.job.target, &lookup)
            .await
            .map_err(|(head, error)| Outcome::failed(head, error))?;
        // A record of all of them that is cut short has to name them, to be tried again.
        let route = match input {
            Body::Object(object) if self.job.first => {
                object.raw("mx").map(|mx| ("mx".to_owned(), mx.to_owned())).into_iter().collect()
            }
            _ => Vec::new(),
        };
        let units = match self.job.first {
            true => vec![Unit { candidates, rcpt, route }],
            false => {
                let one =
                    |candidate| Unit { candidates: vec![candidate], rcpt: rcpt.clone(), route: Vec::new() };
                let mut units: Vec<Unit> = candidates.into_iter().map(one).collect();
                // They are made in the place of the candidates, which are larger.
                units.shrink_to_fit();
                units
            }
        };
        Ok(Plan { units, consumed })
    }

    fn head(unit: &Unit) -> Head {
        match unit.candidates.as_slice() {
            [one] => one.head.clone(),
            several => {
                let domain = several.first().map(|candidate| candidate.head.clone()).unwrap_or_default();
                Head { host: None, ip: None, port: None, preference: None, ..domain }
            }
        }
    }

    fn cut_short(unit: &Unit, error: Error) -> Outcome<Answer> {
        let carried = match unit.candidates.as_slice() {
            [one] => one.carried.clone(),
            _ => unit.route.clone(),
        };
        Outcome { carried, ..Outcome::failed(Self::head(unit), error) }
    }

    async fn work(&self, unit: &Unit, task: &Task) -> Outcome<Answer> {
        if self.job.first {
            return Box::pin(self.first(unit, task)).await;
        }
        match unit.candidates.first() {
            Some(only) => attempt(only, &unit.rcpt, &self.job, &self.resolver, task).await,
            None => Outcome::failed(Head::default(), no_address()),
        }
    }

    fn text(record: &Record<Answer>, page: &mut Page) {
        crate::text::write(record, page);
    }
}

impl SmtpPing {
    /// The recipients of `--rcpt`; `-` stands for the record's `address`.
    fn recipients(&self, input: &Body) -> Result<Vec<Mailbox>, Outcome<Answer>> {
        let failed = |error| Outcome::failed(Head::default(), error);
        let of_record = || {
            let address = match input {
                Body::Object(object) => object.string("address"),
                _ => None,
            };
            let missing = "--rcpt - asks for the record's address, and there is none";
            let address = address.ok_or_else(|| failed(Error::unusable(missing)))?;
            read_mailbox(&address).map_err(|error| match error {
                MailboxError::Injection => failed(Error::injection(error.to_string())),
                error => failed(Error::unusable(error.to_string())),
            })
        };
        self.job.rcpt.iter().map(|rcpt| rcpt.clone().map_or_else(of_record, Ok)).collect()
    }

    /// Tries one address after the other until one works. If none does, the record is that of the
    /// first that could not be found out, else of the first.
    async fn first(&self, unit: &Unit, task: &Task) -> Outcome<Answer> {
        let mut attempts = Vec::new();
        let mut best: Option<(Status, Outcome<Answer>)> = None;
        for candidate in &unit.candidates {
            // There is no time left to find anything out about the others.
            if best.is_some() && task.budget.spent() >= task.budget.limit {
                break;
            }
            let begun = task.budget.spent();
            let outcome = attempt(candidate, &unit.rcpt, &self.job, &self.resolver, task).await;
            let status = outcome.error.as_ref().map_or(Status::Ok, Error::status);
            // The same login elsewhere counts as another attempt to guess, or goes to who has proved nothing.
            let ends_login = outcome
                .error
                .as_ref()
                .is_some_and(|error| matches!(error.code, Code::AuthRejected | Code::AuthServerNotVerified));
            attempts.push(AttemptRecord::new(
                &candidate.head,
                outcome.error.as_ref(),
                task.budget.spent() - begun,
            ));
            let better = match (&best, status) {
                (None, _) | (_, Status::Ok) => true,
                _ if ends_login => true,
                (Some((known, _)), Status::Unknown) => *known == Status::Fail,
                (Some(_), Status::Fail) => false,
            };
            if better {
                best = Some((status, outcome));
            }
            if status == Status::Ok || ends_login {
                break;
            }
        }
        let (_, mut outcome) =
            best.unwrap_or_else(|| (Status::Fail, Outcome::failed(Head::default(), no_address())));
        outcome.answer.attempts = Some(attempts);
        outcome.timing.get_or_insert_with(TimingMs::default);
        outcome
    }
}

fn no_address() -> Error {
    Error::new(Code::DnsMxNoAddress, "dns", "the record lists no exchange")
}
