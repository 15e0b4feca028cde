//! A range of time with two ends.

use jiff::Timestamp;
use serde::Serialize;

/// A range of time, from its start to just before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PeriodSpan {
    /// The start.
    pub from: Timestamp,
    /// The end.
    pub to: Timestamp,
}

impl PeriodSpan {
    /// Returns the range, unless it is empty.
    #[must_use]
    pub fn new(from: Timestamp, to: Timestamp) -> Option<Self> {
        (from < to).then_some(Self { from, to })
    }

    /// Returns what both have in common.
    #[must_use]
    pub fn within(self, other: Self) -> Option<Self> {
        Self::new(self.from.max(other.from), self.to.min(other.to))
    }

    /// Returns its length in seconds.
    #[must_use]
    pub fn seconds(self) -> u64 {
        let seconds = self.to.as_second().saturating_sub(self.from.as_second());
        u64::try_from(seconds).unwrap_or_default()
    }
}
