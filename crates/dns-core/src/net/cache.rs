//! What a run has asked already, shared by its threads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::shared::Shared;
use super::upstreams::End;
use crate::{Answer, Data, DomainName, Kind, LookupError};

/// Questions that are under way are asked once, and the answers that many targets have in common are kept as long as
/// they may be. All copies are one.
#[derive(Debug, Clone)]
pub struct Cache(Arc<Shared<(DomainName, Kind), Told>>);

type Told = Result<Answer, LookupError>;

/// Half of the answers that are kept.
const GENERATION: usize = 4_096;
/// The most octets of an answer that is kept, roughly.
const LARGEST: usize = 2_048;
/// Nothing is kept for longer, whatever its time to live.
const LONG: Duration = Duration::from_secs(3_600);
/// How long a failure is kept (RFC 9520 section 3.2: a second at least).
const FAILURE: Duration = Duration::from_secs(5);

impl Default for Cache {
    fn default() -> Self {
        Self(Arc::new(Shared::new(GENERATION)))
    }
}

impl Cache {
    /// The answer that is kept, or that somebody waits for, or else the one that `ask` gets.
    pub(super) async fn get<F: Future<Output = Told>>(
        &self,
        name: &DomainName,
        kind: Kind,
        end: Option<End>,
        ask: impl FnOnce() -> F,
    ) -> Told {
        let ask = async || {
            let told = ask().await;
            match end {
                // That this target's time is up says nothing to the others.
                Some((deadline, _)) if told.is_err() && Instant::now() >= deadline => {
                    told.map(|answer| (Ok(answer), FAILURE))
                }
                _ => {
                    let is_kept = is_common(kind) && size(&told) <= LARGEST;
                    let lasts = if is_kept { lasts(&told) } else { Duration::ZERO };
                    Ok((told, lasts))
                }
            }
        };
        self.0.get(&(name.clone(), kind), end, ask).await?
    }
}

/// Whether many targets have it in common; what is about one target alone would drive the rest out.
fn is_common(kind: Kind) -> bool {
    !matches!(kind, Kind::Mx | Kind::Txt | Kind::ChaosTxt)
}

fn lasts(told: &Told) -> Duration {
    match told {
        Ok(answer) => Duration::from_secs(answer.lasts.into()).min(LONG),
        Err(error) if error.problem.is_temporary() => FAILURE,
        Err(error) => Duration::from_secs(error.lasts.into()).min(LONG),
    }
}

/// The octets that an answer takes, roughly: a server can send much.
fn size(told: &Told) -> usize {
    let names = |names: &[DomainName]| names.iter().map(|name| name.octets()).sum::<usize>();
    match told {
        Ok(answer) => {
            let data = answer.records.iter().map(|rr| match &rr.data {
                Data::Txt(text) => text.len(),
                Data::Tlsa(tlsa) => tlsa.data.len(),
                Data::Ptr(name) | Data::Cname(name) => name.octets(),
                Data::A(_) | Data::Aaaa(_) | Data::Mx { .. } => 0,
            });
            data.sum::<usize>() + size_of_val(&*answer.records) + names(&answer.cname)
        }
        Err(error) => error.ede.iter().map(|ede| ede.text.len()).sum::<usize>() + names(&error.cname),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::net::Ipv4Addr;

    use super::*;
    use crate::net::upstreams::timed_out;
    use crate::{Ede, Problem, Rr};

    fn answer(lasts: u32, addresses: usize) -> Told {
        let records = vec![Rr { ttl: lasts, data: Data::A(Ipv4Addr::LOCALHOST) }; addresses];
        Ok(Answer { records, cname: Vec::new(), resolver: "here".into(), security: None, lasts })
    }

    /// How many of two questions, one after the other, are asked.
    async fn asked(kind: Kind, told: Told) -> u32 {
        let (cache, count) = (Cache::default(), Cell::new(0));
        let name = DomainName::parse("mx.example").unwrap();
        for _ in 0..2 {
            let ask = async || {
                count.set(count.get() + 1);
                told.clone()
            };
            assert_eq!(cache.get(&name, kind, None, ask).await, told);
        }
        count.get()
    }

    #[tokio::test]
    async fn what_is_common_is_kept_while_it_lasts() {
        let denial = |lasts| Err(LookupError { lasts, ..LookupError::new(Problem::NxDomain) });
        assert_eq!(asked(Kind::A, answer(60, 2)).await, 1);
        assert_eq!(asked(Kind::A, answer(0, 2)).await, 2);
        assert_eq!(asked(Kind::A, denial(60)).await, 1);
        assert_eq!(asked(Kind::A, denial(0)).await, 2);
        assert_eq!(asked(Kind::A, Err(LookupError::new(Problem::ServFail))).await, 1);
        assert_eq!(asked(Kind::Mx, answer(60, 2)).await, 2);
    }

    #[tokio::test]
    async fn what_is_large_is_not_kept() {
        let ede = vec![Ede { code: 0, text: "x".repeat(LARGEST + 1) }];
        assert_eq!(asked(Kind::A, answer(60, 20)).await, 1);
        assert_eq!(asked(Kind::A, answer(60, 2_000)).await, 2);
        assert_eq!(asked(Kind::A, Err(LookupError { ede, ..LookupError::new(Problem::ServFail) })).await, 2);
    }

    #[tokio::test]
    async fn the_end_of_one_target_is_not_the_others() {
        let (cache, name) = (Cache::default(), DomainName::parse("mx.example").unwrap());
        let limit = Duration::from_secs(1);
        let late = Some((Instant::now(), limit));
        let first = cache.get(&name, Kind::A, late, async || Err(timed_out(limit))).await;
        assert_eq!(first.unwrap_err().problem, Problem::Timeout);
        assert_eq!(cache.get(&name, Kind::A, None, async || answer(9, 1)).await, answer(9, 1));
    }
}
