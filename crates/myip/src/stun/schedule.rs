//! When a request over UDP is sent (RFC 8489 section 6.2.1).

use std::time::Duration;

/// The time after which a first request counts as lost.
const RTO: Duration = Duration::from_millis(500);
/// How often it is sent.
const REQUESTS: u32 = 7;
/// How many times [`RTO`] the answer to the last one may take.
const LAST_WAIT: u32 = 16;

/// How long the answer is waited for after each request; each wait is twice the one before, but the last.
pub(super) fn waits() -> impl Iterator<Item = Duration> {
    (0..REQUESTS).map(|sent| RTO * if sent + 1 < REQUESTS { 1 << sent } else { LAST_WAIT })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_the_rfc() {
        let mut at = Duration::ZERO;
        let times = waits().map(|wait| {
            at += wait;
            at.as_millis()
        });
        assert_eq!(times.collect::<Vec<_>>(), [500, 1500, 3500, 7500, 15500, 31500, 39500]);
    }
}
