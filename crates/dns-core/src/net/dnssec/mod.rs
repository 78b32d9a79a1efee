//! Validation of what the servers say, from the trust anchors down (RFC 4035).
//!
//! hickory's validator proves one name at a time; aliases are followed here, so that each link has its own proof and a
//! chain is as secure as its weakest link. Signatures, keys and proofs of absence are hickory's affair; what a proof
//! with Opt-Out leaves open is ours.

mod anchors;
mod apex;
mod ask;
mod denial;
mod message;
mod store;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_net::dnssec::DnssecDnsHandle;
use hickory_net::proto::dnssec::Proof;
use hickory_net::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Query, ResponseCode};
use hickory_net::proto::rr::{Name, RData, Record, RecordType};
use hickory_net::xfer::{DnsHandle, FirstAnswer};
use hickory_net::{DnsError, NetError};
use tokio::sync::OnceCell;
use tokio::time::timeout_at;

pub use anchors::TrustAnchors;

use self::ask::{Handle, Heard, LOOKUP, Progress};
use self::store::Store;
use super::Resolver;
use super::upstreams::{End, Upstreams, timed_out};
use super::wire;
use crate::{Answer, DomainName, Kind, LookupError, Problem, Rr, Security};

/// The most aliases that are followed.
const MOST_ALIASES: usize = 16;
/// Proofs that are remembered.
const MOST_PROOFS: usize = 8_192;
/// And how long at most, with the keys that they hang on: none is looked at again meanwhile, even if its signature runs
/// out or the zone has other keys.
const LONG: Duration = Duration::from_secs(60);

/// Asks for proofs, for one thread.
pub(super) struct Validator {
    anchors: TrustAnchors,
    store: Rc<Store>,
    /// One for each anchor, made when it is first needed: that must be within a `LocalSet`.
    handles: RefCell<HashMap<Name, Rc<Made>>>,
}

/// A validator below one anchor, and when another is to be made.
type Made = OnceCell<(DnssecDnsHandle<Handle>, Instant)>;

/// What is at one name, aliases not followed.
struct Link {
    security: Security,
    found: Found,
}

enum Found {
    Records(Vec<Rr>),
    Alias(DomainName),
    Nothing(Problem),
}

impl Validator {
    pub(super) fn new(upstreams: Rc<Upstreams>, anchors: TrustAnchors) -> Self {
        let store = Rc::new(Store::new(upstreams, anchors.clone()));
        Self { anchors, store, handles: RefCell::default() }
    }

    /// The same as [`Resolver::lookup_until`]; `plain` is asked for what no anchor is above.
    pub(super) async fn lookup(
        &self,
        plain: &Resolver,
        name: &DomainName,
        kind: Kind,
        end: Option<End>,
    ) -> Result<Answer, LookupError> {
        LOOKUP.scope(Progress::new(end), self.follow(plain, name, kind, end)).await
    }

    async fn follow(
        &self,
        plain: &Resolver,
        name: &DomainName,
        kind: Kind,
        end: Option<End>,
    ) -> Result<Answer, LookupError> {
        let (mut at, mut cname) = (name.clone(), Vec::new());
        let mut security = Security::Secure;
        for _ in 0..=MOST_ALIASES {
            let covered = to_wire(&at).and_then(|at| Some((self.anchors.above(&at)?, at)));
            let Some((apex, wire_name)) = covered.filter(|_| kind != Kind::ChaosTxt) else {
                return indeterminate(plain.lookup_plain(&at, kind, end).await, cname);
            };
            let query = Query::query(wire_name, wire::record_type(kind));
            let (result, heard) = self.ask(apex, &query, end).await;
            let Heard { resolver, ede, failed } = heard;
            let Some(link) = link(result, &query, kind) else {
                // What is missing may be what would have proved it.
                let bogus = || LookupError {
                    ede,
                    security: Some(Security::Bogus),
                    ..LookupError::new(Problem::Bogus)
                };
                let error = failed.unwrap_or_else(bogus);
                let resolver = error.resolver.clone().or(resolver);
                return Err(LookupError { resolver, cname, ..error });
            };
            security = security.min(link.security);
            match link.found {
                Found::Records(records) => {
                    let resolver = resolver.unwrap_or_default();
                    // Of aliases and denials it is not known.
                    let shortest = records.iter().map(|rr| rr.ttl).min().filter(|_| cname.is_empty());
                    let lasts = shortest.unwrap_or_default();
                    return Ok(Answer { records, cname, resolver, security: Some(security), lasts });
                }
                Found::Nothing(problem) => {
                    let security = Some(security);
                    return Err(LookupError { ede, resolver, cname, security, ..LookupError::new(problem) });
                }
                Found::Alias(to) if to == *name || cname.contains(&to) => {
                    return Err(LookupError { resolver, cname, ..LookupError::new(Problem::CnameLoop) });
                }
                Found::Alias(to) => {
                    cname.push(to.clone());
                    at = to;
                }
            }
        }
        Err(LookupError { cname, ..LookupError::new(Problem::CnameLoop) })
    }

