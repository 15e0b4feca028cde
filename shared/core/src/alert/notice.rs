//! The decision whether people are notified about an incident now, and the pace.

use jiff::{SignedDuration, Timestamp};

/// The pace of notifications about one incident.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The minimum time between two alerts about news in it.
    pub update_after: SignedDuration,
    /// The time after which an incident that continues without news is reported again.
    pub repeat_after: SignedDuration,
}

/// The decision whether people are notified about an incident now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// It has never been published.
    Opened,
    /// There is something new in it since the last alert.
    Grown {
        /// The time of the last alert.
        since: Timestamp,
    },
    /// Nothing is new, and it is still found.
    Persists {
        /// The time of the last alert.
        since: Timestamp,
    },
    /// There is something new, and the last alert is less than an hour old.
    Later {
        /// The time of the next alert.
        at: Timestamp,
    },
    /// Everything that was found is right again.
    Closed,
    /// Everything in it was published.
    Known,
    /// Somebody has acknowledged it.
    Silenced,
}

impl Notice {
    /// Returns whether people are notified now.
    #[must_use]
    pub fn is_now(self) -> bool {
        matches!(
            self,
            Self::Opened | Self::Grown { .. } | Self::Persists { .. } | Self::Closed
        )
    }

    /// Returns the word in alerts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Grown { .. } | Self::Later { .. } => "grown",
            Self::Persists { .. } | Self::Known | Self::Silenced => "persists",
            Self::Closed => "closed",
        }
    }
}
