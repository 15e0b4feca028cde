//! A queue and the function that reads it, as a discrete simulation of one hour.
//!
//! Lambda polls with a few processes, and each of them collects a batch until it is full or the
//! batching window is over. A batch waits for its turn if the function already runs as often at the
//! same time as the maximum concurrency allows; messages that wait like that fill batches.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>

use std::collections::{BTreeSet, VecDeque};
use std::ops::RangeInclusive;

use trailseal_tests::trail::rng::Rng;

use super::assumptions::POLLERS;
use super::day::Line;
use super::settings::FunctionSettings;
use crate::report::float;

/// The seconds of an hour.
const HOUR: u32 = 3600;

/// The result of an hour.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hour {
    pub(crate) messages: f64,
    pub(crate) invocations: f64,
    /// The seconds that all invocations take.
    pub(crate) duration: f64,
    /// The most invocations at the same time.
    pub(crate) concurrency: usize,
    /// The most messages that waited.
    pub(crate) depth: usize,
    /// The seconds from the arrival of each message to its verdict, in order.
    lags: Vec<f64>,
}

impl Hour {
    /// Returns the seconds within which this share of the messages had a verdict.
    pub(crate) fn lag(&self, share: f64) -> f64 {
        let last = self.lags.len().saturating_sub(1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let index = (float(last as u64) * share).round() as usize;
        self.lags.get(index).copied().unwrap_or(f64::NAN)
    }
}

/// Returns the times at which this many messages arrive, spread evenly over a part of the hour.
pub(crate) fn arrivals(messages: f64, within: &RangeInclusive<u32>) -> Vec<f64> {
    let mut rng = Rng::for_subject(1, "arrivals");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let count = messages.round() as u64;
    let milliseconds = within.start() * 1000..=within.end() * 1000;
    let mut times: Vec<f64> = (0..count)
        .map(|_| f64::from(rng.within(&milliseconds)) / 1e3)
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

/// The whole hour.
pub(crate) const ALL_HOUR: RangeInclusive<u32> = 0..=HOUR;

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Next {
    Arrives,
    /// The batching window of a poller is over.
    Window(usize),
    /// An invocation ends.
    Ends,
}

struct Simulation<'a> {
    settings: FunctionSettings,
    duration: &'a Line<f64>,
    /// The batch that each poller collects, and when its window is over.
    collecting: Vec<(Vec<f64>, f64)>,
    /// Messages that wait for a running invocation to end.
    waiting: VecDeque<f64>,
    /// When running invocations end; the number makes equal times different.
    running: BTreeSet<(u64, u64)>,
    number: u64,
    hour: Hour,
}

/// Times in whole microseconds, so that they have an order.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn micros(seconds: f64) -> u64 {
    (seconds * 1e6).round() as u64
}

/// Lets messages arrive, and returns what becomes of them.
pub(crate) fn simulate(arrivals: &[f64], settings: FunctionSettings, duration: &Line<f64>) -> Hour {
    let pollers = POLLERS.min(settings.concurrency);
    let mut simulation = Simulation {
        settings,
        duration,
        collecting: vec![(Vec::new(), f64::INFINITY); pollers],
        waiting: VecDeque::new(),
        running: BTreeSet::new(),
        number: 0,
        hour: Hour {
            messages: float(arrivals.len() as u64),
            ..Hour::default()
        },
    };
    simulation.run(arrivals);
    let mut hour = simulation.hour;
    hour.lags.sort_by(f64::total_cmp);
    hour
}

impl Simulation<'_> {
    fn run(&mut self, arrivals: &[f64]) {
        let mut arrivals = arrivals.iter().copied().peekable();
        let mut poller = 0;
        loop {
            let ends = self.running.first();
            let ends = ends.map_or(f64::INFINITY, |(at, _)| float(*at) / 1e6);
            let windows = self.collecting.iter().enumerate();
            let window = windows.min_by(|(_, (_, one)), (_, (_, other))| one.total_cmp(other));
            let (number, over) = window.map_or((0, f64::INFINITY), |(n, (_, over))| (n, *over));
            let arrives = arrivals.peek().copied().unwrap_or(f64::INFINITY);
            let choices = [
                (ends, Next::Ends),
                (over, Next::Window(number)),
                (arrives, Next::Arrives),
            ];
            let next = choices
                .into_iter()
                .min_by(|one, other| one.0.total_cmp(&other.0));
            let Some((now, next)) = next.filter(|(now, _)| now.is_finite()) else {
                return;
            };
            match next {
                Next::Arrives => {
                    arrivals.next();
                    self.arrive(now, poller);
                    poller = (poller + 1) % self.collecting.len();
                }
                Next::Window(poller) => self.hand_over(now, poller),
                Next::Ends => {
                    self.running.pop_first();
                    self.start_waiting(now);
                }
            }
            let collected = self.collecting.iter().map(|(batch, _)| batch.len());
            let depth = self.waiting.len() + collected.sum::<usize>();
            self.hour.depth = self.hour.depth.max(depth);
        }
    }

    fn arrive(&mut self, now: f64, poller: usize) {
        let (batch, over) = &mut self.collecting[poller];
        batch.push(now);
        if batch.len() == 1 {
            *over = now + self.settings.window;
        }
        if batch.len() >= self.settings.batch {
            self.hand_over(now, poller);
        }
    }

    /// A poller has a batch.
    fn hand_over(&mut self, now: f64, poller: usize) {
        let (batch, over) = &mut self.collecting[poller];
        *over = f64::INFINITY;
        self.waiting.extend(std::mem::take(batch));
        self.start_waiting(now);
    }

    fn start_waiting(&mut self, now: f64) {
        while !self.waiting.is_empty() && self.running.len() < self.settings.concurrency {
            let size = self.waiting.len().min(self.settings.batch);
            let batch: Vec<f64> = self.waiting.drain(..size).collect();
            let duration = self.duration.at(float(size as u64));
            let end = now + duration;
            self.number += 1;
            self.running.insert((micros(end), self.number));
            self.hour.invocations += 1.0;
            self.hour.duration += duration;
            self.hour.concurrency = self.hour.concurrency.max(self.running.len());
            self.hour
                .lags
                .extend(batch.iter().map(|arrived| end - arrived));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: FunctionSettings = FunctionSettings {
        memory_mb: 512.0,
        batch: 10,
        window: 0.0,
        concurrency: 2,
        timeout: 60,
    };

    const SECOND_EACH: Line<f64> = Line {
        invocation: 1.0,
        message: 0.0,
    };

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-6
    }

    #[test]
    fn messages_wait_for_a_turn_and_fill_a_batch() {
        let hour = simulate(&[0.0, 0.1, 0.2, 0.3, 0.4], SETTINGS, &SECOND_EACH);
        assert_eq!((hour.concurrency, hour.depth), (2, 3));
        assert!(close(hour.invocations, 3.0), "{hour:?}");
        assert!(close(hour.lag(1.0), 1.8), "{hour:?}");
    }

    #[test]
    fn a_window_collects_a_batch_for_each_poller() {
        let settings = FunctionSettings {
            window: 20.0,
            batch: 2,
            ..SETTINGS
        };
        // One poller has two messages, and the other one waits until its window is over.
        let hour = simulate(&[0.0, 1.0, 2.0], settings, &SECOND_EACH);
        assert!(close(hour.invocations, 2.0), "{hour:?}");
        assert!(close(hour.lag(1.0), 21.0), "{hour:?}");
    }
}
