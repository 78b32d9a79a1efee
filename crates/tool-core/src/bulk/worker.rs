//! A worker: one thread with a runtime of its own, an `async fn` a target.

use std::cell::{Cell, RefCell};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::FutureExt;
use futures_util::stream::{self, StreamExt};
use serde_json::value::RawValue;
use tokio::sync::mpsc::{Sender, UnboundedReceiver};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::feed::{Fed, FedFrom};
use super::gate::Gate;
use super::output::{Item, Message};
use super::stop::{Stop, Switch};
use crate::cli::Common;
use crate::jsonl::{Body, Input, Object, Verdict, shown};
use crate::record::{COMMON_KEYS, Error, Findings, Head, Record, Status, TimingMs, VERSION, carried_tail};
use crate::text::Page;
use crate::tool::{Outcome, Task};
use crate::turn::Turns;
use crate::{Budget, Code, Tool, clock};

/// What is said of a target that the tool panicked over.
const DEFECT: &str = "a defect of the tool: it panicked over this target";

/// What the workers of a run share.
pub(super) struct Shared<T: Tool> {
    pub(super) job: Arc<T::Job>,
    pub(super) common: Common,
    pub(super) text: bool,
    pub(super) colour: bool,
    pub(super) many: bool,
    pub(super) gate: Arc<Gate>,
    pub(super) switch: Switch,
    /// One input can hold many units; no more than `-j` of them are under way in the whole run.
    pub(super) slots: Arc<Semaphore>,
    pub(super) turns: Option<Arc<Turns>>,
}

/// Runs until its channel is closed and its targets are done, or nobody reads the output.
pub(super) async fn work<T: Tool>(
    shared: Arc<Shared<T>>,
    mut inputs: UnboundedReceiver<Fed>,
    out: Sender<Message>,
) {
    let tool = Rc::new(T::new(shared.job.clone()));
    let mut targets = JoinSet::new();
    let mut open = true;
    while open || !targets.is_empty() {
        tokio::select! {
            biased;
            () = shared.switch.stopped(Stop::Unread), if !T::REPORTS_ALWAYS => return,
            () = shared.switch.stopped(Stop::Unread), if open && !inputs.is_closed() => inputs.close(),
            () = shared.switch.stopped(Stop::Interrupted), if open && !inputs.is_closed() => inputs.close(),
            input = inputs.recv(), if open => match input {
                Some(fed) => {
                    let line = Line { shared: shared.clone(), tool: tool.clone(), out: out.clone(), number: fed.number };
                    targets.spawn_local(line.run(fed.source));
                }
                None => open = false,
            },
            Some(_) = targets.join_next(), if !targets.is_empty() => {}
        }
    }
}

/// One input and what becomes of it.
struct Line<T: Tool> {
    shared: Arc<Shared<T>>,
    tool: Rc<T>,
    out: Sender<Message>,
    number: u64,
}

/// What an input comes to.
struct Planned<T: Tool> {
    units: Vec<T::Unit>,
    origin: Origin,
    /// The time that finding them took.
    spent: Duration,
    /// In which they were found.
    slot: Option<OwnedSemaphorePermit>,
}

/// What the records of an input have in common.
#[derive(Default)]
struct Origin {
    /// The carried keys, as the end of each record.
    tail: Option<Arc<str>>,
    findings: Option<Box<RawValue>>,
    input: Option<String>,
}

impl<T: Tool> Line<T> {
    async fn run(self, source: FedFrom) {
        let whole = async {
            let input = match source {
                FedFrom::Argument(word) => Input::from_argument(word),
                FedFrom::Line(number, raw) => Input::from_line(number, raw),
                FedFrom::Job => Input { line: None, body: Body::Job },
            };
            self.handle(input).await
        };
        // What panics beside the tool's own work has a record too, and lets go of its slot.
        let last = AssertUnwindSafe(whole).catch_unwind().await.unwrap_or_else(|_| Some(self.defect()));
        let _ = self.out.send(Message::Last(self.number, last)).await;
        self.shared.gate.leave();
    }