    /// One question with all that it takes to prove the answer from `apex` down, and what was heard on the way.
    async fn ask(
        &self,
        apex: &Name,
        query: &Query,
        end: Option<End>,
    ) -> (Result<DnsResponse, NetError>, Heard) {
        let handle = match self.handle(apex, end).await {
            Ok(handle) => handle,
            Err(error) => {
                let heard = Heard { failed: Some(error), ..Heard::default() };
                return (Err(NetError::Message("no keys to begin with")), heard);
            }
        };
        let request = DnsRequest::from_query(query.clone(), DnsRequestOptions::default());
        let result = handle.send(request).first_answer().await;
        (result, LOOKUP.with(Progress::heard))
    }

    async fn handle(&self, apex: &Name, end: Option<End>) -> Result<DnssecDnsHandle<Handle>, LookupError> {
        let cell = self.made(apex);
        let made = cell.get_or_try_init(async || {
            let keys = apex::keys(&self.anchors, apex, &self.store, end).await?;
            // A failure is never remembered: it may be one of the network that spread to what hangs on it.
            let handle = DnssecDnsHandle::with_trust_anchor(Handle::new(self.store.clone()), Arc::new(keys))
                .validation_cache_size(MOST_PROOFS)
                .positive_validation_ttl(Duration::ZERO..=LONG)
                .negative_validation_ttl(Duration::ZERO..=Duration::ZERO);
            Ok((handle, Instant::now() + LONG))
        });
        let (handle, _) = match end {
            None => made.await?,
            Some((deadline, limit)) => {
                timeout_at(deadline.into(), made).await.map_err(|_| timed_out(limit))??
            }
        };
        Ok(handle.clone())
    }

    fn made(&self, apex: &Name) -> Rc<Made> {
        let mut handles = self.handles.borrow_mut();
        let made = handles.entry(apex.clone()).or_default();
        if made.get().is_some_and(|(_, until)| *until <= Instant::now()) {
            *made = Rc::default();
        }
        made.clone()
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator").field("anchors", &self.anchors).finish_non_exhaustive()
    }
}

/// An answer about a name below no anchor, at the end of `cname`.
fn indeterminate(asked: Result<Answer, LookupError>, cname: Vec<DomainName>) -> Result<Answer, LookupError> {
    let security = Some(Security::Indeterminate);
    match asked {
        Ok(answer) => Ok(Answer { cname: [cname, answer.cname].concat(), security, ..answer }),
        Err(error) => {
            let security = security.filter(|_| !error.problem.is_temporary());
            Err(LookupError { cname: [cname, error.cname].concat(), security, ..error })
        }
    }
}

fn to_wire(name: &DomainName) -> Option<Name> {
    let mut name = Name::from_labels(name.labels()).ok()?;
    name.set_fqdn(true);
    Some(name)
}

/// What was proved about one name; `None` if nothing was.
fn link(result: Result<DnsResponse, NetError>, query: &Query, kind: Kind) -> Option<Link> {
    let (response, most) = match result {
        Ok(response) => {
            let most = denial::most(&response, query);
            (response, most)
        }
        // Proofs that cost more than anybody should spend (RFC 9276 section 3.2) leave it open.
        Err(NetError::Dns(DnsError::Nsec { response, proof: Proof::Insecure, .. })) => {
            (*response, Security::Insecure)
        }
        Err(_) => return None,
    };
    let at = |wanted: RecordType| -> Vec<&Record> {
        let owned = response.answers.iter().filter(|record| record.name == *query.name());
        owned.filter(|record| record.record_type() == wanted).collect()
    };
    let security = |records: &[&Record]| {
        records.iter().try_fold(most, |security, record| match record.proof {
            Proof::Secure => Some(security),
            Proof::Insecure => Some(security.min(Security::Insecure)),
            Proof::Bogus | Proof::Indeterminate => None,
        })
    };
    let records = at(query.query_type());
    if !records.is_empty() {
        let security = security(&records)?;
        let read = |record: &&Record| {
            Some(Rr { ttl: wire::seconds(record.ttl), data: wire::data(&record.data, kind)? })
        };
        let records: Vec<Rr> = records.iter().filter_map(read).collect();
        let found =
            if records.is_empty() { Found::Nothing(Problem::NoData) } else { Found::Records(records) };
        return Some(Link { security, found });
    }
    let aliases = at(RecordType::CNAME);
    if let Some(RData::CNAME(to)) = aliases.first().map(|record| &record.data) {
        let found = Found::Alias(wire::from_wire(&to.0)?);
        return Some(Link { security: security(&aliases)?, found });
    }
    let problem = match response.response_code {
        ResponseCode::NXDomain => Problem::NxDomain,
        _ => Problem::NoData,
    };
    Some(Link { security: most, found: Found::Nothing(problem) })
}
