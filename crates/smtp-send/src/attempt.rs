//! Handing a message to one address.

use smtp_core::net::{Call, Called, Event, Finished, TlsTarget, call};
use smtp_core::proto::{Cause, Delivery, Facts, Failure, Limits, Mailbox, Phase, Plan, Reply, Transaction};
use tool_core::record::{
    AuthRecord, Error, Finding, RecipientRecord, ReplyRecord, Status, TimingMs, TlsRecord, phase_timing,
    session_error, session_findings,
};
use tool_core::target::Candidate;
use tool_core::{Code, Task, Transcript};

use crate::cli::Job;
use crate::data::Answer;
use crate::envelope::Letter;

/// What an attempt came to.
#[derive(Debug)]
pub(crate) struct Attempted {
    /// What is known of the server; without recipients.
    pub(crate) answer: Answer,
    pub(crate) timing: TimingMs,
    pub(crate) findings: Vec<Finding>,
    /// What ended it, if not the recipients alone.
    pub(crate) error: Option<Error>,
    /// The recipients whose verdict stands, whatever other hosts might say.
    pub(crate) settled: Vec<RecipientRecord>,
    /// The others, with what this host said.
    pub(crate) open: Vec<RecipientRecord>,
    /// Whether another host may be tried for those.
    pub(crate) may_go_on: bool,
}

impl Attempted {
    /// An attempt that ended before it began.
    pub(crate) fn hopeless(recipients: &[Mailbox], error: Error, may_go_on: bool) -> Self {
        Self {
            answer: Answer::default(),
            timing: TimingMs::default(),
            findings: Vec::new(),
            settled: Vec::new(),
            open: same_verdict(recipients, &error),
            error: Some(error),
            may_go_on,
        }
    }
}

/// Connects to `candidate` and hands the letter over for `recipients`.
pub(crate) async fn attempt(
    candidate: &Candidate,
    letter: &Letter,
    recipients: &[Mailbox],
    job: &Job,
    task: &Task,
) -> Attempted {
    let target = match &candidate.target {
        Ok(target) => target,
        Err(error) => return Attempted::hopeless(recipients, error.clone(), true),
    };
    // What the last attempt waited for is over.
    task.phase.set(Phase::Connect.as_str());
    let _turn = match task.turn(target).await {
        Ok(turn) => turn,
        Err(error) => return Attempted::hopeless(recipients, error, false),
    };
    let log = Transcript::new(job.transcript, target, task.is_one_of_many);
    let host = candidate.head.host.as_deref();
    log.note(&format!("connecting to {}", host.unwrap_or("an address")));
    let name = candidate.server_name();
    let way = Call {
        target,
        source: job.session.source,
        connect_timeout: job.connect_timeout,
        end: (task.budget.deadline(), task.budget.limit),
        hello: job.hello.as_ref(),
        tls: TlsTarget { tls: &job.client, name: &name, policy: &candidate.policy },
    };
    let plan = |hello, total| Plan {
        verb: job.session.verb(),
        hello,
        tls: job.tls.plan(target.port().unwrap_or_default(), true, &candidate.policy),
        auth: job.auth.clone().map(|auth| auth.at(&name, target.port())),
        delivery: Some(Delivery {
            from: letter.from.clone(),
            recipients: recipients.to_vec(),
            content: Some(letter.message.content.clone()),
        }),
        quit_after: job.quit_after,
        limits: Limits { total, ..job.limits },
        transcript: job.transcript,
    };
    let on_event = |event: Event<'_>| match event {
        // Until the verdict is told the message may have been taken, so that leaving counts as the dot.
        Event::Phase(Phase::Quit) if task.phase.get() == Phase::Dot.as_str() => {}
        Event::Phase(phase) => task.phase.set(phase.as_str()),
        Event::Line(at, line) => log.line(at, line),
    };
    match call(way, plan, || log.note("connected"), on_event).await {
        Err((failure, took)) => {
            let error = host_error(&failure, None);
            log.note(&format!("not connected: {}", error.message));
            let mut attempted = Attempted::hopeless(recipients, error, true);
            attempted.timing.add(Phase::Connect.as_str(), took);
            attempted
        }
        Ok(Called { local, hello, connect_took, finished: Finished { facts, verdict }, .. }) => {
            let mut attempted = judge(recipients, &facts, verdict, job.quit_after.is_none());
            let mut timing = TimingMs::default();
            timing.add(Phase::Connect.as_str(), connect_took);
            phase_timing(&facts.timing, &mut timing);
            attempted.timing = timing;
            attempted.answer.local_ip = local.map(|ip| ip.to_canonical().to_string());
            attempted.answer.helo = Some(hello.to_string());
            attempted.answer.auth = facts.auth.as_ref().map(AuthRecord::new);
            attempted.answer.tls = facts.tls.as_ref().map(|tls| TlsRecord::new(tls, job.tls.pem));
            attempted
        }
    }
}

