//! Asks the configured servers in turn.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::tcp;
use super::udp::{Pool, UdpError};
use super::wire::{self, Question, Reading};
use crate::{
    Answer, DomainName, Kind, Lookup, LookupError, Problem, Protocol, ResolverConfig, Security, Server,
};

/// A stub resolver over the configured servers, for one thread; must be used within a `LocalSet`.
///
/// Each server gets its tries in turn, the one that answered last first. An answer without RA is
/// accepted: the servers were named by somebody. Nothing is answered from this side: no search
/// list, no /etc/hosts, no special names.
#[derive(Debug)]
pub struct Resolver {
    upstreams: Vec<Upstream>,
    preferred: Cell<usize>,
    try_timeout: Duration,
    tries: u32,
}

#[derive(Debug)]
struct Upstream {
    server: Server,
    shown: Arc<str>,
    /// Whether its word on DNSSEC is taken.
    is_trusted: bool,
    pool: Pool,
}

/// When the questions of a target end, and the length of the limit that ends then.
pub(super) type End = (Instant, Duration);

fn timed_out(limit: Duration) -> LookupError {
    LookupError { limit: Some(limit), ..LookupError::new(Problem::Timeout) }
}

/// Why one try told nothing.
enum TryError {
    Timeout,
    Bad,
    Unreachable,
}

impl Resolver {
    /// A resolver that opens its sockets when it is first asked.
    pub fn new(config: &ResolverConfig) -> Self {
        let upstreams = config.servers.iter().map(|server| Upstream {
            server: *server,
            shown: server.to_string().into(),
            is_trusted: config.trusts(server),
            pool: Pool::new(server.addr),
        });
        Self {
            upstreams: upstreams.collect(),
            preferred: Cell::new(0),
            try_timeout: config.try_timeout,
            tries: config.tries,
        }
    }

    /// One question to the servers, aliases not followed beyond what the answer holds.
    async fn ask(
        &self,
        name: &DomainName,
        kind: Kind,
        end: Option<End>,
    ) -> Result<(Reading, &Upstream), LookupError> {
        let mut last: Option<LookupError> = None;
        let count = self.upstreams.len();
        let first = self.preferred.get();
        let mut spent = vec![false; count];
        for _ in 0..self.tries {
            for at in (first..first + count).map(|n| n % count) {
                if spent[at] {
                    continue;
                }
                let upstream = &self.upstreams[at];
                let (try_timeout, limit) = match end {
                    Some((deadline, whole)) => match deadline.saturating_duration_since(Instant::now()) {
                        Duration::ZERO => return Err(last.unwrap_or_else(|| timed_out(whole))),
                        left if left < self.try_timeout => (left, whole),
                        _ => (self.try_timeout, self.try_timeout),
                    },
                    None => (self.try_timeout, self.try_timeout),
                };
                let error = match self.try_once(upstream, name, kind, try_timeout).await {
                    Ok(reading) => match reading.problem {
                        Some(problem @ (Problem::ServFail | Problem::Refused | Problem::BadAnswer)) => {
                            // Its word: asking it again gives the same.
                            spent[at] = true;
                            LookupError { ede: reading.ede, ..LookupError::new(problem) }
                        }
                        _ => {
                            self.preferred.set(at);
                            return Ok((reading, upstream));
                        }
                    },
                    Err(TryError::Timeout) => timed_out(limit),
                    Err(TryError::Bad) => LookupError::new(Problem::BadAnswer),
                    Err(TryError::Unreachable) => {
                        spent[at] = true;
                        LookupError::new(Problem::Unreachable)
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

    async fn try_once(
        &self,
        upstream: &Upstream,
        name: &DomainName,
        kind: Kind,
        limit: Duration,
    ) -> Result<Reading, TryError> {
        let mut question = Question::new(name, kind, rand::random).ok_or(TryError::Bad)?;
        if upstream.server.protocol == Protocol::Udp {
            let mut pending = upstream.pool.ask(question.clone()).await.map_err(|_| TryError::Unreachable)?;
            match timeout(limit, pending.answer()).await {
                Ok(Ok(bytes)) if !wire::is_truncated(&bytes) => return Ok(wire::read(&bytes, name, kind)),
                // Too long for a datagram, or a middlebox that changes letters: over TCP.
                Ok(Ok(_) | Err(UdpError::Case)) => {}
                Ok(Err(UdpError::Unreachable)) => return Err(TryError::Unreachable),
                Err(_) if pending.saw_junk() => return Err(TryError::Bad),
                Err(_) => return Err(TryError::Timeout),
            }
        }
        // A server that answers over UDP can be reached, whatever becomes of TCP.
        let answered = upstream.server.protocol == Protocol::Udp;
        question.set_id(rand::random());
        match timeout(limit, tcp::exchange(upstream.server.addr, &question)).await {
            // There is no longer way to ask for the rest.
            Ok(Ok(bytes)) if wire::is_truncated(&bytes) => Err(TryError::Bad),
            Ok(Ok(bytes)) => Ok(wire::read(&bytes, name, kind)),
            Ok(Err(error)) => Err(match error.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => TryError::Bad,
                _ if answered => TryError::Bad,
                _ => TryError::Unreachable,
            }),
            Err(_) => Err(TryError::Timeout),
        }
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

impl Lookup for Resolver {
    async fn lookup(&self, name: &DomainName, kind: Kind) -> Result<Answer, LookupError> {
        self.lookup_until(name, kind, None).await
    }
}

impl Resolver {
    /// The same, ended at an instant.
    pub(super) async fn lookup_until(
        &self,
        name: &DomainName,
        kind: Kind,
        end: Option<End>,
    ) -> Result<Answer, LookupError> {
        /// How often an alias is asked for anew, where a server does not follow it itself.
        const MAX_RESTARTS: usize = 8;
        let (mut at, mut cname) = (name.clone(), Vec::new());
        let mut is_secure = true;
        for _ in 0..MAX_RESTARTS {
            let (reading, upstream) = self
                .ask(&at, kind, end)
                .await
                .map_err(|error| LookupError { cname: cname.clone(), ..error })?;
            let resolver = upstream.shown.clone();
            let followed = !reading.cname.is_empty();
            if reading.cname.iter().any(|alias| alias == name || cname.contains(alias)) {
                let error = LookupError::new(Problem::CnameLoop);
                return Err(LookupError { resolver: Some(resolver), cname, ..error });
            }
            cname.extend(reading.cname);
            // An alias of one answer and the records of the next are as secure as the weaker of them.
            is_secure &= reading.authentic && upstream.is_trusted;
            let security = match is_secure {
                true => Some(Security::Secure),
                false => upstream.is_trusted.then_some(Security::Insecure),
            };
            match (reading.problem, cname.last()) {
                (None, _) => return Ok(Answer { records: reading.records, cname, resolver, security }),
                (Some(Problem::NoData), Some(alias)) if followed => at = alias.clone(),
                (Some(problem), _) => {
                    return Err(LookupError {
                        ede: reading.ede,
                        resolver: Some(resolver),
                        security,
                        cname,
                        ..LookupError::new(problem)
                    });
                }
            }
        }
        Err(LookupError { cname, ..LookupError::new(Problem::CnameLoop) })
    }
}