    /// Sends the records of an input but for the last, which it gives where it is known to be it.
    async fn handle(&self, input: Input) -> Option<Item> {
        // Boxed, since a target is planned long before its work is done.
        let planned = Box::pin(self.plan(input)).await;
        let Planned { units, origin, spent, slot } = match planned {
            Ok(planned) => planned,
            Err(item) => return Some(item),
        };
        let many = units.len() > 1 || self.shared.many;
        if let [only] = units.as_slice() {
            return Some(self.done(only, &origin, spent, many, slot).await);
        }
        drop(slot);
        // Boxed: what runs them keeps room for one more than there are.
        let units = units.iter().map(|unit| Box::pin(self.unit(unit, &origin, spent, many)));
        // An input of many units leaves room for the others.
        let at_once = (self.shared.common.concurrency as usize / 4).max(1);
        stream::iter(units).buffer_unordered(at_once).collect::<()>().await;
        None
    }

    /// The units of an input, or the only record of one that comes to none.
    async fn plan(&self, input: Input) -> Result<Planned<T>, Item> {
        let Input { line, body } = input;
        let mut origin = Origin::default();
        let verdict = match &body {
            Body::Object(object) => object.failed(),
            _ => None,
        };
        // What may have been delivered is never tried again; of a record with recipients the tool
        // knows which those are.
        let has_recipients = matches!(&body, Body::Object(object) if object.raw("recipients").is_some());
        let may_retry = |v: &Verdict| {
            v.status == Status::Unknown && (has_recipients || v.code != Code::DataUncertain.as_str())
        };
        let again = self.shared.common.retry && verdict.as_ref().is_some_and(may_retry);
        if let (Body::Object(object), Some(verdict), false) = (&body, &verdict, again) {
            return Err(self.passed_on(object, verdict));
        }
        origin.input = match &body {
            Body::Word(word) => Some(shown(word)),
            Body::Object(object) => object.string("input").map(|input| shown(&input)),
            Body::Broken { shown, .. } => Some(shown.clone()),
            Body::Job => None,
        };
        if let Body::Broken { error, .. } = body {
            return Err(self.item(&origin, clock::now(), Outcome::failed(Head::default(), error), None));
        }
        let slot = self.slot().await;
        let time = clock::now();
        let task = self.task(Budget::new(self.shared.common.timeout), slot);
        let work = async {
            #[cfg(feature = "panic-target")]
            trip(&body);
            self.tool.plan(&body, &task).await
        };
        match self.guarded(work, &task).await {
            Ok(Ok(plan)) => {
                take_apart::<T>(body, plan.consumed, &mut origin);
                let (spent, slot) = (task.budget.spent(), task.slot.into_inner());
                Ok(Planned { units: plan.units, origin, spent, slot })
            }
            Ok(Err(mut outcome)) => {
                // A record of another tool that cannot be a target here stays what it is.
                let is_unusable = outcome.error.as_ref().is_some_and(|e| e.code == Code::InputUnusable);
                if let (Body::Object(object), Some(verdict), true) = (&body, &verdict, is_unusable) {
                    return Err(self.passed_on(object, verdict));
                }
                if outcome.head == Head::default() {
                    outcome.head = known_head::<T>(&body);
                }
                if let Some(error) = &mut outcome.error
                    && error.phase == "input"
                {
                    error.line = line;
                }
                take_apart::<T>(body, &[], &mut origin);
                let spent = outcome.timing.is_some().then_some(&task.budget);
                Err(self.item(&origin, time, outcome, spent))
            }
            Err(error) => {
                let head = known_head::<T>(&body);
                take_apart::<T>(body, &[], &mut origin);
                Err(self.item(&origin, time, Outcome::failed(head, error), None))
            }
        }
    }

    async fn unit(&self, unit: &T::Unit, origin: &Origin, spent: Duration, many: bool) {
        let item = self.done(unit, origin, spent, many, None).await;
        let _ = self.out.send(Message::Record(self.number, item)).await;
    }

