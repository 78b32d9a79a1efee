//! What `smtp-send` does with an input.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use clap::ArgMatches;
use dns_core::net::{Bounded, Resolver};
use dns_core::{Lookup, MailTarget, Order, RouteOptions, route};
use futures_util::future::join_all;
use smtp_core::proto::Mailbox;
use tool_core::cli::{Common, UsageError};
use tool_core::jsonl::{Body, Object};
use tool_core::record::{
    Error, Finding, Head, HostRecord, RecipientRecord, Record, route_error, route_findings,
};
use tool_core::target::{Candidate, OF_A_HOST, candidates, demands_of_host, route_candidates};
use tool_core::text::Page;
use tool_core::{Outcome, Plan, Task, Tool};

use crate::cli::{Job, Options, is_whole_job};
use crate::data::{Answer, WRITES};
use crate::delivery::{cut_short, deliver};
use crate::envelope::{Letter, is_own, letter, mail_target};

/// The tool on one thread.
#[derive(Debug)]
pub struct SmtpSend {
    job: Arc<Job>,
    resolver: Resolver,
    seed: u64,
}

/// A message and a route.
#[derive(Debug)]
pub struct Unit {
    pub(crate) head: Head,
    pub(crate) letter: Rc<Letter>,
    /// Those that this route leads to.
    pub(crate) recipients: Vec<Mailbox>,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) findings: Vec<Finding>,
    /// Why there is no candidate.
    pub(crate) route_error: Option<Error>,
    /// The recipients whose verdict stands, while others are still worked on.
    pub(crate) settled: RefCell<Vec<RecipientRecord>>,
}

/// The keys of a record that name a server.
const ROUTE_KEYS: &[&str] = &["host", "ip", "mx", "exchange"];

/// The same, and what they bring along: dropped where the server is another.
const SERVER_KEYS: &[&str] = &["host", "ip", "mx", "exchange", "tlsa", "tlsa_base", "tlsa_error"];

impl Tool for SmtpSend {
    const NAME: &'static str = "smtp-send";
    const WRITES: &'static [&'static str] = WRITES;
    const TIMEOUT: &'static str = "15m";
    const CONCURRENCY: &'static str = "1";
    const TARGETS: &'static str = "recipients or records";

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

    fn is_whole_job(options: &Options) -> bool {
        is_whole_job(options)
    }

    fn per_host(job: &Job) -> Option<u32> {
        job.session.per_host.map(Into::into)
    }

    fn new(job: Arc<Job>) -> Self {
        let resolver = Resolver::new(&job.resolver);
        Self { job, resolver, seed: rand::random() }
    }

    async fn plan(&self, input: &Body, task: &Task) -> Result<Plan<Unit>, Outcome<Answer>> {
        let letter = letter(input, &self.job).map_err(|error| Outcome::failed(Head::of(input), error))?;
        let letter = Rc::new(letter);
        task.phase.set("dns");
        let lookup = Bounded::new(&self.resolver, task.budget.deadline(), task.budget.limit);
        // A message whose hosts have TLSA records goes along the same hosts again.
        let again;
        let input = match input {
            Body::Object(object) if is_own(object) && object.raw("mx").is_some() => {
                again = Body::Object(object.without(&["host", "ip", "port", "preference"]));
                &again
            }
            input => input,
        };
        let names_server = match input {
            // A message that went along a route is tried along it again, not at the host that failed; but no
            // route that is looked up here has the TLSA records that the first one had.
            Body::Object(object)
                if is_own(object)
                    && object.raw("domain").is_some()
                    && object.raw("mx").is_none()
                    && !demands_of_host(object) =>
            {
                false
            }
            Body::Object(object) => ROUTE_KEYS.iter().any(|key| object.raw(key).is_some()),
            _ => false,
        };
        let (units, consumed) = match &self.job.server {
            None if !names_server => (self.by_domain(&letter, input, &lookup).await, OF_A_HOST),
            server => {
                let target = server.as_ref().unwrap_or(input);
                let found = candidates(target, &self.job.target, &lookup).await;
                let (mut candidates, consumed) =
                    found.map_err(|(head, error)| Outcome::failed(head, error))?;
                if server.is_some() {
                    let Head { domain, domain_unicode, address, .. } = Head::of(input);
                    for candidate in &mut candidates {
                        let head = &mut candidate.head;
                        (head.domain, head.domain_unicode) = (domain.clone(), domain_unicode.clone());
                        head.address.clone_from(&address);
                    }
                }
                let keeps_route = server.is_none() && candidates.iter().any(Candidate::has_demands);
                let consumed = if keeps_route { OF_A_HOST } else { consumed };
                let unit = Unit {
                    head: Head::of(input),
                    recipients: letter.recipients.clone(),
                    letter,
                    candidates,
                    findings: Vec::new(),
                    route_error: None,
                    settled: RefCell::default(),
                };
                (vec![unit], if server.is_some() { SERVER_KEYS } else { consumed })
            }
        };
        Ok(Plan { units, consumed })
    }

    fn head(unit: &Unit) -> Head {
        unit.head.clone()
    }

    /// What is under way is finished and told, whoever reads it.
    const REPORTS_ALWAYS: bool = true;

    fn cut_short(unit: &Unit, error: Error) -> Outcome<Answer> {
        cut_short(unit, error)
    }

    async fn work(&self, unit: &Unit, task: &Task) -> Outcome<Answer> {
        deliver(unit, &self.job, task).await
    }

    fn text(record: &Record<Answer>, page: &mut Page) {
        crate::text::write(record, page);
    }
}

