//! What `mxlookup` does with a target.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use clap::ArgMatches;
use dns_core::address::{Scope, scope};
use dns_core::http::Trust;
use dns_core::net::{Bounded, Resolver, TrustAnchors, config_with};
use dns_core::{
    AT_ONCE, MailTarget, Order, ResolverConfig, Route, RouteOptions, TargetError, TlsaAnswer, reverse, route,
    tlsa,
};
use futures_util::future::{join, join_all};
use futures_util::stream::{self, StreamExt};
use tool_core::cli::{Common, UsageError};
use tool_core::jsonl::Body;
use tool_core::record::{
    DnssecBy, DnssecWord, Error, Finding, Head, HostRecord, PtrRecord, Record, TimingMs, iprev_finding,
    non_public, route_error, route_findings, tlsa_error, tlsa_finding,
};
use tool_core::text::Page;
use tool_core::{Code, Outcome, Plan, Task, Tool, stderr};

use crate::cli::{Job, Options};
use crate::data::{Answer, WRITES};
use crate::policy::Policies;

/// The tool on one thread.
#[derive(Debug)]
pub struct MxLookup {
    job: Arc<Job>,
    resolver: Resolver,
    seed: u64,
}

/// The phases in the order of the record; some are side by side.
const PHASES: &[&str] = &["mx", "addresses", "tlsa", "mta_sts", "tlsrpt", "ptr"];

/// A target.
#[derive(Debug)]
pub struct Unit {
    target: MailTarget,
    head: Head,
}

impl Tool for MxLookup {
    const NAME: &'static str = "mxlookup";
    const WRITES: &'static [&'static str] = WRITES;
    const TIMEOUT: &'static str = "15s";
    const CONCURRENCY: &'static str = "100";
    const TARGETS: &'static str = "domains";

    type Options = Options;
    type Job = Job;
    type Answer = Answer;
    type Unit = Unit;

    fn job(options: Options, common: &Common, _: &ArgMatches) -> Result<Job, UsageError> {
        // Read only where something needs it, and once.
        let own = if options.mta_sts { options.trust.read(Trust::file)? } else { None };
        let configured = config_with(&options.dns.dns, || match &own {
            Some(read) => Ok(Some(read.clone())),
            None => options.trust.read(Trust::file),
        })?;
        let resolver = ResolverConfig { trust_ad: configured.trust_ad || options.trust_ad, ..configured };
        let anchors = options.dnssec.then(|| anchors(options.trust_anchor.as_deref())).transpose()?;
        let is_proved = anchors.is_some();
        if options.tlsa
            && !is_proved
            && !common.quiet
            && !resolver.servers.iter().any(|server| resolver.trusts(server))
        {
            let whose = "one on this machine, those of a resolv.conf with `options trust-ad`, any with --trust-ad, or any with --dnssec";
            let sentence =
                format!("--tlsa asks nothing: it needs a DNS server whose word on DNSSEC is taken: {whose}");
            stderr::say(Self::NAME, &sentence);
        }
        let policies = Policies {
            mta_sts: options.mta_sts,
            tlsrpt: options.tlsrpt,
            trust: own.unwrap_or_else(|| resolver.trust.clone()),
            port: options.https_port,
            allow_private: options.allow_private,
            families: common.families(),
        };
        Ok(Job {
            stable: options.stable,
            addresses: !options.no_addresses,
            ptr: options.ptr,
            tlsa: options.tlsa,
            policies,
            resolver,
            anchors,
            families: common.families(),
        })
    }

    fn targets(options: &Options) -> Vec<String> {
        options.targets.clone()
    }

    fn new(job: Arc<Job>) -> Self {
        let resolver = match &job.anchors {
            Some(anchors) => Resolver::validating(&job.resolver, anchors.clone()),
            None => Resolver::new(&job.resolver),
        };
        Self { job, resolver, seed: rand::random() }
    }

    async fn plan(&self, input: &Body, _: &Task) -> Result<Plan<Unit>, Outcome<Answer>> {
        let failed = |error| Outcome::failed(Head::default(), error);
        let word = match input {
            Body::Word(word) => word.clone(),
            Body::Object(object) => {
                let text = |key| object.read::<String>(key, "a string").map_err(failed);
                let word = match text("address")? {
                    None => text("domain")?,
                    address => address,
                };
                word.ok_or_else(|| {
                    let error = Error::unusable("the record names neither a domain nor an address");
                    failed(error.with_hint("mxlookup reads the keys `address` and `domain`"))
                })?
            }
            Body::Broken { error, .. } => return Err(failed(error.clone())),
            Body::Job => return Err(failed(Error::unusable("there is no target"))),
        };
        let target = MailTarget::parse(&word).map_err(|error| match error {
            TargetError::Injection => failed(Error::injection(error.to_string())),
            TargetError::Bare(ip) => {
                let hint = format!("what an address is called: myip {ip}");
                failed(Error::unusable(error.to_string()).with_hint(hint))
            }
            error => failed(Error::unusable(error.to_string())),
        })?;
        let head = head_of(&target);
        Ok(Plan { units: vec![Unit { target, head }], consumed: &[] })
    }

    fn head(unit: &Unit) -> Head {
        unit.head.clone()
    }

    async fn work(&self, unit: &Unit, task: &Task) -> Outcome<Answer> {
        task.phase.set("dns");
        match &unit.target {
            MailTarget::Literal { ip, .. } => Box::pin(self.literal(unit, *ip, task)).await,
            MailTarget::Domain { domain, .. } => {
                let order = if self.job.stable { Order::Stable } else { Order::Shuffled(self.seed) };
                let options =
                    RouteOptions { families: self.job.families, addresses: self.job.addresses, order };
                let lookup = self.lookup(task);
                let routed = async {
                    let route = route(&lookup, domain, &options).await;
                    self.outcome(unit, route, domain.as_str(), task).await
                };
                if !self.job.policies.are_asked() {
                    return routed.await;
                }
                // Boxed, like all that is seldom asked for: no other target keeps room for it.
                let asked = Box::pin(self.job.policies.ask(&lookup, domain, &task.budget));
                let (mut outcome, asked) = Box::pin(join(routed, asked)).await;
                asked.tell(domain.as_str(), &mut outcome);
                if let Some(timing) = &mut outcome.timing {
                    timing.arrange(PHASES);
                }
                outcome
            }
        }
    }

    fn text(record: &Record<Answer>, page: &mut Page) {
        crate::text::write(record, page);
    }
}

