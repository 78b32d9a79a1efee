//! From what a session has learnt to the record of it.

use std::net::IpAddr;

use smtp_core::net::{Called, Finished};
use smtp_core::proto::{Cause, Facts, Failure, Phase};
use tool_core::Outcome;
use tool_core::record::{
    AuthRecord, BannerRecord, Error, Finding, HelloRecord, IprevWord, PtrRecord, RecipientRecord, Status,
    TlsRecord, certificate_ending, iprev_finding, phase_timing, recipients_error, session_error,
    session_findings, submission_finding,
};

use crate::attempt::{Probe, Talked, described};
use crate::data::Answer;
use crate::identity::Identity;
use crate::names::{Seen, certificate_is_for, client_addr_seen, compare};

impl Probe<'_> {
    /// What came of the attempt; `ptr` is what the address is called, where that was asked.
    pub(crate) fn describe(&self, talked: Talked, ptr: Option<PtrRecord>) -> Outcome<Answer> {
        let mut outcome = described(self.candidate, None);
        match talked {
            Err((failure, took)) => {
                if let Some(timing) = &mut outcome.timing {
                    timing.add(Phase::Connect.as_str(), took);
                }
                outcome.error = Some(session_error(&failure, None));
            }
            Ok(Called { local, hello, connect_took, finished: Finished { facts, verdict }, .. }) => {
                if let Some(timing) = &mut outcome.timing {
                    timing.add(Phase::Connect.as_str(), connect_took);
                    phase_timing(&facts.timing, timing);
                }
                outcome.answer.local_ip = local.map(|ip| ip.to_canonical().to_string());
                outcome.answer.helo = Some(hello.to_string());
                self.answer(&mut outcome, &facts, ptr);
                let identity = self.identity(&outcome.answer);
                outcome.findings.extend(identity.iter().flat_map(Identity::findings));
                outcome.findings.extend(session_findings(&facts, verdict.is_err()));
                let port = self.target.port();
                outcome.findings.extend(port.and_then(|port| submission_finding(port, &facts)));
                self.judge(&mut outcome, &facts, verdict);
            }
        }
        outcome
    }

    fn answer(&self, outcome: &mut Outcome<Answer>, facts: &Facts, ptr: Option<PtrRecord>) {
        let answer = &mut outcome.answer;
        answer.banner = facts.banner.as_ref().map(BannerRecord::new);
        answer.ehlo = facts.ehlo.as_ref().map(HelloRecord::new);
        answer.ehlo_tls = facts.ehlo_tls.as_ref().map(HelloRecord::new);
        answer.tls = facts.tls.as_ref().map(|tls| TlsRecord::new(tls, self.job.tls.pem));
        answer.auth = facts.auth.as_ref().map(AuthRecord::new);
        answer.quirks = facts.quirks.iter().map(|quirk| quirk.as_str()).collect();
        let greeted = answer.ehlo.as_ref().or(answer.ehlo_tls.as_ref());
        answer.client_addr_seen =
            greeted.and_then(|ehlo| client_addr_seen(&ehlo.text)).map(|ip| ip.to_string());
        if let Some(ptr) = ptr {
            outcome.findings.extend(iprev_finding(ptr.ip, ptr.iprev));
            answer.ptr = ptr.names;
            answer.iprev = Some(ptr.iprev);
        }
        let Some(greeted) = greeted else { return };
        let host = self.host();
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

    /// The name that the server should have: no address, and no path.
    fn host(&self) -> Option<&str> {
        let host = self.candidate.head.host.as_deref().filter(|host| !is_address(host));
        host.filter(|_| self.target.path().is_none())
    }

    /// The names that a server gave which greeted us well.
    pub(crate) fn identity<'a>(&'a self, answer: &'a Answer) -> Option<Identity<'a>> {
        const READY: u16 = 220;
        let banner = answer.banner.as_ref().filter(|banner| banner.code == READY)?;
        Some(Identity {
            host: self.host(),
            ip: self.target.ip(),
            banner,
            ehlo: answer.ehlo.as_ref().or(answer.ehlo_tls.as_ref()),
            ptr: answer.ptr.as_deref(),
            iprev: answer.iprev,
        })
    }

    /// The error: what ended the session, else the worst of what was expected and of the recipients.
    fn judge(&self, outcome: &mut Outcome<Answer>, facts: &Facts, verdict: Result<(), Failure>) {
        let ended = match &verdict {
            Err(failure) if failure.cause != Cause::NoRecipient => Some(session_error(failure, Some(facts))),
            _ => None,
        };
        if let Some(transaction) = &facts.transaction {
            // What was said about recipients of a sender that was refused says nothing.
            let is_refused = transaction.mail.as_ref().is_some_and(|reply| !reply.is_positive());
            let asked = self.rcpt.iter().zip(&transaction.rcpt);
            let recipients: Vec<RecipientRecord> = asked
                .filter_map(|(rcpt, reply)| match (reply.as_ref().filter(|_| !is_refused), &ended) {
                    (Some(reply), _) => Some(RecipientRecord::from_reply(rcpt.as_str(), reply, false)),
                    (None, Some(error)) => {
                        Some(RecipientRecord::with_verdict(rcpt.as_str(), error.status(), error.code, None))
                    }
                    (None, None) => None,
                })
                .collect();
            outcome.answer.from = Some(self.job.from.shown());
            outcome.error = recipients_error(&recipients, None);
            outcome.answer.recipients = Some(recipients);
        }
        let is_fail = |error: &Error| error.status() == Status::Fail;
        // The first definite one stays.
        let worsen = |error: &mut Option<Error>, more: Option<Error>| {
            if more.is_some() && !error.as_ref().is_some_and(is_fail) {
                *error = more;
            }
        };
        worsen(&mut outcome.error, self.job.expect.unmet(&outcome.answer));
        let ending = self.job.warn_days.zip(facts.tls.as_ref());
        let ending = ending.and_then(|(days, tls)| certificate_ending(tls, days));
        worsen(&mut outcome.error, ending.clone());
        // Once the server has greeted, what must hold is known, whatever it says of mail now.
        let is_of_mail = ended.as_ref().is_some_and(|error| matches!(error.phase, "mail" | "rcpt"));
        let is_settled = is_of_mail && outcome.error.as_ref().is_some_and(is_fail);
        if let Some(ended) = ended
            && (ended.status() == Status::Fail || !is_settled)
        {
            outcome.error = Some(ended);
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
