//! What the stack expects of its trails.

use crate::check::chain_end::Ended;
use crate::check::digest::OVERDUE_AFTER;
use jiff::SignedDuration;

/// The most hours after which a chain may count as overdue: a month.
const MAX_HOURS: u16 = 744;

/// The number of hours after the end of its newest digest at which a chain is overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverdueHours(SignedDuration);

impl OverdueHours {
    /// Returns the number, if it is at least 2 and at most a month. CloudTrail delivers a digest
    /// every hour, some half an hour late.
    #[must_use]
    pub fn new(hours: u16) -> Option<Self> {
        (2..=MAX_HOURS)
            .contains(&hours)
            .then(|| Self(SignedDuration::from_hours(hours.into())))
    }

    /// Returns the time.
    #[must_use]
    pub fn duration(self) -> SignedDuration {
        self.0
    }
}

impl Default for OverdueHours {
    fn default() -> Self {
        Self(OVERDUE_AFTER)
    }
}

/// What the stack expects of its trails, besides their places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchSettings {
    /// When a chain is overdue.
    pub overdue: OverdueHours,
    /// The trails that were ended on purpose.
    pub ended: Vec<Ended>,
    /// The name of the evidence bucket, for findings about its documents.
    pub evidence_bucket: String,
}
