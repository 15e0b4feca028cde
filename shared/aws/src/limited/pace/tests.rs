//! The pace in a simulated world: requests with a latency, a processor, a rate that S3 allows. Time is
//! simulated, too.

use super::{LEAST, Pace};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// As `trailseal verify` has it.
const FIRST: usize = 128;
const MAX: usize = 512;
/// What the processors need for a request.
const WORK: u64 = 125;
/// The pause of the SDK before it tries a throttled request again is up to this, in microseconds, and
/// doubles with each attempt.
const PAUSE: u64 = 200_000;

/// The time of a request where it does not matter.
const TOOK: Duration = Duration::from_millis(20);
/// The round trips before these requests: folders, names of digest files, digest files.
const BEFORE: u64 = 3;

/// The world that requests are made in. Times are in microseconds.
#[derive(Debug, Clone, Copy)]
struct World {
    requests: usize,
    latency: u64,
    /// The requests that are answered in a second; the others are throttled.
    rate: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrives { began: u64, attempt: u32 },
    Throttled { began: u64, attempt: u32 },
    Answered { began: u64 },
}

struct Outcome {
    took: u64,
    most: usize,
    at_the_end: usize,
}

/// Returns numbers that look random, and are the same each time.
struct Dice(u64);

impl Dice {
    fn up_to(&mut self, most: u64) -> u64 {
        // Knuth's linear congruential generator.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most.max(1)
    }
}

impl World {
    fn run(self, mut pace: Pace) -> Outcome {
        let mut dice = Dice(1);
        let mut events = BinaryHeap::new();
        let (mut to_do, mut in_flight, mut most) = (self.requests, 0, 0);
        let (mut now, mut processor_free) = (BEFORE * self.latency, 0);
        // The bucket of tokens of the rate: a tenth of a second's worth, in millionths.
        let full = self.rate.unwrap_or_default() * 100_000;
        let (mut tokens, mut filled) = (full, now);
        loop {
            while to_do > 0 && in_flight < pace.at_once() {
                to_do -= 1;
                in_flight += 1;
                pace.started(Duration::from_micros(now));
                events.push(Reverse((
                    now,
                    Event::Arrives {
                        began: now,
                        attempt: 0,
                    },
                )));
            }
            most = most.max(in_flight);
            let Some(Reverse((at, event))) = events.pop() else {
                let at_the_end = pace.at_once();
                return Outcome {
                    took: now,
                    most,
                    at_the_end,
                };
            };
            now = at;
            let answer = now + self.latency + dice.up_to(self.latency / 10);
            match event {
                Event::Arrives { began, attempt } => {
                    if let Some(rate) = self.rate {
                        tokens = full.min(tokens + rate * (now - filled));
                        filled = now;
                        if tokens < 1_000_000 {
                            events.push(Reverse((answer, Event::Throttled { began, attempt })));
                            continue;
                        }
                        tokens -= 1_000_000;
                    }
                    // The processor works on one answer after the other.
                    processor_free = answer.max(processor_free + WORK);
                    events.push(Reverse((processor_free, Event::Answered { began })));
                }
                Event::Throttled { began, attempt } => {
                    pace.throttled(Duration::from_micros(now));
                    let again = now + dice.up_to(PAUSE << attempt.min(8));
                    let attempt = attempt + 1;
                    events.push(Reverse((again, Event::Arrives { began, attempt })));
                }
                Event::Answered { began } => {
                    let took = Duration::from_micros(now - began);
                    pace.finished(Duration::from_micros(now), took, to_do > 0);
                    in_flight -= 1;
                }
            }
        }
    }

    /// Returns the time with the best fixed number.
    fn best(self) -> u64 {
        [4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, MAX]
            .into_iter()
            .map(|at_once| self.run(Pace::fixed(at_once)).took)
            .min()
            .unwrap()
    }
}

/// Asserts that the pace takes at most this many percent of the time of the best fixed number.
fn assert_close_to_best(world: World, percent: u64) -> Outcome {
    let best = world.best();
    let outcome = world.run(Pace::growing(FIRST, MAX));
    let took = outcome.took;
    assert!(
        took * 100 <= best * percent,
        "{took} µs, and {best} µs with the best fixed number: {world:?}"
    );
    outcome
}

