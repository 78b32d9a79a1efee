//! What `myip` does with a target, and without one.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use clap::ArgMatches;
use dns_core::http::Trust;
use dns_core::net::{Bounded, Resolver, config};
use dns_core::reverse;
use futures_util::stream::{FuturesUnordered, StreamExt};
use smtp_core::proto::HelloName;
use tokio::sync::OnceCell;
use tool_core::cli::{Common, UsageError};
use tool_core::jsonl::Body;
use tool_core::record::{FamilyWord, Head, Record, TimingMs, reverse_error};
use tool_core::text::Page;
use tool_core::{Outcome, Plan, Task, Tool, stderr};

use crate::ask::{Asked, Asker};
use crate::cli::{Job, Options};
use crate::data::{Answer, SourceRecord, WRITES};
use crate::quorum::{self, Agreement};
use crate::via::Via;
use crate::{generic, input, local, text};

/// The tool on one thread.
#[derive(Debug)]
pub struct MyIp {
    job: Arc<Job>,
    resolver: Resolver,
    trust: OnceCell<Trust>,
}

/// What a record is about.
#[derive(Debug)]
pub enum Unit {
    /// This machine, in one family.
    Machine(FamilyWord),
    /// An address.
    Address(IpAddr),
}

impl Tool for MyIp {
    const NAME: &'static str = "myip";
    const WRITES: &'static [&'static str] = WRITES;
    const TIMEOUT: &'static str = "10s";
    const CONCURRENCY: &'static str = "10";
    const TARGETS: &'static str = "addresses";

    type Options = Options;
    type Job = Job;
    type Answer = Answer;
    type Unit = Unit;

    fn job(options: Options, common: &Common, _: &ArgMatches) -> Result<Job, UsageError> {
        Job::new(options, common)
    }

    fn targets(options: &Options) -> Vec<String> {
        options.targets.clone()
    }

    fn is_whole_job(_: &Options) -> bool {
        true
    }

    fn new(job: Arc<Job>) -> Self {
        let resolver = Resolver::new(&config(&job.servers));
        let trust = OnceCell::new_with(job.trust.clone());
        Self { job, resolver, trust }
    }

    async fn plan(&self, input: &Body, _: &Task) -> Result<Plan<Unit>, Outcome<Answer>> {
        let units = match input {
            Body::Job => families(&self.job).into_iter().map(Unit::Machine).collect(),
            body => match input::read(body, self.job.families) {
                Ok(ip) => vec![Unit::Address(ip)],
                Err(error) => return Err(Outcome::failed(Head::default(), error)),
            },
        };
        Ok(Plan { units, consumed: &[] })
    }

    fn head(unit: &Unit) -> Head {
        match unit {
            Unit::Machine(family) => Head { family: Some(*family), ..Head::default() },
            Unit::Address(ip) => head_of(*ip),
        }
    }

    async fn work(&self, unit: &Unit, task: &Task) -> Outcome<Answer> {
        let mut outcome = Outcome {
            head: Self::head(unit),
            answer: Answer::default(),
            error: None,
            findings: Vec::new(),
            timing: None,
        };
        let mut timing = TimingMs::default();
        let ip = match unit {
            Unit::Address(ip) => Some(*ip),
            Unit::Machine(family) => {
                self.ask(*family == FamilyWord::Ipv6, task, &mut outcome, &mut timing).await
            }
        };
        if let Some(ip) = ip {
            outcome.head = head_of(ip);
            self.name(ip, task, &mut outcome, &mut timing).await;
        }
        if let (true, false, Some(error)) = (self.job.name, self.job.quiet, &outcome.error) {
            // The line on stdout says nothing of it.
            stderr::say(Self::NAME, &error.message);
        }
        outcome.timing = Some(timing);
        outcome
    }

    fn text(record: &Record<Answer>, page: &mut Page) {
        text::write(record, page);
    }

    fn own_form(job: &Job, record: &Record<Answer>) -> Option<String> {
        job.name.then(|| record.answer.helo.as_ref().map(|helo| format!("{helo}\n")).unwrap_or_default())
    }
}

