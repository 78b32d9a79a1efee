//! What a tool is.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Instant;

use clap::ArgMatches;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use smtp_core::proto::Endpoint;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::bulk::{Stop, Switch};
use crate::cli::{Common, UsageError};
use crate::jsonl::Body;
use crate::record::{Error, Finding, Head, Record, TimingMs};
use crate::text::Page;
use crate::turn::{Turn, Turns};
use crate::{Budget, Code};

/// A tool of the family. One value of it lives on each thread of a run.
pub trait Tool: Sized + 'static {
    /// The name by which it is typed.
    const NAME: &'static str;
    /// The keys of the head and the answer that it can write, beside
    /// [`COMMON_KEYS`](crate::record::COMMON_KEYS). They are not carried.
    const WRITES: &'static [&'static str];
    /// `--timeout` unless given.
    const TIMEOUT: &'static str;
    /// `-j` unless given.
    const CONCURRENCY: &'static str;
    /// What it waits for, as a person at a terminal is told.
    const TARGETS: &'static str;

    /// Its own options, the targets among them.
    type Options: clap::Args;
    /// What the options come to.
    type Job: Send + Sync + 'static;
    /// The keys of its answer.
    type Answer: Serialize + JsonSchema + Default + 'static;
    /// One record's worth of work.
    type Unit: 'static;

    /// Options become a plain value at once.
    ///
    /// # Errors
    /// What is wrong with them, as one sentence.
    fn job(options: Self::Options, common: &Common, matches: &ArgMatches) -> Result<Self::Job, UsageError>;

    /// The targets of the command line.
    fn targets(options: &Self::Options) -> Vec<String>;

    /// Whether the options are a whole job: without a target nothing is read from stdin, and
    /// [`plan`](Self::plan) is called once, with [`Body::Job`].
    fn is_whole_job(_: &Self::Options) -> bool {
        false
    }

    /// How many sessions there may be with one server at a time (`--per-host`); `None` for as many
    /// as there are targets.
    fn per_host(_: &Self::Job) -> Option<u32> {
        None
    }

    /// Starts the tool on a thread. It opens nothing that is not used.
    fn new(job: Arc<Self::Job>) -> Self;

    /// Turns an input into units of work.
    fn plan(
        &self,
        input: &Body,
        task: &Task,
    ) -> impl Future<Output = Result<Plan<Self::Unit>, Outcome<Self::Answer>>>;

    /// What the record of a unit is about, before anything is known.
    fn head(unit: &Self::Unit) -> Head;

    /// Whether what is under way is finished and reported, on stderr then, though nobody reads
    /// stdout any more.
    const REPORTS_ALWAYS: bool = false;

    /// The record of a unit whose work was cut short, by a signal or a defect.
    fn cut_short(unit: &Self::Unit, error: Error) -> Outcome<Self::Answer> {
        Outcome::failed(Self::head(unit), error)
    }

    /// Does the work of a unit, within the budget.
    fn work(&self, unit: &Self::Unit, task: &Task) -> impl Future<Output = Outcome<Self::Answer>>;

    /// Writes a record for people.
    fn text(record: &Record<Self::Answer>, page: &mut Page);

    /// What is written instead of the record, its line end included, where the options ask for a
    /// form of the tool's own.
    fn own_form(_: &Self::Job, _: &Record<Self::Answer>) -> Option<String> {
        None
    }
}

/// What an input comes to.
#[derive(Debug)]
pub struct Plan<U> {
    /// The units, at least one.
    pub units: Vec<U>,
    /// Keys of the input that the units take apart; they are not carried.
    pub consumed: &'static [&'static str],
}

/// What is known about the work while it is done.
#[derive(Debug)]
pub struct Task {
    /// The time it may take.
    pub budget: Budget,
    /// What it is doing, for the record of an interrupted run.
    pub phase: Cell<&'static str>,
    /// Whether it is one of several.
    pub is_one_of_many: bool,
    pub(crate) slot: RefCell<Option<OwnedSemaphorePermit>>,
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) turns: Option<Arc<Turns>>,
    pub(crate) switch: Switch,
}

impl Task {
    /// Waits for a turn at a server, if there may not be any number of sessions with it.
    ///
    /// # Errors
    /// `run.interrupted`: meanwhile the output was closed, and nothing new begins.
    pub async fn turn(&self, at: &Endpoint) -> Result<Option<Turn>, Error> {
        let Some((turn, queue)) = self.turns.as_ref().map(|turns| turns.queue(at)) else { return Ok(None) };
        let permit = match queue.clone().try_acquire_owned() {
            Ok(permit) => Some(permit),
            Err(_) => {
                let permit = self.aside(queue.acquire_owned()).await.ok();
                self.begins()?;
                permit
            }
        };
        Ok(permit.map(|permit| turn.begin(permit)))
    }

    /// Nothing new begins that nobody would hear of.
    pub(crate) fn begins(&self) -> Result<(), Error> {
        match self.switch.is_stopped(Stop::Unread) {
            true => {
                let message = "the output is not read any more";
                Err(Error::new(Code::RunInterrupted, self.phase.get(), message))
            }
            false => Ok(()),
        }
    }

    /// Waits for something that others do: meanwhile another target works in the place of this one,
    /// and the time does not count.
    pub async fn aside<R>(&self, wait: impl Future<Output = R>) -> R {
        let begun = Instant::now();
        let lent = self.slot.take();
        let had_one = lent.is_some();
        drop(lent);
        let result = wait.await;
        if had_one {
            self.slot.replace(self.slots.clone().acquire_owned().await.ok());
        }
        self.budget.excuse(begun.elapsed());
        result
    }
}

/// What a unit came to.
#[derive(Debug, Clone)]
pub struct Outcome<A> {
    /// What the record is about.
    pub head: Head,
    /// The answer.
    pub answer: A,
    /// Why it is not `ok`, if it is not.
    pub error: Option<Error>,
    /// What is odd.
    pub findings: Vec<Finding>,
    /// How long each phase took; `total` is added.
    pub timing: Option<TimingMs>,
    /// Keys out of a list of the input that was taken apart, as they came; they stand before the other carried ones.
    pub carried: Vec<(String, Box<RawValue>)>,
}

impl<A: Default> Outcome<A> {
    /// An outcome of which nothing is known yet.
    pub fn about(head: Head) -> Self {
        Self {
            head,
            answer: A::default(),
            error: None,
            findings: Vec::new(),
            timing: None,
            carried: Vec::new(),
        }
    }

    /// An outcome without an answer.
    pub fn failed(head: Head, error: Error) -> Self {
        Self { error: Some(error), ..Self::about(head) }
    }
}