/// The verdict of each recipient, and whether another host may be asked.
fn judge(recipients: &[Mailbox], facts: &Facts, verdict: Result<(), Failure>, is_whole: bool) -> Attempted {
    let mut answer = Answer::default();
    let dot = facts.transaction.as_ref().and_then(reply_to_message);
    if let Some(reply) = dot {
        answer.queue_id = queue_id(reply);
        answer.reply = Some(ReplyRecord::new(reply));
    }
    let mut findings = session_findings(facts, verdict.is_err());
    let (settled, open, error, may_go_on) = match verdict {
        // Nothing is ever called sent without a 2yz to the dot.
        Ok(()) if is_whole && !dot.is_some_and(Reply::is_positive) => {
            let error = Error::new(Code::SmtpBadReply, "data", "the session ended without the message");
            (Vec::new(), same_verdict(recipients, &error), Some(error), false)
        }
        Ok(()) => {
            let (settled, open) = by_reply(recipients, facts, None);
            (settled, open, None, true)
        }
        Err(failure) => {
            let error = match failure.cause {
                Cause::NoRecipient => None,
                _ => Some(host_error(&failure, Some(facts))),
            };
            let transient = failure.reply.as_ref().is_some_and(Reply::is_transient);
            match (failure.cause, &error) {
                (Cause::NoRecipient, _) | (_, None) => {
                    let (settled, open) = by_reply(recipients, facts, None);
                    (settled, open, error, true)
                }
                // It may have been taken: nobody else is asked.
                (Cause::Uncertain, Some(verdict)) => {
                    let (mut settled, open) = by_reply(recipients, facts, Some(verdict));
                    settled.extend(open);
                    (settled, Vec::new(), error, false)
                }
                (Cause::DataRefused, Some(verdict)) => {
                    let (mut settled, mut open) = by_reply(recipients, facts, Some(verdict));
                    if transient {
                        // What the dot put off is open; what RCPT refused stays refused.
                        let (still, put_off) =
                            settled.into_iter().partition(|one| one.verdict != verdict.code);
                        (settled, open) = (still, [open, put_off].concat());
                    }
                    // In LMTP one refusal is not the others'.
                    let is_own = facts.transaction.as_ref().is_some_and(|all| !all.delivered.is_empty());
                    let may_go_on = transient || (is_own && !open.is_empty());
                    (settled, open, error, may_go_on)
                }
                (Cause::MailRefused, Some(verdict)) if !transient => {
                    (same_verdict(recipients, verdict), Vec::new(), error, false)
                }
                (
                    Cause::SizeExceeded | Cause::EightBitUnsupported | Cause::Smtputf8Unsupported,
                    Some(verdict),
                ) => (same_verdict(recipients, verdict), Vec::new(), error, false),
                // What RCPT refused for good stays refused, whatever became of the session.
                // The same login elsewhere is refused as well, and counts as another attempt to guess.
                (Cause::AuthRejected | Cause::AuthNotVerified, Some(verdict)) => {
                    (same_verdict(recipients, verdict), Vec::new(), error, false)
                }
                (cause, Some(verdict)) if cause != Cause::MailRefused => {
                    let (some, others) = by_reply(recipients, facts, Some(verdict));
                    let (settled, open) = some
                        .into_iter()
                        .chain(others)
                        .partition(|one| one.status == Status::Fail && one.verdict != verdict.code);
                    (settled, open, error, true)
                }
                (_, Some(verdict)) => (Vec::new(), same_verdict(recipients, verdict), error, true),
            }
        }
    };
    // Fewer only where the session was told to end before RCPT.
    debug_assert!(settled.len() + open.len() <= recipients.len());
    // One condition, said once: where it was demanded it is the error.
    findings.retain(|finding| error.as_ref().is_none_or(|error: &Error| error.code != finding.code));
    Attempted { answer, timing: TimingMs::default(), findings, error, settled, open, may_go_on }
}