impl MyIp {
    /// The public address, as enough sources see it.
    async fn ask(
        &self,
        v6: bool,
        task: &Task,
        outcome: &mut Outcome<Answer>,
        timing: &mut TimingMs,
    ) -> Option<IpAddr> {
        task.phase.set("sources");
        let begun = Instant::now();
        // A source that hangs leaves time for the names.
        let limit = task.budget.limit * 3 / 4;
        let asker = Asker {
            v6,
            allow_private: self.job.allow_private,
            resolver: &self.resolver,
            trust: &self.trust,
            connect_timeout: self.job.connect_timeout,
            deadline: task.budget.origin + limit,
            limit,
        };
        let sources = self.job.sources(v6);
        let quorum = self.job.quorum(sources.len());
        let mut under_way: FuturesUnordered<_> =
            (0..).zip(&sources).map(async |(at, via)| (at, asker.ask(via).await)).collect();
        let mut answered: Vec<(usize, Asked)> = Vec::new();
        let mut agreement = Agreement::of([]);
        while let Some((at, asked)) = under_way.next().await {
            self.tell(&asked);
            answered.push((at, asked));
            agreement = Agreement::of(answered.iter().filter_map(|(_, asked)| asked.answer.clone().ok()));
            if !self.job.all && agreement.address(quorum).is_some() {
                break;
            }
        }
        timing.add("sources", begun.elapsed());
        // As they are listed, whoever was the first.
        answered.sort_by_key(|(at, _)| *at);
        let asked: Vec<Asked> = answered.into_iter().map(|(_, asked)| asked).collect();

        let ip = agreement.address(quorum);
        let answer = &mut outcome.answer;
        let agreeing = asked.iter().filter(|asked| ip.is_none() || asked.answer.as_ref().ok() == ip.as_ref());
        answer.local_ip = agreeing.filter_map(|asked| asked.local).next();
        answer.agree = Some(agreement.agree);
        answer.sources = Some(asked.iter().map(SourceRecord::new).collect());
        match ip {
            None => outcome.error = Some(quorum::error(&asked, quorum)),
            Some(ip) => {
                answer.nat = (answer.local_ip.is_some_and(|local| local != ip)).then_some(true);
                outcome.findings.extend(quorum::dissent(&asked, ip));
            }
        }
        ip
    }

    /// The names of an address, and whether they lead back.
    async fn name(&self, ip: IpAddr, task: &Task, outcome: &mut Outcome<Answer>, timing: &mut TimingMs) {
        task.phase.set("dns");
        let lookup = Bounded::new(&self.resolver, task.budget.deadline(), task.budget.limit);
        let found = reverse(&lookup, ip).await;
        timing.add("ptr", found.ptr_took);
        if let Some(took) = found.forward_took {
            timing.add("forward", took);
        }
        let answer = &mut outcome.answer;
        let names: Option<Vec<String>> =
            found.names.as_ref().map(|names| names.iter().map(ToString::to_string).collect());
        outcome.findings.extend(names.as_deref().and_then(|names| generic::finding(ip, names)));
        answer.helo = Some(helo(ip, found.confirmed(ip).map(ToString::to_string)));
        answer.ptr = names;
        answer.iprev = Some(found.iprev.into());
        let forward = found.forward.iter().map(|(name, addresses)| (name.to_string(), addresses.clone()));
        answer.forward = (!found.forward.is_empty()).then(|| forward.collect());
        outcome.error = reverse_error(ip, &found);
    }

    /// The dialogue with the sources on stderr (`-v`).
    fn tell(&self, asked: &Asked) {
        if self.job.verbose {
            let said = match &asked.answer {
                Ok(ip) => ip.to_string(),
                Err(error) => format!("{}: {}", error.code, error.message),
            };
            stderr::say(Self::NAME, &format!("{} {said} ({} ms)", asked.via, asked.took.as_millis()));
        }
    }
}

fn head_of(ip: IpAddr) -> Head {
    Head { ip: Some(ip.to_string()), family: Some(FamilyWord::of(ip)), ..Head::default() }
}

/// A name that leads back, if it can be given in EHLO; else the literal of the address.
fn helo(ip: IpAddr, confirmed: Option<String>) -> String {
    // Anything can stand in a PTR; only what a host name is made of goes on (RFC 1123 section 2.1).
    let plain =
        |name: &String| name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    let name = confirmed.filter(plain).and_then(|name| HelloName::new(&name).ok());
    name.unwrap_or_else(|| HelloName::literal(ip)).to_string()
}

/// The families that this machine is asked about: without a route to any source a family is left
/// out, unless it was asked for or nothing else is left.
fn families(job: &Job) -> Vec<FamilyWord> {
    let wanted = [(job.families.v4, FamilyWord::Ipv4), (job.families.v6, FamilyWord::Ipv6)];
    let mut families: Vec<FamilyWord> =
        wanted.into_iter().filter(|(wanted, _)| *wanted).map(|(_, family)| family).collect();
    if !job.family_named {
        let first = families.first().copied();
        families.retain(|family| has_route(job, *family == FamilyWord::Ipv6));
        if families.is_empty() {
            families.extend(first);
        }
    }
    families
}

fn has_route(job: &Job, v6: bool) -> bool {
    job.sources(v6).iter().any(|via: &Via| match via.address() {
        Some((ip, port)) => ip.is_ipv6() == v6 && local::towards(SocketAddr::new(ip, port)).is_some(),
        None => local::outwards(v6).is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_no_host_name_is_not_given() {
        let ip: IpAddr = "203.0.113.7".parse().unwrap();
        assert_eq!(helo(ip, Some("server.example.com".into())), "server.example.com");
        assert_eq!(helo(ip, Some("a\\032b.example".into())), "[203.0.113.7]");
        assert_eq!(helo(ip, Some("$(id).example".into())), "[203.0.113.7]");
        assert_eq!(helo("2001:db8::7".parse().unwrap(), None), "[IPv6:2001:db8::7]");
    }
}
