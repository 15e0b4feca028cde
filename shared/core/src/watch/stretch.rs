//! Stretches of time whose log files are still to be compared with the digests.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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

    /// Returns the part of it that is within another stretch.
    pub(super) fn within(self, other: Self) -> Option<Self> {
        Self::between(self.from.max(other.from), self.to.min(other.to))
    }

    /// Returns the part of it from a time on.
    pub(super) fn since(self, time: Timestamp) -> Option<Self> {
        Self::between(self.from.max(time), self.to)
    }
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
