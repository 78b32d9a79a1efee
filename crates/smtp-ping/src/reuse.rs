//! What was found out already (`--reuse`): the same server is asked once in a run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use smtp_core::proto::{Endpoint, Mailbox, Policy};
use tokio::sync::{Mutex as Turns, MutexGuard};
use tool_core::record::Finding;
use tool_core::target::Candidate;
use tool_core::{Outcome, Task};

use crate::attempt::described;
use crate::data::Answer;

/// The results of a run, shared by its threads. Those used last are kept, [`Results::MAX`] at most.
#[derive(Debug, Default)]
pub(crate) struct Results(Mutex<Generations>);

/// What a result depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Question {
    host: Option<String>,
    endpoint: Endpoint,
    rcpt: Vec<String>,
    policy: Arc<Policy>,
}

/// The result of a question, once it is there; whoever holds the lock finds it out.
type Place = Arc<Turns<Option<Known>>>;

/// A young generation that is full becomes the old one, and the old one is forgotten.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Question, Place>,
    old: HashMap<Question, Place>,
}

impl Results {
    /// The most results that are kept.
    const MAX: usize = 4_096;

    /// The place of the result of a probe.
    pub(crate) fn place(&self, candidate: &Candidate, endpoint: &Endpoint, rcpt: &[Mailbox]) -> Place {
        let question = Question {
            host: candidate.head.host.clone(),
            endpoint: endpoint.clone(),
            rcpt: rcpt.iter().map(|to| to.as_str().to_owned()).collect(),
            policy: candidate.policy.clone(),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = all.young.get(&question) {
            return place.clone();
        }
        let place = all.old.get(&question).cloned().unwrap_or_default();
        if all.young.len() >= Self::MAX / 2 {
            all.old = std::mem::take(&mut all.young);
        }
        all.young.insert(question, place.clone());
        place
    }
}

/// Waits until nobody else finds out the same; the result is there, or is to be found out.
pub(crate) async fn wait<'a>(place: &'a Turns<Option<Known>>, task: &Task) -> MutexGuard<'a, Option<Known>> {
    match place.try_lock() {
        Ok(guard) => guard,
        Err(_) => task.aside(place.lock()).await,
    }
}

/// A result, and what in it is not the server's.
#[derive(Debug)]
pub(crate) struct Known {
    outcome: Outcome<Answer>,
    /// What was odd about how the server was found.
    findings: Vec<Finding>,
}

impl Known {
    pub(crate) fn new(outcome: &Outcome<Answer>, candidate: &Candidate) -> Self {
        Self { outcome: outcome.clone(), findings: candidate.findings.clone() }
    }

    /// The same as the result of another target that leads to the server.
    pub(crate) fn reused(&self, candidate: &Candidate) -> Outcome<Answer> {
        let mut outcome = described(candidate, self.outcome.error.clone());
        let of_server = self.outcome.findings.iter().filter(|finding| !self.findings.contains(finding));
        outcome.findings.extend(of_server.cloned());
        outcome.answer = Answer { reused: true, ..self.outcome.answer.clone() };
        if let (Some(own), Some(timing)) = (&mut outcome.timing, &self.outcome.timing) {
            own.extend(timing.iter().filter(|(phase, _)| *phase != "dns"));
        }
        outcome
    }
}
