//! The keys of zones and what their parents say of them, asked once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hickory_net::proto::op::{DnsResponse, Query};
use hickory_net::proto::rr::RecordType;
use tokio::sync::OnceCell;
use tokio::time::timeout_at;

use super::TrustAnchors;
use super::ask::Told;
use super::message;
use crate::LookupError;
use crate::net::upstreams::{End, Upstreams, timed_out};
use crate::net::wire::{coins, seconds};

/// The most answers that are kept.
const MOST: usize = 4_096;
/// The longest answer that is kept, in octets.
const LONGEST: usize = 4_096;
/// Nothing is kept for longer, whatever its time to live.
const LONG: Duration = Duration::from_secs(3_600);

/// Asks the servers, and keeps what many lookups have in common.
#[derive(Debug)]
pub(super) struct Store {
    upstreams: Rc<Upstreams>,
    anchors: TrustAnchors,
    kept: RefCell<HashMap<Query, Rc<Entry>>>,
}

/// A question of many lookups; the first asks, the others wait for it.
#[derive(Debug, Default)]
struct Entry {
    answer: OnceCell<(Told, Instant)>,
}

impl Entry {
    fn is_old(&self, now: Instant) -> bool {
        self.answer.get().is_some_and(|(_, until)| *until <= now)
    }
}

impl Store {
    pub(super) fn new(upstreams: Rc<Upstreams>, anchors: TrustAnchors) -> Self {
        Self { upstreams, anchors, kept: RefCell::default() }
    }

    pub(super) async fn ask(&self, query: &Query, end: Option<End>) -> Result<Told, LookupError> {
        // What a lookup itself asks for is asked once in a run, or the same target was named twice.
        if !matches!(query.query_type(), RecordType::DNSKEY | RecordType::DS | RecordType::NS) {
            return self.ask_servers(query, end).await.map(|(told, _)| told);
        }
        let entry = self.entry(query);
        let asked = entry.answer.get_or_try_init(async || {
            let (told, length) = self.ask_servers(query, end).await?;
            let lasts = if length > LONGEST { Duration::ZERO } else { lasts(&told.response) };
            Ok((told, Instant::now() + lasts))
        });
        let (told, _) = match end {
            None => asked.await?,
            Some((deadline, limit)) => {
                timeout_at(deadline.into(), asked).await.map_err(|_| timed_out(limit))??
            }
        };
        Ok(told.clone())
    }

    fn entry(&self, query: &Query) -> Rc<Entry> {
        let now = Instant::now();
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= MOST && !kept.contains_key(query) {
            kept.retain(|_, entry| !entry.is_old(now));
            if kept.len() >= MOST {
                kept.clear();
            }
        }
        let entry = kept.entry(query.clone()).or_default();
        if entry.is_old(now) {
            *entry = Rc::default();
        }
        entry.clone()
    }

    /// The answer and its length in octets.
    async fn ask_servers(&self, query: &Query, end: Option<End>) -> Result<(Told, usize), LookupError> {
        let apex = self.anchors.above(query.name());
        let question = || message::question(query, coins());
        let read = |bytes: &[u8]| Ok((message::read(bytes, query, apex)?, bytes.len()));
        let ((answer, length), upstream) = self.upstreams.ask(question, read, end).await?;
        let (response, ede) = answer;
        Ok((Told { response, ede, resolver: upstream.shown.clone() }, length))
    }
}

/// How long an answer may be kept: as long as all of its records.
fn lasts(response: &DnsResponse) -> Duration {
    let shortest = response.all_sections().map(|record| seconds(record.ttl)).min().unwrap_or(0);
    Duration::from_secs(shortest.into()).min(LONG)
}
