//! What many ask for: asked once, and kept while it may be.

use std::cell::Cell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::hash::Hash;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;
use tokio::time::sleep_until;

use super::upstreams::{End, timed_out};
use crate::LookupError;

/// Answers by their question. Of two generations the older one is forgotten when the younger is full; what is used
/// moves into the younger.
#[derive(Debug)]
pub(super) struct Shared<K, V> {
    generations: Mutex<Generations<K, V>>,
    generation: usize,
}

#[derive(Debug)]
struct Generations<K, V> {
    young: HashMap<K, Arc<Entry<V>>>,
    old: HashMap<K, Arc<Entry<V>>>,
}

/// A question; the first asks, the others wait for it.
#[derive(Debug)]
struct Entry<V>(OnceCell<(V, Instant)>);

impl<K: Clone + Eq + Hash, V: Clone> Shared<K, V> {
    /// At most two generations of this many.
    pub(super) fn new(generation: usize) -> Self {
        let generations = Generations { young: HashMap::new(), old: HashMap::new() };
        Self { generations: Mutex::new(generations), generation }
    }

    /// The answer that is kept, or that somebody else gets, or else the one that `ask` gets. An answer that lasts no time
    /// is given to those who wait for it, and not kept.
    ///
    /// # Errors
    /// Those of `ask`, which concern nobody else: the next one asks anew.
    pub(super) async fn get<F>(
        &self,
        key: &K,
        end: Option<End>,
        ask: impl FnOnce() -> F,
    ) -> Result<V, LookupError>
    where
        F: Future<Output = Result<(V, Duration), LookupError>>,
    {
        let entry = self.entry(key);
        let (asks, lasts) = (Cell::new(false), Cell::new(Duration::ZERO));
        let mut told = pin!(entry.0.get_or_try_init(async || {
            asks.set(true);
            let (value, time) = ask().await?;
            lasts.set(time);
            Ok((value, Instant::now() + time))
        }));
        let mut timer = None;
        let told = poll_fn(|context| {
            if let Poll::Ready(told) = told.as_mut().poll(context) {
                return Poll::Ready(told);
            }
            match end {
                // Who asks has the end in the question.
                Some((deadline, limit)) if !asks.get() => {
                    let timer: &mut Pin<Box<_>> =
                        timer.get_or_insert_with(|| Box::pin(sleep_until(deadline.into())));
                    timer.as_mut().poll(context).map(|()| Err(timed_out(limit)))
                }
                _ => Poll::Pending,
            }
        });
        let value = told.await.map(|(value, _)| value.clone())?;
        if asks.get() && lasts.get().is_zero() {
            self.forget(key, &entry);
        }
        Ok(value)
    }

    fn entry(&self, key: &K) -> Arc<Entry<V>> {
        let now = Instant::now();
        let mut all = self.lock();
        let known = all.young.get(key).cloned().or_else(|| all.old.remove(key));
        let known = known.filter(|entry| entry.0.get().is_none_or(|(_, until)| *until > now));
        let entry = known.unwrap_or_else(|| Arc::new(Entry(OnceCell::new())));
        let forgotten = (all.young.len() >= self.generation).then(|| {
            let aged = std::mem::take(&mut all.young);
            std::mem::replace(&mut all.old, aged)
        });
        all.young.insert(key.clone(), entry.clone());
        drop(all);
        // Which takes its time.
        drop(forgotten);
        entry
    }