impl MxLookup {
    fn lookup(&self, task: &Task) -> Bounded<'_> {
        Bounded::new(&self.resolver, task.budget.deadline(), task.budget.limit)
    }

    /// An address literal is where mail goes: nothing is asked.
    async fn literal(&self, unit: &Unit, ip: IpAddr, task: &Task) -> Outcome<Answer> {
        let families = self.job.families;
        let wanted = if ip.is_ipv4() { families.v4 } else { families.v6 };
        let error = (!wanted).then(|| {
            Error::new(Code::DnsMxNoAddress, "dns", "the literal is not of the address family asked for")
        });
        let exchange = unit.head.domain.clone().unwrap_or_default();
        let mut hosts = vec![HostRecord {
            preference: Some(0),
            exchange: exchange.clone(),
            addresses: Some(if wanted { vec![ip] } else { Vec::new() }),
            ..HostRecord::default()
        }];
        let mut timing = TimingMs::default();
        let mut findings = Vec::new();
        if scope(ip) != Scope::Public {
            findings.push(non_public(ip).host(&exchange));
        }
        if self.job.ptr {
            findings.extend(self.name_addresses(&mut hosts, task, &mut timing).await);
        }
        let answer = Answer { mx: Some(hosts), ..Answer::default() };
        Outcome { answer, error, findings, timing: Some(timing), ..Outcome::about(unit.head.clone()) }
    }

    async fn outcome(&self, unit: &Unit, route: Route, domain: &str, task: &Task) -> Outcome<Answer> {
        let mut timing = TimingMs::default();
        timing.add("mx", route.mx_took);
        if let Some(took) = route.addresses_took {
            timing.add("addresses", took);
        }
        let mut findings = route_findings(&route);
        let mut hosts: Vec<HostRecord> = route.hosts.iter().map(HostRecord::new).collect();
        let mut error = route_error(&route, domain);
        if self.job.tlsa && error.is_none() {
            findings.extend(Box::pin(self.ask_tlsa(&route, &mut hosts, task, &mut timing)).await);
            error = unusable(&hosts, domain);
        }
        if self.job.ptr && !route.null_mx {
            findings.extend(Box::pin(self.name_addresses(&mut hosts, task, &mut timing)).await);
        }
        let cname: Vec<String> = route.cname.iter().map(ToString::to_string).collect();
        let is_told = route.security.is_some() || hosts.iter().any(|host| host.dnssec.is_some());
        let answer = Answer {
            implicit: route.implicit.then_some(true),
            null_mx: route.null_mx.then_some(true),
            mx: (!hosts.is_empty()).then_some(hosts),
            dnssec: route.security.map(DnssecWord::from),
            dnssec_by: is_told.then_some(match self.job.anchors {
                Some(_) => DnssecBy::Validation,
                None => DnssecBy::Resolver,
            }),
            cname: (!cname.is_empty()).then_some(cname),
            mta_sts: None,
            tlsrpt: None,
            resolver: route.resolver.as_deref().map(str::to_owned),
        };
        Outcome { answer, error, findings, timing: Some(timing), ..Outcome::about(unit.head.clone()) }
    }

    /// What certificate every host has (`--tlsa`), all asked together.
    async fn ask_tlsa(
        &self,
        route: &Route,
        hosts: &mut [HostRecord],
        task: &Task,
        timing: &mut TimingMs,
    ) -> Vec<Finding> {
        let begun = Instant::now();
        let lookup = self.lookup(task);
        let asked = route.hosts.iter().map(async |host| {
            // The aliases of a domain without MX are those of its host.
            let cname = if route.implicit { &route.cname } else { &host.cname };
            match host.addresses.as_deref() {
                None | Some([]) => TlsaAnswer::Insecure,
                Some(_) => tlsa(&lookup, &host.exchange, cname, host.security).await,
            }
        });
        let answers: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
        let mut findings = Vec::new();
        for ((host, record), answer) in route.hosts.iter().zip(hosts).zip(answers) {
            if let TlsaAnswer::Failed(error) = &answer {
                findings.push(tlsa_finding(&host.exchange, error));
            }
            record.set_tlsa(&answer);
        }
        timing.add("tlsa", begun.elapsed());
        findings
    }

    /// The names of every address (`--ptr`), all asked together.
    async fn name_addresses(
        &self,
        hosts: &mut [HostRecord],
        task: &Task,
        timing: &mut TimingMs,
    ) -> Vec<Finding> {
        let begun = Instant::now();
        let lookup = self.lookup(task);
        let named = hosts.iter().map(async |host| {
            let addresses = host.addresses.as_deref().unwrap_or_default();
            join_all(addresses.iter().map(async |ip| PtrRecord::new(*ip, &reverse(&lookup, *ip).await))).await
        });
        let named: Vec<_> = stream::iter(named).buffered(AT_ONCE).collect().await;
        let mut findings = Vec::new();
        for (host, ptr) in hosts.iter_mut().zip(named) {
            let about = ptr.iter().filter_map(|record| iprev_finding(record.ip, record.iprev));
            findings.extend(about.map(|finding| finding.host(&host.exchange)));
            host.ptr = (!ptr.is_empty()).then_some(ptr);
        }
        timing.add("ptr", begun.elapsed());
        findings
    }
}

