//! Stretches of time whose log files are still to be compared with the digests.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// A stretch of time in which some log files could not be compared with the digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stretch {
    /// The start.
    pub from: Timestamp,
    /// The end, which is not part of it.
    pub to: Timestamp,
}

impl Stretch {
    /// Returns the stretch from one time to another, if it is not empty.
    pub(super) fn between(from: Timestamp, to: Timestamp) -> Option<Self> {
        (from < to).then_some(Self { from, to })
    }

    /// Returns whether a time is in it.
    pub(super) fn holds(self, time: Timestamp) -> bool {
        (self.from..self.to).contains(&time)
    }

    /// Returns the same time in whole minutes, with those in which it starts and ends: the time in the
    /// name of a log file is a minute.
    pub(super) fn in_minutes(self) -> Self {
        let to = minute_of(self.to);
        let next = to.saturating_add(MINUTE).unwrap_or(Timestamp::MAX);
        Self {
            from: minute_of(self.from),
            to: if to < self.to { next } else { to },
        }
    }

    /// Returns the part of it that is within another stretch.
    pub(super) fn within(self, other: Self) -> Option<Self> {
        Self::between(self.from.max(other.from), self.to.min(other.to))
    }

    /// Returns the part of it from a time on.
    pub(super) fn since(self, time: Timestamp) -> Option<Self> {
        Self::between(self.from.max(time), self.to)
    }
}

/// Returns the start of the minute of a time.
pub(super) fn minute_of(time: Timestamp) -> Timestamp {
    let seconds = MINUTE.as_secs();
    let start = time.as_second().div_euclid(seconds) * seconds;
    Timestamp::from_second(start).unwrap_or(time)
}

/// Returns the same time in the order of time: stretches that meet or overlap become one.
pub(super) fn merged(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort_unstable();
    let mut merged: Vec<Stretch> = Vec::new();
    for stretch in stretches {
        match merged.last_mut() {
            Some(last) if stretch.from <= last.to => last.to = last.to.max(stretch.to),
            _ => merged.push(stretch),
        }
    }
    merged
}
