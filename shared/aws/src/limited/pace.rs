//! How many requests at a time are best. The module decides from times and counts that it is given.
//!
//! More requests at a time help until something else is the limit: the processor, the network, or a
//! rate that S3 allows. S3 answers requests above that rate with 503 (Slow Down):
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>.
//!
//! The pace starts with a number that helps at once, and each finished request adds to it while the
//! rate of finished requests grows, unless the request waited for something other than S3. This takes
//! a few round trips, whatever their time. Then the smallest number with nearly the best rate stays,
//! and a larger one is tried now and then. A request that S3 throttles, or that times out, makes the
//! number smaller at once.

use std::time::Duration;

/// The number of requests at a time that stays, however much is throttled.
const LEAST: usize = 4;

/// How many requests at a time a finished request adds at the start: each round trip triples them.
const GROWTH: usize = 2;

/// A finished request adds to the number only if it took at most this many times as long as the
/// fastest one. One that took longer waited for something, such as the processor: more requests at a
/// time would wait even longer. A new connection takes two or three round trips.
const WAITED: u32 = 4;

/// The rate of a round has grown if it is this many times the best rate before it.
const GROWN: f64 = 1.2;

/// A try of a larger number is a success if the rate is this many times what it was.
const WORTH_IT: f64 = 1.06;

/// After this many rounds at the start without a higher rate, something else is the limit.
const FLAT_ROUNDS: u32 = 2;

/// How many rounds a number stays before a larger one is tried.
const STEADY_ROUNDS: u32 = 4;

/// The share of the requests at a time that is left after one was throttled.
const THROTTLED: (usize, usize) = (7, 10);

/// Further throttled requests within this time belong to the same burst. A burst that takes longer,
/// as one from a far Region may, makes the number smaller more than once: it grows back.
const ONE_BURST: Duration = Duration::from_millis(50);

/// The number of requests at a time, and what is known about the best number.
#[derive(Debug)]
pub(super) struct Pace {
    /// The number of requests at a time.
    at_once: usize,
    /// It is never larger.
    at_most: usize,
    phase: Phase,
    round: Round,
    /// The time of the fastest request.
    fastest: Option<Duration>,
    /// When a request was throttled last, and the number was made smaller.
    slowed: Option<Duration>,
}

/// As many requests as there are at a time: about one round trip.
#[derive(Debug)]
struct Round {
    /// When it started. The first one starts with the first request.
    started: Option<Duration>,
    /// The number of requests at a time when it started.
    at_once: usize,
    finished: usize,
    /// How many of these finished while others waited for a place.
    crowded: usize,
}

#[derive(Debug)]
enum Phase {
    /// The number does not change.
    Fixed,
    /// Each request adds to the number, unless the last rounds were flat.
    Start { best: Measured, flat: u32 },
    /// The number stays for `left` rounds.
    Steady { left: u32 },
    /// The number is larger than before, on trial.
    Trial { before: Measured },
}

/// A rate, in requests a second, with a number of requests at a time.
#[derive(Debug, Clone, Copy, Default)]
struct Measured {
    rate: f64,
    at_once: usize,
}

impl Round {
    fn with(at_once: usize, started: Option<Duration>) -> Self {
        Self {
            started,
            at_once,
            finished: 0,
            crowded: 0,
        }
    }
}

impl Pace {
    /// Returns a pace that starts with `first` and finds the number, which is never larger than
    /// `at_most`.
    pub(super) fn growing(first: usize, at_most: usize) -> Self {
        let at_most = at_most.max(1);
        let at_once = first.clamp(1, at_most);
        Self {
            at_once,
            at_most,
            phase: Phase::Start {
                best: Measured::default(),
                flat: 0,
            },
            round: Round::with(at_once, None),
            fastest: None,
            slowed: None,
        }
    }