/// Where validation begins: as the file says, or else at the root.
fn anchors(file: Option<&Path>) -> Result<TrustAnchors, UsageError> {
    let Some(file) = file else { return Ok(TrustAnchors::default()) };
    let text = fs::read_to_string(file).map_err(|error| error.to_string());
    let read = text.and_then(|text| TrustAnchors::parse(&text));
    read.map_err(|cause| UsageError(format!("--trust-anchor: failed to read {}: {cause}", file.display())))
}

/// Why no host of a route can be used, though some have addresses.
fn unusable(hosts: &[HostRecord], domain: &str) -> Option<Error> {
    let has_address = |host: &&HostRecord| host.addresses.as_ref().is_some_and(|all| !all.is_empty());
    let mut unusable = None;
    for host in hosts.iter().filter(has_address) {
        let error = host.tlsa_error.as_ref()?;
        unusable.get_or_insert((host, error));
    }
    unusable.map(|(host, error)| tlsa_error(host, error, domain))
}

fn head_of(target: &MailTarget) -> Head {
    let (domain, unicode, local_part) = match target {
        MailTarget::Domain { domain, local_part } => (domain.to_string(), domain.to_unicode(), local_part),
        MailTarget::Literal { ip: IpAddr::V4(ip), local_part } => (format!("[{ip}]"), None, local_part),
        MailTarget::Literal { ip: IpAddr::V6(ip), local_part } => (format!("[IPv6:{ip}]"), None, local_part),
    };
    let address = local_part.as_ref().map(|local| format!("{local}@{domain}"));
    Head { domain: Some(domain), domain_unicode: unicode, address, ..Head::default() }
}