/// The reply to the message; in LMTP the best of them.
fn reply_to_message(transaction: &Transaction) -> Option<&Reply> {
    let delivered = || transaction.delivered.iter().flatten();
    transaction.dot.as_ref().or(delivered().find(|reply| reply.is_positive())).or(delivered().next())
}

/// Each recipient by the reply to the message for it alone (LMTP), else by that to its RCPT; the
/// accepted ones get `instead` where the message met with something else than a 2yz. Settled, then
/// open.
fn by_reply(
    recipients: &[Mailbox],
    facts: &Facts,
    instead: Option<&Error>,
) -> (Vec<RecipientRecord>, Vec<RecipientRecord>) {
    let of = |replies: fn(&Transaction) -> &Vec<Option<Reply>>, at: usize| {
        facts.transaction.as_ref().and_then(|transaction| replies(transaction).get(at)?.as_ref())
    };
    let records = recipients.iter().enumerate().filter_map(|(at, recipient)| {
        if let Some(reply) = of(|transaction| &transaction.delivered, at) {
            return Some(RecipientRecord::from_reply(recipient.as_str(), reply, true));
        }
        match (of(|transaction| &transaction.rcpt, at), instead) {
            (Some(reply), Some(error)) if reply.is_positive() => Some(verdict_of(recipient, error)),
            (Some(reply), _) => Some(RecipientRecord::from_reply(recipient.as_str(), reply, true)),
            (None, Some(error)) => Some(verdict_of(recipient, error)),
            // The session ended before RCPT, as it was told to.
            (None, None) => None,
        }
    });
    records.partition(|record| {
        record.status != Status::Unknown || instead.is_some_and(|error| error.code == record.verdict)
    })
}

fn same_verdict(recipients: &[Mailbox], error: &Error) -> Vec<RecipientRecord> {
    recipients.iter().map(|recipient| verdict_of(recipient, error)).collect()
}

fn verdict_of(recipient: &Mailbox, error: &Error) -> RecipientRecord {
    let mut record = RecipientRecord::with_verdict(recipient.as_str(), error.status(), error.code, None);
    if let Some(reply) = &error.reply {
        record.code = Some(reply.code);
        record.enhanced.clone_from(&reply.enhanced);
        record.text = Some(reply.text.clone());
    }
    record
}

/// A failure to connect or a close is definite for a probe; mail is tried again.
fn host_error(failure: &Failure, facts: Option<&Facts>) -> Error {
    let is_retried =
        matches!(failure.cause, Cause::Refused | Cause::Reset | Cause::Closed | Cause::ClosedBeforeBanner);
    Error { is_retried, ..session_error(failure, facts) }
}

/// The name under which Postfix and its kin queue a message. Evidence for people: nothing rests
/// on it.
fn queue_id(reply: &Reply) -> Option<String> {
    let text = reply.text();
    let (_, rest) = text.split_once("queued as ").or_else(|| text.split_once("id="))?;
    let id: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
    (!id.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_id_is_taken_from_the_usual_sentences() {
        let of = |text: &str| queue_id(&Reply::new(250, vec![text.to_owned()]));
        assert_eq!(of("2.0.0 Ok: queued as 4Xn1bH2kzqz9s").as_deref(), Some("4Xn1bH2kzqz9s"));
        assert_eq!(of("OK id=1rZx2A-0001bC-2d").as_deref(), Some("1rZx2A-0001bC-2d"));
        assert_eq!(of("2.6.0 message received"), None);
    }
}
