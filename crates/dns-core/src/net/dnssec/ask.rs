//! The validator's questions, sent by the servers in turn like any other.
//!
//! hickory's validator wants a handle that can be sent to another thread; the sockets belong to this one. So each
//! question goes through a channel to a task beside them.

use std::cell::{Cell, RefCell};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;

use futures_util::Stream;
use futures_util::future::{self, Either};
use futures_util::stream;
use hickory_net::NetError;
use hickory_net::proto::op::{DnsRequest, DnsResponse, Query};
use hickory_net::runtime::TokioRuntimeProvider;
use hickory_net::xfer::DnsHandle;
use tokio::sync::{mpsc, oneshot};

use super::store::Store;
use crate::net::upstreams::End;
use crate::{Ede, LookupError};

/// The most questions of one lookup, with those about its aliases: a name of many labels needs a few dozen, a zone made
/// to keep validators busy any number (KeyTrap, CVE-2023-50387; what one answer can cost is bounded by hickory).
const MOST_QUESTIONS: usize = 256;

tokio::task_local! {
    /// The lookup that the questions of this task are for: the validator's own calls have no room for it.
    pub(super) static LOOKUP: Progress;
}

/// How far a lookup is.
#[derive(Debug)]
pub(super) struct Progress {
    end: Option<End>,
    left: Cell<usize>,
    heard: RefCell<Heard>,
}

/// What came of the questions about one name beside the proof.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Who answered the first question, that for the name itself.
    pub(super) resolver: Option<Arc<str>>,
    /// What else was said with that.
    pub(super) ede: Vec<Ede>,
    /// The first question that failed: what was not proved may be only for want of it.
    pub(super) failed: Option<LookupError>,
}

impl Progress {
    pub(super) fn new(end: Option<End>) -> Self {
        Self { end, left: Cell::new(MOST_QUESTIONS), heard: RefCell::default() }
    }

    /// What there is to know when one name is done.
    pub(super) fn heard(&self) -> Heard {
        self.heard.take()
    }

    fn note(&self, answer: &Result<Told, LookupError>) {
        let mut heard = self.heard.borrow_mut();
        match answer {
            Ok(told) if heard.resolver.is_none() => {
                heard.resolver = Some(told.resolver.clone());
                heard.ede.clone_from(&told.ede);
            }
            Ok(_) => {}
            Err(error) => {
                heard.failed.get_or_insert_with(|| error.clone());
            }
        }
    }
}

/// What a server told.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) response: DnsResponse,
    pub(super) ede: Vec<Ede>,
    pub(super) resolver: Arc<str>,
}

/// A question on its way.
#[derive(Debug)]
struct Job {
    query: Query,
    end: Option<End>,
    reply: oneshot::Sender<Result<Told, LookupError>>,
}

/// Asks, from wherever.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    jobs: mpsc::UnboundedSender<Job>,
}

impl Handle {
    /// Must run within a `LocalSet`; the task there ends with the last handle.
    pub(super) fn new(store: Rc<Store>) -> Self {
        let (jobs, mut waiting) = mpsc::unbounded_channel();
        tokio::task::spawn_local(async move {
            while let Some(job) = waiting.recv().await {
                tokio::task::spawn_local(work(store.clone(), job));
            }
        });
        Self { jobs }
    }
}

/// Answers a question, unless nobody waits any more.
async fn work(store: Rc<Store>, mut job: Job) {
    let answer = {
        let asked = pin!(store.ask(&job.query, job.end));
        match future::select(asked, pin!(job.reply.closed())).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => return,
        }
    };
    let _ = job.reply.send(answer);
}

impl DnsHandle for Handle {
    type Response = Pin<Box<dyn Stream<Item = Result<DnsResponse, NetError>> + Send>>;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> Self::Response {
        let (reply, answer) = oneshot::channel();
        let end = LOOKUP.try_with(|lookup| {
            lookup.left.set(lookup.left.get().checked_sub(1)?);
            Some(lookup.end)
        });
        if let (Ok(Some(end)), Some(query)) = (end, request.queries.first().cloned()) {
            let _ = self.jobs.send(Job { query, end, reply });
        }
        Box::pin(stream::once(async move {
            // Without a job the sender is gone: as good as no answer, and nobody's failure.
            let answer = answer.await.map_err(|_| NetError::Message("too many questions"))?;
            let _ = LOOKUP.try_with(|lookup| lookup.note(&answer));
            answer.map(|told| told.response).map_err(|_| NetError::Message("no answer"))
        }))
    }
}
