//! This machine as its sources see it, in one family.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};
use tool_core::record::{Error, FamilyWord, Finding};
use tool_core::{Code, Outcome, stderr};

use crate::ask::{Asked, Asker};
use crate::cli::Job;
use crate::data::{Answer, SourceRecord};
use crate::quorum::{self, Agreement};

/// What the sources of a family said.
#[derive(Debug)]
pub struct Seen {
    pub(crate) family: FamilyWord,
    /// The address, if enough of them agree.
    pub(crate) ip: Option<IpAddr>,
    pub(crate) took: Duration,
    /// Why there is none.
    error: Option<Error>,
    findings: Vec<Finding>,
    agree: usize,
    local_ip: Option<IpAddr>,
    sources: Vec<SourceRecord>,
}

impl Seen {
    /// Asks all sources at once, until enough of them agree.
    pub(crate) async fn from(asker: &Asker<'_>, family: FamilyWord, job: &Job) -> Self {
        let begun = Instant::now();
        let sources = job.sources(asker.v6);
        let quorum = job.quorum(sources.len());
        let mut under_way: FuturesUnordered<_> =
            (0..).zip(&sources).map(async |(at, via)| (at, asker.ask(via).await)).collect();
        let mut answered: Vec<(usize, Asked)> = Vec::new();
        let mut agreement = Agreement::of([]);
        let mut witnesses = sources.iter().filter(|via| via.is_witness()).count();
        while let Some((at, asked)) = under_way.next().await {
            if job.verbose {
                say(&asked);
            }
            witnesses -= usize::from(asked.is_witness);
            answered.push((at, asked));
            agreement = Agreement::of(answered.iter().map(|(_, asked)| asked));
            // DNS alone is not believed while a witness may still answer.
            let is_sure = agreement.is_witnessed || witnesses == 0;
            if !job.all && is_sure && agreement.address(quorum).is_some() {
                break;
            }
        }
        // As they are listed, whoever was the first.
        answered.sort_by_key(|(at, _)| *at);
        let asked: Vec<Asked> = answered.into_iter().map(|(_, asked)| asked).collect();
        let ip = agreement.address(quorum);
        let mut agreeing = asked.iter().filter(|asked| ip.is_none() || asked.ip() == ip);
        Self {
            family,
            ip,
            took: begun.elapsed(),
            error: ip.is_none().then(|| quorum::error(&asked, quorum)),
            findings: ip.and_then(|ip| quorum::dissent(&asked, ip)).into_iter().collect(),
            agree: agreement.agree,
            local_ip: agreeing.find_map(|asked| asked.local),
            sources: asked.iter().map(SourceRecord::new).collect(),
        }
    }

    /// Whether no source could be reached.
    pub(crate) fn is_offline(&self) -> bool {
        self.error.as_ref().is_some_and(|error| error.code == Code::NetOffline)
    }

    /// Says that there is no IPv6 to be seen.
    pub(crate) fn without_ipv6(&mut self, why: &str) {
        self.findings.push(Finding::new(Code::NetNoIpv6, why));
    }

    /// Writes it into the outcome.
    pub(crate) fn tell(&self, outcome: &mut Outcome<Answer>) {
        let answer = &mut outcome.answer;
        answer.local_ip = self.local_ip;
        answer.agree = Some(self.agree);
        answer.sources = Some(self.sources.clone());
        let translated = self.ip.is_some() && self.local_ip.is_some() && self.ip != self.local_ip;
        answer.nat = translated.then_some(true);
        outcome.error.clone_from(&self.error);
        outcome.findings.clone_from(&self.findings);
    }
}

/// A source's answer on stderr (`-v`).
fn say(asked: &Asked) {
    let said = match &asked.answer {
        Ok(ip) => ip.to_string(),
        Err(error) => format!("{}: {}", error.code, error.message),
    };
    stderr::say("myip", &format!("{} {said} ({} ms)", asked.via, asked.took.as_millis()));
}
