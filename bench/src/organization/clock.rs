//! A clock on which only requests take time. It goes on to the next answer when nothing else is left
//! to do, so that an invocation takes as long as its requests, with their real overlap, and no time
//! of the benchmark.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

/// How many times in a row all other tasks get a turn before nothing is left to do.
const TURNS: usize = 16;

/// A handle of the clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock(Arc<Mutex<Hands>>);

#[derive(Debug, Default)]
struct Hands {
    now: Duration,
    /// Who waits, by time and order of arrival.
    waiting: BTreeMap<(Duration, u64), Option<Waker>>,
    number: u64,
}

impl Clock {
    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the time since the clock started.
    pub(crate) fn now(&self) -> Duration {
        self.hands().now
    }

    /// Waits.
    pub(crate) async fn wait(&self, time: Duration) {
        let place = {
            let mut hands = self.hands();
            hands.number += 1;
            let place = (hands.now + time, hands.number);
            hands.waiting.insert(place, None);
            place
        };
        poll_fn(|context| {
            let mut hands = self.hands();
            match hands.waiting.get_mut(&place) {
                Some(waker) => {
                    *waker = Some(context.waker().clone());
                    Poll::Pending
                }
                None => Poll::Ready(()),
            }
        })
        .await;
    }

    /// Does some work, and lets time go on while it waits.
    pub(crate) async fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut turns = 0;
        let mut seen = 0;
        loop {
            if let Poll::Ready(done) = futures::poll!(&mut work) {
                return done;
            }
            tokio::task::yield_now().await;
            let number = self.hands().number;
            turns = if number == seen { turns + 1 } else { 0 };
            seen = number;
            if turns > TURNS {
                turns = 0;
                self.go_on();
            }
        }
    }

    /// Goes on to the next time for which somebody waits.
    fn go_on(&self) {
        let mut hands = self.hands();
        let Some(((next, _), _)) = hands.waiting.first_key_value() else {
            return;
        };
        let next = *next;
        hands.now = next;
        while let Some(first) = hands.waiting.first_entry() {
            if first.key().0 > next {
                return;
            }
            if let Some(waker) = first.remove() {
                waker.wake();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_overlap_and_take_no_time() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let clock = Clock::default();
            let seconds = Duration::from_secs;
            let other = clock.clone();
            let work = async {
                let other = tokio::spawn(async move { other.wait(seconds(50)).await });
                clock.wait(seconds(20)).await;
                clock.wait(seconds(20)).await;
                other.await.unwrap();
                clock.wait(seconds(7)).await;
            };
            clock.run(work).await;
            assert_eq!(clock.now(), seconds(57));
        });
    }
}
