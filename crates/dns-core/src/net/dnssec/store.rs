//! The keys of zones and what their parents say of them, asked once.

use std::rc::Rc;
use std::time::Duration;

use hickory_net::proto::op::{DnsResponse, Query};
use hickory_net::proto::rr::RecordType;

use super::ask::Told;
use super::message;
use super::{LONG, TrustAnchors};
use crate::LookupError;
use crate::net::shared::Shared;
use crate::net::upstreams::{End, Upstreams};
use crate::net::wire::{coins, seconds};

/// Half of the answers that are kept.
const GENERATION: usize = 1_024;
/// The longest answer that is kept, in octets.
const LONGEST: usize = 4_096;

/// Asks the servers, and keeps what many lookups have in common.
#[derive(Debug)]
pub(super) struct Store {
    upstreams: Rc<Upstreams>,
    anchors: TrustAnchors,
    kept: Shared<Query, Told>,
}

impl Store {
    pub(super) fn new(upstreams: Rc<Upstreams>, anchors: TrustAnchors) -> Self {
        Self { upstreams, anchors, kept: Shared::new(GENERATION) }
    }

    pub(super) async fn ask(&self, query: &Query, end: Option<End>) -> Result<Told, LookupError> {
        // What a lookup itself asks for is asked once in a run, or the same target was named twice.
        if !matches!(query.query_type(), RecordType::DNSKEY | RecordType::DS | RecordType::NS) {
            return self.ask_servers(query, end).await.map(|(told, _)| told);
        }
        let ask = async || {
            let (told, length) = self.ask_servers(query, end).await?;
            let lasts = if length > LONGEST { Duration::ZERO } else { lasts(&told.response) };
            Ok((told, lasts))
        };
        self.kept.get(query, end, ask).await
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

/// How long an answer may be kept: as long as all of its records, which nobody has proved yet.
fn lasts(response: &DnsResponse) -> Duration {
    let shortest = response.all_sections().map(|record| seconds(record.ttl)).min().unwrap_or(0);
    Duration::from_secs(shortest.into()).min(LONG)
}