#[test]
fn ten_thousand_requests_take_little_longer_than_with_the_best_fixed_number() {
    for latency in [1_000, 5_000, 20_000, 80_000, 200_000] {
        let world = World {
            requests: 10_000,
            latency,
            rate: None,
        };
        let outcome = assert_close_to_best(world, 115);
        assert!(outcome.most <= MAX);
    }
}

#[test]
fn a_thousand_requests_are_enough_to_find_a_good_number() {
    for latency in [1_000, 5_000, 20_000, 80_000, 200_000] {
        let world = World {
            requests: 1000,
            latency,
            rate: None,
        };
        assert_close_to_best(world, 130);
    }
}

#[test]
fn a_rate_that_s3_allows_is_found_and_kept() {
    for (rate, latency) in [
        (500, 20_000),
        (1000, 20_000),
        (2000, 20_000),
        (2000, 80_000),
        (3000, 20_000),
        (3000, 200_000),
    ] {
        let world = World {
            requests: 10_000,
            latency,
            rate: Some(rate),
        };
        let outcome = assert_close_to_best(world, 130);
        // These requests at a time make this rate.
        let enough = usize::try_from(rate * latency / 1_000_000).unwrap();
        assert!(
            outcome.at_the_end <= enough * 5,
            "{} at a time at the end of {world:?}",
            outcome.at_the_end
        );
    }
}

#[test]
fn where_the_processor_is_the_limit_the_number_does_not_grow_on() {
    let world = World {
        requests: 20_000,
        latency: 2000,
        rate: None,
    };
    let outcome = world.run(Pace::growing(FIRST, MAX));
    assert!(outcome.at_the_end <= FIRST, "{}", outcome.at_the_end);
}

#[test]
fn the_number_stays_within_its_bounds() {
    for at_most in [1, 2, 50, 128, 129, 1000] {
        let mut pace = Pace::growing(FIRST, at_most);
        assert_eq!(pace.at_once(), at_most.min(FIRST));
        for step in 1..5000 {
            pace.finished(Duration::from_millis(step), TOOK, true);
            assert!(pace.at_once() <= at_most);
        }
        for step in 0..50 {
            pace.throttled(Duration::from_secs(10 + step));
            assert!((1..=at_most).contains(&pace.at_once()));
        }
        assert_eq!(pace.at_once(), at_most.min(LEAST));
    }
}

#[test]
fn a_burst_of_throttled_requests_counts_once() {
    let mut pace = Pace::growing(FIRST, MAX);
    for _ in 0..100 {
        pace.throttled(Duration::from_secs(1));
    }
    assert_eq!(pace.at_once(), FIRST * 7 / 10);
    pace.throttled(Duration::from_secs(2));
    assert_eq!(pace.at_once(), FIRST * 7 / 10 * 7 / 10);
}

#[test]
fn a_request_that_waited_for_the_processor_adds_nothing() {
    let mut pace = Pace::growing(FIRST, MAX);
    pace.finished(Duration::from_millis(1), TOOK, true);
    assert_eq!(pace.at_once(), FIRST + 2);
    pace.finished(Duration::from_millis(2), TOOK * 5, true);
    assert_eq!(pace.at_once(), FIRST + 2);
    pace.finished(Duration::from_millis(3), TOOK * 4, true);
    assert_eq!(pace.at_once(), FIRST + 4);
}

#[test]
fn a_fixed_number_stays() {
    let mut pace = Pace::fixed(48);
    for step in 0..1000 {
        pace.finished(Duration::from_millis(step), TOOK, true);
    }
    pace.throttled(Duration::from_secs(9));
    assert_eq!(pace.at_once(), 48);
}

#[test]
fn too_little_work_does_not_make_the_number_grow() {
    let mut pace = Pace::growing(FIRST, MAX);
    for step in 0..1000 {
        pace.finished(Duration::from_millis(step), TOOK, false);
    }
    assert_eq!(pace.at_once(), FIRST);
}