    /// Returns a pace whose number does not change.
    pub(super) fn fixed(at_once: usize) -> Self {
        Self {
            phase: Phase::Fixed,
            at_once: at_once.max(1),
            ..Self::growing(at_once, at_once)
        }
    }

    /// Returns the number of requests at a time.
    pub(super) fn at_once(&self) -> usize {
        self.at_once
    }

    /// Takes note of the start of a request at a time since some fixed moment.
    pub(super) fn started(&mut self, now: Duration) {
        self.round.started.get_or_insert(now);
    }

    /// Takes note of a finished request, and how long it took. `crowded` says whether others waited
    /// for a place: if none did, more places would not have helped.
    pub(super) fn finished(&mut self, now: Duration, took: Duration, crowded: bool) {
        if matches!(self.phase, Phase::Fixed) {
            return;
        }
        let fastest = self.fastest.map_or(took, |fastest| fastest.min(took));
        self.fastest = Some(fastest);
        let waited = took > fastest * WAITED;
        self.round.finished += 1;
        self.round.crowded += usize::from(crowded);
        if crowded && !waited && matches!(self.phase, Phase::Start { flat: 0, .. }) {
            self.at_once = (self.at_once + GROWTH).min(self.at_most);
        }
        if self.round.finished >= self.round.at_once {
            self.end_round(now);
        }
    }

    /// Takes note of a request that S3 throttled, or that timed out.
    pub(super) fn throttled(&mut self, now: Duration) {
        let is_same_burst = self
            .slowed
            .is_some_and(|slowed| now.saturating_sub(slowed) < ONE_BURST);
        if matches!(self.phase, Phase::Fixed) || is_same_burst {
            return;
        }
        let (left, of) = THROTTLED;
        self.at_once = (self.at_once * left / of).max(LEAST.min(self.at_most));
        self.phase = Phase::Steady {
            left: STEADY_ROUNDS,
        };
        self.slowed = Some(now);
        self.round = Round::with(self.at_once, Some(now));
    }

    fn end_round(&mut self, now: Duration) {
        let took = self
            .round
            .started
            .map_or(Duration::ZERO, |started| now.saturating_sub(started));
        let finished = u32::try_from(self.round.finished).unwrap_or(u32::MAX);
        let measured = Measured {
            rate: f64::from(finished) / took.as_secs_f64().max(1e-6),
            at_once: self.round.at_once,
        };
        // If there was too little to do, the rate says nothing about the number.
        if self.round.crowded * 2 >= self.round.finished {
            self.judge(measured);
        }
        self.round = Round::with(self.at_once, Some(now));
    }

    fn judge(&mut self, measured: Measured) {
        match &mut self.phase {
            Phase::Fixed => {}
            Phase::Start { best, flat } => {
                if measured.rate >= GROWN * best.rate {
                    *best = measured;
                    *flat = 0;
                    return;
                }
                *flat += 1;
                if *flat >= FLAT_ROUNDS {
                    self.at_once = self.at_once.min(best.at_once);
                    self.phase = Phase::Steady {
                        left: STEADY_ROUNDS,
                    };
                }
            }
            Phase::Steady { left: 0 } => self.attempt_more(measured),
            Phase::Steady { left } => *left -= 1,
            Phase::Trial { before } => {
                if measured.rate >= WORTH_IT * before.rate {
                    self.attempt_more(measured);
                } else {
                    self.at_once = before.at_once;
                    self.phase = Phase::Steady {
                        left: STEADY_ROUNDS,
                    };
                }
            }
        }
    }

    /// Tries a larger number, if one is allowed.
    fn attempt_more(&mut self, measured: Measured) {
        let more = self.at_once + (self.at_once / 4).max(1);
        self.phase = if self.at_once < self.at_most {
            self.at_once = more.min(self.at_most);
            Phase::Trial { before: measured }
        } else {
            Phase::Steady {
                left: STEADY_ROUNDS,
            }
        };
    }
}

#[cfg(test)]
mod tests;