    /// Takes out this entry, and no later one for the same question.
    fn forget(&self, key: &K, entry: &Arc<Entry<V>>) {
        let mut all = self.lock();
        let Generations { young, old } = &mut *all;
        for generation in [young, old] {
            if generation.get(key).is_some_and(|known| Arc::ptr_eq(known, entry)) {
                generation.remove(key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Generations<K, V>> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::{join_all, poll_immediate};

    use super::*;
    use crate::Problem;

    const MINUTE: Duration = Duration::from_secs(60);

    fn shared() -> Shared<u32, u32> {
        Shared::new(8)
    }

    fn len(shared: &Shared<u32, u32>) -> usize {
        let all = shared.lock();
        all.young.len() + all.old.len()
    }

    /// Gets `value`; an answer that is there already is another.
    async fn get(shared: &Shared<u32, u32>, key: u32, value: u32, lasts: Duration) -> u32 {
        shared.get(&key, None, async || Ok((value, lasts))).await.unwrap()
    }

    #[tokio::test]
    async fn an_answer_is_kept_while_it_lasts() {
        let shared = shared();
        assert_eq!(get(&shared, 1, 5, MINUTE).await, 5);
        assert_eq!(get(&shared, 1, 6, MINUTE).await, 5);
        assert_eq!(get(&shared, 2, 5, Duration::ZERO).await, 5);
        assert_eq!(get(&shared, 2, 6, Duration::ZERO).await, 6);
        assert_eq!(len(&shared), 1, "what lasts no time takes no room");
    }

    #[tokio::test]
    async fn a_question_under_way_is_asked_once() {
        let (shared, count) = (shared(), Cell::new(0));
        let ask = async || {
            count.set(count.get() + 1);
            tokio::task::yield_now().await;
            Ok((count.get(), Duration::ZERO))
        };
        let all = join_all((0..10).map(|_| shared.get(&1, None, ask))).await;
        assert!(all.into_iter().all(|told| told == Ok(1)));
        assert_eq!((count.get(), len(&shared)), (1, 0));
    }

    #[tokio::test]
    async fn of_one_who_gives_up_another_takes_the_question_over() {
        let shared = shared();
        let mut first = Box::pin(shared.get(&1, None, std::future::pending::<Result<_, _>>));
        assert!(poll_immediate(&mut first).await.is_none());
        let mut second = Box::pin(shared.get(&1, None, async || Ok((9, Duration::ZERO))));
        assert!(poll_immediate(&mut second).await.is_none());
        drop(first);
        assert_eq!(second.await, Ok(9));
        assert_eq!(len(&shared), 0);
    }

    #[tokio::test]
    async fn the_failure_of_one_is_not_that_of_the_others() {
        let shared = shared();
        let failed = || LookupError::new(Problem::Timeout);
        let mut first = Box::pin(shared.get(&1, None, async || {
            tokio::task::yield_now().await;
            Err(failed())
        }));
        assert!(poll_immediate(&mut first).await.is_none());
        let second = shared.get(&1, None, async || Ok((9, MINUTE)));
        assert_eq!(futures_util::future::join(first, second).await, (Err(failed()), Ok(9)));
    }

    #[tokio::test]
    async fn who_waits_for_another_waits_no_longer_than_its_own_time() {
        let shared = shared();
        let mut first = Box::pin(shared.get(&1, None, std::future::pending::<Result<_, _>>));
        assert!(poll_immediate(&mut first).await.is_none());
        let soon = Some((Instant::now(), Duration::from_millis(7)));
        let second = shared.get(&1, soon, async || Ok((9, MINUTE))).await.unwrap_err();
        assert_eq!((second.problem, second.limit), (Problem::Timeout, Some(Duration::from_millis(7))));
    }

    #[tokio::test]
    async fn what_was_used_lately_stays_and_the_rest_has_a_bound() {
        let shared = shared();
        for key in 0..1_000 {
            get(&shared, key, key, MINUTE).await;
            assert_eq!(get(&shared, 0, 7, MINUTE).await, 0, "{key}");
            assert!(len(&shared) <= 16);
        }
        assert_eq!(get(&shared, 1, 7, MINUTE).await, 7);
    }

    #[tokio::test]
    async fn a_later_entry_for_the_same_question_is_not_taken_out_with_the_first() {
        let shared = shared();
        let entry = shared.entry(&1);
        shared.forget(&1, &entry);
        get(&shared, 1, 5, MINUTE).await;
        shared.forget(&1, &entry);
        assert_eq!(get(&shared, 1, 6, MINUTE).await, 5);
    }
}
