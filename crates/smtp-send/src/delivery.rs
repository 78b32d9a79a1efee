//! One message along one route: host after host until every recipient is settled.

use smtp_core::proto::Mailbox;
use tool_core::record::{AttemptRecord, Error, RecipientRecord, Status, recipients_error};
use tool_core::{Code, Outcome, Task};

use crate::attempt::{Attempted, attempt};
use crate::cli::Job;
use crate::data::Answer;
use crate::run::Unit;

/// Delivers, and says what became of each recipient.
pub(crate) async fn deliver(unit: &Unit, job: &Job, task: &Task) -> Outcome<Answer> {
    let mut pending = unit.recipients.clone();
    let mut settled: Vec<RecipientRecord> = Vec::new();
    let mut open: Vec<RecipientRecord> = Vec::new();
    let mut tried: Vec<(usize, Attempted)> = Vec::new();
    let mut attempts = Vec::new();
    for (at, candidate) in unit.candidates.iter().enumerate() {
        let begun = task.budget.spent();
        let attempted = attempt(candidate, &unit.letter, &pending, job, task).await;
        let error = attempted.error.clone().or_else(|| recipients_error(&attempted.settled, None));
        let error = error.or_else(|| recipients_error(&attempted.open, None));
        attempts.push(AttemptRecord::new(&candidate.head, error.as_ref(), task.budget.spent() - begun));
        settled.extend(attempted.settled.iter().cloned());
        unit.settled.borrow_mut().clone_from(&settled);
        open.clone_from(&attempted.open);
        pending.retain(|recipient| open.iter().any(|record| record.address == recipient.as_str()));
        let done = pending.is_empty() || !attempted.may_go_on;
        tried.push((at, attempted));
        if done {
            break;
        }
    }
    let several = attempts.len() > 1;
    let Some((at, shown)) = choose(tried) else {
        let error = unit.route_error.clone().unwrap_or_else(no_host);
        return hopeless(unit, error);
    };
    let recipients = in_order(&unit.recipients, settled, &shown, open);
    let mut outcome = Outcome {
        head: unit.candidates.get(at).map_or_else(|| unit.head.clone(), |candidate| candidate.head.clone()),
        answer: shown.answer,
        error: verdict(&recipients, shown.error),
        findings: unit.findings.clone(),
        timing: Some(shown.timing),
        carried: unit.candidates.get(at).map(|candidate| candidate.carried.clone()).unwrap_or_default(),
    };
    outcome
        .findings
        .extend(unit.candidates.get(at).into_iter().flat_map(|candidate| candidate.findings.clone()));
    outcome.findings.extend(shown.findings);
    outcome.answer.from = Some(unit.letter.from.shown());
    if job.quit_after.is_none() {
        outcome.answer.message_id.clone_from(&unit.letter.message.id);
        outcome.answer.size_bytes = Some(unit.letter.message.content.size);
    }
    outcome.answer.recipients = (!recipients.is_empty()).then_some(recipients);
    outcome.answer.attempts = several.then_some(attempts);
    outcome
}

/// The work was cut short: what is settled stays so. Between the final dot and its reply the
/// message may have been taken.
pub(crate) fn cut_short(unit: &Unit, error: Error) -> Outcome<Answer> {
    let error = match error.phase {
        "dot" => {
            let message = "interrupted after the final dot: the message may have been delivered";
            let uncertain = Error::new(Code::DataUncertain, "dot", message);
            uncertain.with_hint("look for the Message-ID at the receiver before sending again")
        }
        _ => error,
    };
    let settled = unit.settled.take();
    let open = |to: &&Mailbox| !settled.iter().any(|one| one.address == to.as_str());
    let open: Vec<Mailbox> = unit.recipients.iter().filter(open).cloned().collect();
    let open = Attempted::hopeless(&open, error.clone(), false).open;
    let all: Vec<RecipientRecord> = settled.into_iter().chain(open).collect();
    let error = verdict(&all, Some(error.clone())).unwrap_or(error);
    let answer = undelivered(unit, all);
    // What a host has to show is not forgotten, so that it is not tried again without it.
    let (head, carried) = match unit.candidates.iter().find(|candidate| candidate.has_demands()) {
        Some(candidate) => (candidate.head.clone(), candidate.carried.clone()),
        None => (unit.head.clone(), Vec::new()),
    };
    Outcome { answer, carried, ..Outcome::failed(head, error) }
}

/// No host was even tried.
fn hopeless(unit: &Unit, error: Error) -> Outcome<Answer> {
    let attempted = Attempted::hopeless(&unit.recipients, error, false);
    Outcome {
        answer: undelivered(unit, attempted.open),
        error: attempted.error,
        findings: unit.findings.clone(),
        timing: Some(attempted.timing),
        ..Outcome::about(unit.head.clone())
    }
}

/// What is known of a letter that no server has answered.
fn undelivered(unit: &Unit, recipients: Vec<RecipientRecord>) -> Answer {
    Answer {
        from: Some(unit.letter.from.shown()),
        recipients: Some(recipients),
        message_id: unit.letter.message.id.clone(),
        size_bytes: Some(unit.letter.message.content.size),
        ..Answer::default()
    }
}

fn no_host() -> Error {
    Error::new(Code::DnsMxNoAddress, "dns", "the route has no host to go to")
}

/// The attempt that the record is about: the last that settled a recipient or that nothing
/// follows; else the first that is `unknown`, else the first.
fn choose(mut tried: Vec<(usize, Attempted)>) -> Option<(usize, Attempted)> {
    let settles = |attempted: &Attempted| {
        !attempted.settled.is_empty() || (attempted.error.is_none() && attempted.open.is_empty())
    };
    let unknown = |attempted: &Attempted| match &attempted.error {
        Some(error) => error.status() == Status::Unknown,
        None => !attempted.open.is_empty(),
    };
    let at = tried
        .iter()
        .rposition(|(_, attempted)| settles(attempted))
        .or_else(|| tried.iter().position(|(_, attempted)| unknown(attempted)))
        .unwrap_or(0);
    (at < tried.len()).then(|| tried.swap_remove(at))
}

/// The recipients in the order of the envelope. Those that no host settled have what the attempt
/// that is shown said, or else the last.
fn in_order(
    envelope: &[Mailbox],
    settled: Vec<RecipientRecord>,
    shown: &Attempted,
    open: Vec<RecipientRecord>,
) -> Vec<RecipientRecord> {
    let all: Vec<RecipientRecord> =
        settled.into_iter().chain(shown.open.iter().cloned()).chain(open).collect();
    envelope
        .iter()
        .filter_map(|mailbox| all.iter().find(|one| one.address == mailbox.as_str()).cloned())
        .collect()
}

/// The error of the record: what ended the session where it decided them all, else the worst
/// recipient's.
fn verdict(recipients: &[RecipientRecord], ended_by: Option<Error>) -> Option<Error> {
    match ended_by {
        Some(error) if recipients.iter().all(|one| one.verdict == error.code) => Some(error),
        Some(error) if recipients.is_empty() => Some(error),
        ended_by => {
            let worst = recipients_error(recipients, Some("delivered to"))?;
            // A message that may have arrived is said so, whatever else happened.
            let says_more = |error: &Error| {
                error.code == worst.code
                    || (error.code == Code::DataUncertain && worst.status() == Status::Unknown)
            };
            Some(ended_by.filter(says_more).unwrap_or(worst))
        }
    }
}
