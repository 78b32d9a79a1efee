//! What `myip` does with a target, and without one.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use clap::ArgMatches;
use dns_core::net::{Bounded, Resolver};
use dns_core::reverse;
use futures_util::future::join_all;
use smtp_core::proto::HelloName;
use tool_core::cli::{Common, UsageError};
use tool_core::jsonl::Body;
use tool_core::record::{Error, FamilyWord, Head, Record, Status, TimingMs, generic_finding, reverse_error};
use tool_core::text::Page;
use tool_core::{Outcome, Plan, Task, Tool, stderr};

use crate::ask::Asker;
use crate::cli::{Job, Options};
use crate::data::{Answer, WRITES};
use crate::seen::Seen;
use crate::via::Via;
use crate::{claim, input, local, text};

/// The tool on one thread.
#[derive(Debug)]
pub struct MyIp {
    job: Arc<Job>,
    resolver: Resolver,
}

/// What a record is about.
#[derive(Debug)]
pub enum Unit {
    /// This machine, as it was seen in one family.
    Machine(Box<Seen>),
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
        let resolver = Resolver::new(&job.resolver);
        Self { job, resolver }
    }

    async fn plan(&self, input: &Body, task: &Task) -> Result<Plan<Unit>, Outcome<Answer>> {
        let units = match input {
            Body::Job => self.machine(task).await,
            body => match input::read(body, self.job.families) {
                Ok(ip) => vec![Unit::Address(ip)],
                Err(error) => return Err(Outcome::failed(Head::default(), error)),
            },
        };
        Ok(Plan { units, consumed: &[] })
    }

    fn head(unit: &Unit) -> Head {
        match unit {
            Unit::Machine(seen) => Head { family: Some(seen.family), ..Head::default() },
            Unit::Address(ip) => head_of(*ip),
        }
    }

    async fn work(&self, unit: &Unit, task: &Task) -> Outcome<Answer> {
        let mut outcome = Outcome::about(Self::head(unit));
        let mut timing = TimingMs::default();
        let ip = match unit {
            Unit::Address(ip) => Some(*ip),
            Unit::Machine(seen) => {
                timing.add("sources", seen.took);
                seen.tell(&mut outcome);
                seen.ip
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
    /// What the sources say about this machine, a family at a time, and all families at once. A
    /// family in which nobody can be reached is left out like one without a route.
    async fn machine(&self, task: &Task) -> Vec<Unit> {
        task.phase.set("sources");
        let families = families(&self.job);
        let mut seen = join_all(families.iter().map(|family| self.look(*family, task))).await;
        let mut no_ipv6 = (!families.contains(&FamilyWord::Ipv6)).then_some("no route leads out over IPv6");
        if !self.job.family_named && seen.iter().any(|seen| !seen.is_offline()) {
            seen.retain(|seen| !seen.is_offline());
            no_ipv6 = no_ipv6.or(Some("no source could be reached over IPv6"));
        } else if !self.job.family_named {
            seen.truncate(1);
        }
        let is_left_out =
            self.job.asks_over_ipv6() && seen.iter().all(|seen| seen.family == FamilyWord::Ipv4);
        if let (true, [seen], Some(why)) = (is_left_out, seen.as_mut_slice(), no_ipv6) {
            seen.without_ipv6(why);
        }
        seen.into_iter().map(|seen| Unit::Machine(Box::new(seen))).collect()
    }

    async fn look(&self, family: FamilyWord, task: &Task) -> Seen {
        // A source that hangs leaves time for the names.
        let limit = task.budget.limit * 3 / 4;
        let asker = Asker {
            v6: family == FamilyWord::Ipv6,
            allow_private: self.job.allow_private,
            resolver: &self.resolver,
            trust: &self.job.trust,
            connect_timeout: self.job.connect_timeout,
            deadline: task.budget.origin() + limit,
            limit,
        };
        Seen::from(&asker, family, &self.job).await
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
        outcome.findings.extend(names.as_deref().and_then(|names| generic_finding(ip, names)));
        let helo = claim::usable(&found, ip).unwrap_or_else(|| HelloName::literal(ip));
        answer.helo = Some(helo.to_string());
        answer.ptr = names;
        answer.iprev = Some(found.iprev.into());
        let forward = found.forward.iter().map(|(name, addresses)| (name.to_string(), addresses.clone()));
        answer.forward = (!found.forward.is_empty()).then(|| forward.collect());
        outcome.error = reverse_error(ip, &found);
        if let Some(name) = &self.job.helo {
            let claim = claim::check(&lookup, name, ip, &found).await;
            if claim.record.leads_here == Some(true) {
                answer.helo = Some(claim.record.name.clone());
            }
            answer.helo_check = Some(claim.record);
            outcome.findings.extend(claim.finding);
            outcome.error = worse(outcome.error.take(), claim.error);
        }
    }
}

/// Of two errors the one that decides; the first if both do.
fn worse(first: Option<Error>, second: Option<Error>) -> Option<Error> {
    let fails = |error: &Option<Error>| error.as_ref().is_some_and(|error| error.status() == Status::Fail);
    if !fails(&first) && fails(&second) { second } else { first.or(second) }
}

fn head_of(ip: IpAddr) -> Head {
    Head { ip: Some(ip.to_string()), family: Some(FamilyWord::of(ip)), ..Head::default() }
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