    /// Does the work of a unit, in this slot or one of its own; the record of it.
    async fn done(
        &self,
        unit: &T::Unit,
        origin: &Origin,
        spent: Duration,
        many: bool,
        slot: Option<OwnedSemaphorePermit>,
    ) -> Item {
        let slot = match slot {
            Some(slot) => Some(slot),
            None => self.slot().await,
        };
        let budget = Budget::new(self.shared.common.timeout).resume(spent);
        let task = Task { is_one_of_many: many, ..self.task(budget, slot) };
        // Planning it was part of it.
        let time = clock::ago(spent);
        if let Err(error) = task.begins() {
            return self.item(origin, time, T::cut_short(unit, error), None);
        }
        // Boxed: while it is worked on there is no outcome, and no room for one.
        let work = Box::pin(async { Box::new(self.tool.work(unit, &task).await) });
        match self.guarded(work, &task).await {
            Ok(outcome) => self.item(origin, time, *outcome, Some(&task.budget)),
            Err(error) => self.item(origin, time, T::cut_short(unit, error), None),
        }
    }

    fn task(&self, budget: Budget, slot: Option<OwnedSemaphorePermit>) -> Task {
        Task {
            budget,
            phase: Cell::new("input"),
            is_one_of_many: self.shared.many,
            slot: RefCell::new(slot),
            slots: self.shared.slots.clone(),
            turns: self.shared.turns.clone(),
            switch: self.shared.switch.clone(),
        }
    }

    /// A slot of the run; none when the run is interrupted, since then nothing begins.
    async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(slot) = self.shared.slots.clone().try_acquire_owned() {
            return Some(slot);
        }
        tokio::select! {
            biased;
            slot = self.shared.slots.clone().acquire_owned() => slot.ok(),
            () = self.shared.switch.stopped(Stop::Interrupted) => None,
        }
    }

    /// The work's result, or the error of an interrupted run or a panic.
    async fn guarded<R>(&self, work: impl Future<Output = R>, task: &Task) -> Result<R, Error> {
        let interrupted = || {
            let message = "the run was interrupted before this was done";
            Error::new(Code::RunInterrupted, task.phase.get(), message)
        };
        if self.shared.switch.is_stopped(Stop::Interrupted) {
            return Err(interrupted());
        }
        tokio::select! {
            // What is done at once waits for nothing.
            biased;
            result = AssertUnwindSafe(work).catch_unwind() => result.map_err(|_| {
                Error::new(Code::InternalPanic, task.phase.get(), DEFECT)
                    .with_hint("please report it with the input and what stderr says")
            }),
            () = self.shared.switch.stopped(Stop::Interrupted) => Err(interrupted()),
        }
    }

    fn passed_on(&self, object: &Object, verdict: &Verdict) -> Item {
        let Verdict { status, code } = verdict;
        let text = if self.shared.text {
            passed_on_text(object, *status, code, self.shared.colour)
        } else {
            // A key out of a JSON object is a string, so it can be written again.
            let Ok(line) = object.passed_on(T::NAME) else { return self.defect() };
            line + "\n"
        };
        Item { text, tail: None, status: *status, code: Some(code.clone()), panic: false }
    }

    /// `budget` is given where work was done, for the total.
    fn item(
        &self,
        origin: &Origin,
        time: String,
        outcome: Outcome<T::Answer>,
        budget: Option<&Budget>,
    ) -> Item {
        let Outcome { mut head, answer, error, findings, timing, carried } = outcome;
        head.input = origin.input.clone();
        let timing_ms = budget.map(|budget| {
            let mut timing: TimingMs = timing.unwrap_or_default();
            timing.add("total", budget.spent());
            timing
        });
        let status = error.as_ref().map_or(Status::Ok, Error::status);
        let error = error.map(|error| error.into_record(T::NAME));
        let findings = Findings::join(origin.findings.as_deref(), findings, &head, T::NAME);
        let code = error.as_ref().map(|error| error.code);
        let record =
            Record { tool: T::NAME, v: VERSION, status, head, answer, time, error, findings, timing_ms };
        let (text, tail) = if let Some(text) = T::own_form(&self.shared.job, &record) {
            (text, None)
        } else if self.shared.text {
            let mut page = Page::new(self.shared.colour);
            T::text(&record, &mut page);
            (page.finish(), None)
        } else {
            let Ok(mut line) = record.to_json() else { return self.defect() };
            if !carried.is_empty() {
                let Ok(more) = carried_tail(&carried) else { return self.defect() };
                line.pop();
                line.push_str(&more);
            }
            match &origin.tail {
                Some(_) => drop(line.pop()),
                None => line.push('\n'),
            }
            (line, origin.tail.clone())
        };
        let panic = code == Some(Code::InternalPanic);
        Item { text, tail, status, code: code.map(|code| code.to_string()), panic }
    }

    /// The record of a defect that left nothing else to say.
    fn defect(&self) -> Item {
        let code = Code::InternalPanic;
        let error = Error::new(code, "input", DEFECT).into_record(T::NAME);
        let text = if self.shared.text {
            let mut page = Page::new(self.shared.colour);
            page.headline(Status::Unknown, "", DEFECT);
            page.finish()
        } else {
            let record = serde_json::json!({
                "tool": T::NAME, "v": VERSION, "status": Status::Unknown, "time": clock::now(), "error": error,
            });
            format!("{record}\n")
        };
        let code = Some(code.to_string());
        Item { text, tail: None, status: Status::Unknown, code, panic: true }
    }
}

