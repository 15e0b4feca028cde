//! The number of messages that are published in a minute.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How many execution environments Lambda runs at the same time: the lowest `MaximumConcurrency` of
/// an SQS queue.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>
const ENVIRONMENTS: u32 = 2;

/// The turns of one environment, so that all environments together keep to the rate.
///
/// Each message waits for its turn *before* it is published. This includes the first message of an
/// environment, which does not know what another environment did a moment earlier: neither a crash
/// nor a new environment raises the rate.
#[derive(Debug)]
pub(crate) struct Rate {
    interval: Duration,
    next: Mutex<Instant>,
}

impl Rate {
    /// Allows at most `per_minute` messages a minute, in all environments together.
    pub(crate) fn new(per_minute: u32) -> Self {
        let interval = Duration::from_mins(1) * ENVIRONMENTS / per_minute.max(1);
        Self {
            interval,
            next: Mutex::new(Instant::now() + interval),
        }
    }

    /// Waits for a turn, if there is one before `end`. Returns whether there was one.
    pub(crate) async fn turn(&self, end: Instant) -> bool {
        let Some(turn) = self.take(Instant::now(), end) else {
            return false;
        };
        sleep_until(turn).await;
        true
    }

    /// Returns the next turn from `now` on, if there is one before `end`.
    fn take(&self, now: Instant, end: Instant) -> Option<Instant> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = (*next).max(now);
        if turn >= end {
            return None;
        }
        *next = turn + self.interval;
        Some(turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thirty messages a minute in all environments together, including the first message of each.
    #[test]
    fn messages_never_exceed_the_rate() {
        let rates = [Rate::new(30), Rate::new(30)];
        let start = Instant::now();
        let end = start + Duration::from_mins(1);
        let mut turns = Vec::new();
        for rate in &rates {
            let mut now = start;
            while let Some(turn) = rate.take(now, end) {
                turns.push(turn);
                now = turn;
            }
        }
        assert!((28..=30).contains(&turns.len()), "{turns:?}");
        let first = Duration::from_millis(3_900);
        assert!(turns.iter().all(|turn| *turn >= start + first), "{turns:?}");
        // After a pause, one message goes out at once, and the next one waits.
        let later = end + Duration::from_mins(1);
        let rest = later + Duration::from_mins(1);
        assert_eq!(rates[0].take(later, rest), Some(later));
        let next = rates[0].take(later, rest);
        assert_eq!(next, Some(later + Duration::from_secs(4)));
    }
}
