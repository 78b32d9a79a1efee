//! What a run has asked already, shared by its threads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;
use tokio::time::timeout_at;

use super::upstreams::{End, timed_out};
use crate::{Answer, DomainName, Kind, LookupError};

/// Questions that are under way are asked once, and the answers that many targets have in common are kept as long as
/// they may be. All copies are one.
#[derive(Debug, Clone, Default)]
pub struct Cache(Arc<Mutex<Generations>>);

/// Half of the entries that are kept.
const GENERATION: usize = 8_192;
/// Nothing is kept for longer, whatever its time to live.
const LONG: Duration = Duration::from_secs(3_600);
/// How long a failure is kept (RFC 9520 section 3.2: a second at least).
const FAILURE: Duration = Duration::from_secs(5);

type Key = (DomainName, Kind);

/// What was used lately, and what was used before that and will be forgotten first.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Key, Arc<Entry>>,
    old: HashMap<Key, Arc<Entry>>,
}

/// A question; the first asks, the others wait for it.
#[derive(Debug, Default)]
struct Entry {
    told: OnceCell<(Result<Answer, LookupError>, Instant)>,
}

impl Cache {
    /// The answer that is kept, or that somebody waits for, or else the one that `ask` gets.
    pub(super) async fn get(
        &self,
        name: &DomainName,
        kind: Kind,
        end: Option<End>,
        ask: impl Future<Output = Result<Answer, LookupError>>,
    ) -> Result<Answer, LookupError> {
        let key = (name.clone(), kind);
        let (entry, is_known) = self.lock().entry(&key, Instant::now());
        let asked = entry.told.get_or_try_init(async || {
            let result = ask.await;
            match end {
                // That this target's time is up says nothing to the others.
                Some((deadline, _)) if result.is_err() && Instant::now() >= deadline => {
                    result.map(|answer| (Ok(answer), deadline))
                }
                _ => {
                    let until = Instant::now() + lasts(&result);
                    Ok((result, until))
                }
            }
        });
        let told = match end {
            // Who asks has the end in the question.
            Some((deadline, limit)) if is_known => {
                timeout_at(deadline.into(), asked).await.unwrap_or_else(|_| Err(timed_out(limit)))
            }
            _ => asked.await,
        };
        let result = told.and_then(|(result, _)| result.clone());
        if !is_common(kind) && !is_known {
            self.lock().young.remove(&key);
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    /// The entry of a question, and whether it was there.
    fn entry(&mut self, key: &Key, now: Instant) -> (Arc<Entry>, bool) {
        let known = self.young.get(key).cloned().or_else(|| self.old.remove(key));
        let known = known.filter(|entry| entry.told.get().is_none_or(|(_, until)| *until > now));
        let is_known = known.is_some();
        let entry = known.unwrap_or_default();
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key.clone(), entry.clone());
        (entry, is_known)
    }
}

/// Whether many targets have it in common; what is about one target alone would drive the rest out.
fn is_common(kind: Kind) -> bool {
    !matches!(kind, Kind::Mx | Kind::Txt | Kind::ChaosTxt)
}

fn lasts(result: &Result<Answer, LookupError>) -> Duration {
    match result {
        Ok(answer) => Duration::from_secs(answer.lasts.into()).min(LONG),
        Err(error) if error.problem.is_temporary() => FAILURE,
        Err(error) => Duration::from_secs(error.lasts.into()).min(LONG),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::{Problem, Security};

    fn name(text: &str) -> DomainName {
        DomainName::parse(text).unwrap()
    }

    fn answer(lasts: u32) -> Result<Answer, LookupError> {
        let security = Some(Security::Insecure);
        Ok(Answer { records: Vec::new(), cname: Vec::new(), resolver: "here".into(), security, lasts })
    }

    /// How many of two questions, one after the other, are asked.
    async fn asked(kind: Kind, result: Result<Answer, LookupError>) -> u32 {
        let (cache, count) = (Cache::default(), Cell::new(0));
        for _ in 0..2 {
            let ask = async {
                count.set(count.get() + 1);
                result.clone()
            };
            assert_eq!(cache.get(&name("mx.example"), kind, None, ask).await, result);
        }
        count.get()
    }

    #[tokio::test]
    async fn what_is_common_is_kept_while_it_lasts() {
        let denial = |lasts| Err(LookupError { lasts, ..LookupError::new(Problem::NxDomain) });
        assert_eq!(asked(Kind::A, answer(60)).await, 1);
        assert_eq!(asked(Kind::A, answer(0)).await, 2);
        assert_eq!(asked(Kind::A, denial(60)).await, 1);
        assert_eq!(asked(Kind::A, denial(0)).await, 2);
        assert_eq!(asked(Kind::A, Err(LookupError::new(Problem::ServFail))).await, 1);
        assert_eq!(asked(Kind::Mx, answer(60)).await, 2);
    }

    #[tokio::test]
    async fn a_question_under_way_is_asked_once() {
        for kind in [Kind::A, Kind::Mx] {
            let (cache, count) = (Cache::default(), Cell::new(0));
            let get = async || {
                let ask = async {
                    count.set(count.get() + 1);
                    tokio::task::yield_now().await;
                    answer(0)
                };
                cache.get(&name("mx.example"), kind, None, ask).await
            };
            let all = futures_util::future::join_all((0..10).map(|_| get())).await;
            assert!(all.iter().all(Result::is_ok));
            assert_eq!(count.get(), 1);
        }
    }

    #[tokio::test]
    async fn of_one_who_gives_up_another_takes_the_question_over() {
        let cache = Cache::default();
        let domain = name("mx.example");
        let mut first = Box::pin(cache.get(&domain, Kind::A, None, std::future::pending()));
        assert!(futures_util::future::poll_immediate(&mut first).await.is_none());
        let mut second = Box::pin(cache.get(&domain, Kind::A, None, async { answer(9) }));
        assert!(futures_util::future::poll_immediate(&mut second).await.is_none());
        drop(first);
        assert_eq!(second.await, answer(9));
    }

    #[tokio::test]
    async fn the_end_of_one_target_is_not_the_others() {
        let (cache, domain) = (Cache::default(), name("mx.example"));
        let late = || Some((Instant::now(), Duration::from_secs(1)));
        let failed = cache.get(&domain, Kind::A, late(), async { Err(timed_out(Duration::from_secs(1))) });
        assert_eq!(failed.await.unwrap_err().problem, Problem::Timeout);
        assert_eq!(cache.get(&domain, Kind::A, None, async { answer(9) }).await, answer(9));
    }

    #[tokio::test]
    async fn who_waits_for_another_waits_no_longer_than_its_own_time() {
        let cache = Cache::default();
        let domain = name("mx.example");
        let mut first = Box::pin(cache.get(&domain, Kind::A, None, std::future::pending()));
        assert!(futures_util::future::poll_immediate(&mut first).await.is_none());
        let soon = Some((Instant::now(), Duration::from_millis(7)));
        let second = cache.get(&domain, Kind::A, soon, async { answer(9) }).await.unwrap_err();
        assert_eq!((second.problem, second.limit), (Problem::Timeout, Some(Duration::from_millis(7))));
    }

    #[test]
    fn what_was_used_lately_stays() {
        let (mut all, now) = (Generations::default(), Instant::now());
        let key = |n: usize| (name(&format!("mx{n}.example")), Kind::A);
        let (kept, _) = all.entry(&key(0), now);
        for n in 1..5 * GENERATION {
            all.entry(&key(n), now);
            if n % 1_000 == 0 {
                assert!(Arc::ptr_eq(&all.entry(&key(0), now).0, &kept), "{n}");
            }
        }
        assert!(all.young.len() + all.old.len() <= 2 * GENERATION);
        assert!(!all.entry(&key(1), now).1);
    }
}