/// The target that panics, for the tests of this workspace.
#[cfg(feature = "panic-target")]
#[allow(clippy::panic, reason = "that is what it is for")]
fn trip(body: &Body) {
    let is_it = |word: &str| word == "panic.example";
    match body {
        Body::Word(word) if is_it(word) => panic!("the target that panics"),
        Body::Object(object) if object.string("host").is_some_and(|host| is_it(&host)) => {
            panic!("the target that panics")
        }
        _ => {}
    }
}

/// What is carried on from an object, once it was read.
fn take_apart<T: Tool>(body: Body, consumed: &[&str], origin: &mut Origin) {
    if let Body::Object(object) = body {
        origin.findings = object.raw("findings").map(ToOwned::to_owned);
        let carried = object.carried(&[COMMON_KEYS, T::WRITES, consumed].concat());
        // A key out of a JSON object is a string, so it can be written again.
        let tail = (!carried.is_empty()).then(|| carried_tail(&carried).ok()).flatten();
        origin.tail = tail.map(|tail| (tail + "\n").into());
    }
}

/// What an object says it is about, as far as this tool says such things too, for a record of work
/// that was not even planned.
fn known_head<T: Tool>(body: &Body) -> Head {
    let Body::Object(object) = body else { return Head::default() };
    let string = |key| T::WRITES.contains(&key).then(|| object.string(key)).flatten();
    Head {
        domain: string("domain"),
        address: string("address"),
        host: string("host"),
        ip: string("ip"),
        ..Head::default()
    }
}

fn passed_on_text(object: &Object, status: Status, code: &str, colour: bool) -> String {
    let mut page = Page::new(colour);
    let subject =
        ["host", "domain", "ip", "input"].iter().find_map(|key| object.string(key)).unwrap_or_default();
    let message = object.raw("error").and_then(|raw| serde_json::from_str::<Object>(raw.get()).ok());
    let part = |key: &str| message.as_ref().and_then(|error| error.string(key));
    let sentence = part("message").unwrap_or_default();
    page.headline(status, &subject, &sentence);
    let tool = part("tool").map(|tool| format!(", found by {tool}")).unwrap_or_default();
    page.line("code", &format!("{code}{tool}"));
    if let Some(hint) = part("hint") {
        page.line("try", &hint);
    }
    page.finish()
}