impl SmtpSend {
    /// A unit for each domain of the recipients, in their order.
    async fn by_domain(&self, letter: &Rc<Letter>, input: &Body, lookup: &impl Lookup) -> Vec<Unit> {
        let none = Object::default();
        let record = if let Body::Object(object) = input { object } else { &none };
        let head = Head::of(input);
        let mut groups: Vec<(String, Vec<Mailbox>)> = Vec::new();
        for recipient in &letter.recipients {
            let domain = recipient.domain().unwrap_or_default().to_ascii_lowercase();
            match groups.iter_mut().find(|(known, _)| *known == domain) {
                Some((_, group)) => group.push(recipient.clone()),
                None => groups.push((domain, vec![recipient.clone()])),
            }
        }
        let units = groups.into_iter().map(async |(_, recipients)| {
            let mut unit = Unit {
                head: head.clone(),
                letter: letter.clone(),
                recipients,
                candidates: Vec::new(),
                findings: Vec::new(),
                route_error: None,
                settled: RefCell::default(),
            };
            self.find_route(&mut unit, record, lookup).await;
            unit
        });
        join_all(units).await
    }

    /// Where the mail of the unit's domain goes by itself.
    async fn find_route(&self, unit: &mut Unit, record: &Object, lookup: &impl Lookup) {
        let Some(recipient) = unit.recipients.first() else { return };
        if recipient.domain().is_none() {
            let message = "a recipient without a domain needs a server: --server";
            unit.route_error = Some(Error::unusable(message));
            return;
        }
        // A password is for a server that somebody has named, not for one that the DNS does.
        if self.job.auth.is_some() {
            unit.route_error = Some(Error::unusable("a login needs a server: --server"));
            return;
        }
        match mail_target(recipient) {
            Err(error) => unit.route_error = Some(error),
            Ok(MailTarget::Literal { ip, .. }) => {
                let found = candidates(&Body::Word(ip.to_string()), &self.job.target, lookup).await;
                match found {
                    Ok((candidates, _)) => unit.candidates = candidates,
                    Err((_, error)) => unit.route_error = Some(error),
                }
            }
            Ok(MailTarget::Domain { domain, .. }) => {
                let options = RouteOptions {
                    families: self.job.target.families,
                    addresses: true,
                    order: Order::Shuffled(self.seed),
                };
                let route = route(lookup, &domain, &options).await;
                unit.head.domain = Some(domain.to_string());
                unit.head.domain_unicode = domain.to_unicode();
                unit.findings = route_findings(&route);
                match route_error(&route, domain.as_str()) {
                    Some(error) => unit.route_error = Some(error),
                    None => {
                        let hosts = route.hosts.iter().map(HostRecord::new).collect();
                        let found = route_candidates(hosts, record, &unit.head, &self.job.target, lookup);
                        match found.await {
                            Ok(candidates) => unit.candidates = candidates,
                            Err(error) => unit.route_error = Some(error),
                        }
                    }
                }
            }
        }
    }
}
