//! Waiting for something to come true, never longer than a limit.

use std::thread;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until there is an answer; none if the limit passes.
pub(super) fn until<T>(ask: impl FnMut() -> Option<T>) -> Option<T> {
    within(LIMIT, ask)
}

fn within<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_time_it_is_there() {
        let mut asked = 0;
        let answer = until(|| {
            asked += 1;
            (asked == 3).then_some(asked)
        });
        assert_eq!(answer, Some(3));
    }

    #[test]
    fn it_never_comes() {
        assert_eq!(within(Duration::ZERO, || None::<()>), None);
    }
}
