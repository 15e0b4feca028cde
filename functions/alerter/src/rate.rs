//! How many messages go out in a minute.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How many execution environments Lambda runs at once: the lowest `MaximumConcurrency` of an SQS
/// queue.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>
const ENVIRONMENTS: u32 = 2;

/// The turns of one environment, so that all of them together keep to the rate.
///
/// Each message waits for its turn *before* it goes out, also the first one of an environment, which
/// does not know what another did a moment before it: no crash and no new environment makes it more.
#[derive(Debug)]
pub(crate) struct Rate {
    interval: Duration,
    next: Mutex<Instant>,
}

impl Rate {
    /// At most `per_minute` messages a minute, in all environments together.
    pub(crate) fn new(per_minute: u32) -> Self {
        let interval = Duration::from_mins(1) * ENVIRONMENTS / per_minute.max(1);
        Self {
            interval,
            next: Mutex::new(Instant::now() + interval),
        }
    }

    /// Waits for a turn, if there is one before `end`. Whether there was.
    pub(crate) async fn turn(&self, end: Instant) -> bool {
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = (*next).max(Instant::now());
            if turn >= end {
                return false;
            }
            *next = turn + self.interval;
            turn
        };
        sleep_until(turn).await;
        true
    }
}
