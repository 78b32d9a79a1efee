//! The configured servers, asked in turn.

use std::cell::Cell;
use std::time::{Duration, Instant};

use tokio::time::timeout_at;

use super::upstream::{TryError, Upstream};
use super::wire::Question;
use crate::{Ede, LookupError, Problem, ResolverConfig};

/// The servers of one thread. Each gets its tries in turn, the one that answered last first.
#[derive(Debug)]
pub(super) struct Upstreams {
    all: Vec<Upstream>,
    preferred: Cell<usize>,
    try_timeout: Duration,
    tries: u32,
}

/// When the questions of a target end, and the length of the limit that ends then.
pub(super) type End = (Instant, Duration);

/// A server's word that it cannot tell; another may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) problem: Problem,
    pub(super) ede: Vec<Ede>,
}

impl Upstreams {
    pub(super) fn new(config: &ResolverConfig) -> Self {
        let all = config.servers.iter().map(|server| Upstream::new(server, config));
        Self {
            all: all.collect(),
            preferred: Cell::new(0),
            try_timeout: config.try_timeout,
            tries: config.tries,
        }
    }

    /// One question, made anew for each try, to the servers until one tells something that `read` takes; that and who
    /// said it.
    pub(super) async fn ask<R>(
        &self,
        question: impl Fn() -> Question,
        read: impl Fn(&[u8]) -> Result<R, Refusal>,
        end: Option<End>,
    ) -> Result<(R, &Upstream), LookupError> {
        let mut last: Option<LookupError> = None;
        let count = self.all.len();
        let first = self.preferred.get();
        let mut spent = vec![false; count];
        for _ in 0..self.tries {
            for at in (first..first + count).map(|n| n % count) {
                if spent[at] {
                    continue;
                }
                let upstream = &self.all[at];
                let _turn = match until(end, upstream.turn()).await {
                    Ok(turn) => turn,
                    Err(error) => return Err(last.unwrap_or(error)),
                };
                let (try_timeout, limit) = match end {
                    Some((deadline, whole)) => match deadline.saturating_duration_since(Instant::now()) {
                        Duration::ZERO => return Err(last.unwrap_or_else(|| timed_out(whole))),
                        left if left < self.try_timeout => (left, whole),
                        _ => (self.try_timeout, self.try_timeout),
                    },
                    None => (self.try_timeout, self.try_timeout),
                };
                let answer = upstream.exchange(question(), try_timeout).await;
                let error = match answer.map(|bytes| read(&bytes)) {
                    Ok(Ok(reading)) => {
                        self.preferred.set(at);
                        return Ok((reading, upstream));
                    }
                    Ok(Err(Refusal { problem, ede })) => {
                        // Its word: asking it again gives the same.
                        spent[at] = true;
                        LookupError { ede, ..LookupError::new(problem) }
                    }
                    Err(TryError::Timeout) => timed_out(limit),
                    Err(TryError::Bad(detail)) => {
                        LookupError { detail, ..LookupError::new(Problem::BadAnswer) }
                    }
                    Err(TryError::Unreachable(detail)) => {
                        spent[at] = true;
                        LookupError { detail, ..LookupError::new(Problem::Unreachable) }
                    }
                };
                let error = LookupError { resolver: Some(upstream.shown.clone()), ..error };
                if last.as_ref().is_none_or(|known| weight(error.problem) >= weight(known.problem)) {
                    last = Some(error);
                }
            }
        }
        Err(last.unwrap_or_else(|| LookupError::new(Problem::Unreachable)))
    }
}

pub(super) fn timed_out(limit: Duration) -> LookupError {
    LookupError { limit: Some(limit), ..LookupError::new(Problem::Timeout) }
}

/// What comes of `future` before the end.
///
/// # Errors
/// The time is up.
pub(super) async fn until<T>(end: Option<End>, future: impl Future<Output = T>) -> Result<T, LookupError> {
    match end {
        None => Ok(future.await),
        Some((deadline, limit)) => timeout_at(deadline.into(), future).await.map_err(|_| timed_out(limit)),
    }
}

/// Of several servers' failures, the one that says most is reported.
fn weight(problem: Problem) -> u8 {
    match problem {
        Problem::ServFail => 4,
        Problem::Refused => 3,
        Problem::BadAnswer => 2,
        Problem::Timeout => 1,
        _ => 0,
    }
}
