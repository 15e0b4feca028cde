//! Whether people hear of an incident now, and how often they do.

use jiff::{SignedDuration, Timestamp};

/// How often people hear of one incident.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Of what is new in it, not more often than this.
    pub update_after: SignedDuration,
    /// Of what is found again and again, and is not new, this often.
    pub repeat_after: SignedDuration,
}

/// Whether people hear of an incident now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// They have never heard of it.
    Opened,
    /// There is something new in it since they last heard of it.
    Grown {
        /// When they did.
        since: Timestamp,
    },
    /// Nothing is new, and it is still found.
    Persists {
        /// When they last heard of it.
        since: Timestamp,
    },
    /// There is something new, and they heard of it less than an hour ago.
    Later {
        /// When they hear of what is new.
        at: Timestamp,
    },
    /// They have heard of all this.
    Known,
}

impl Notice {
    /// Whether people hear of it now.
    #[must_use]
    pub fn is_now(self) -> bool {
        matches!(
            self,
            Self::Opened | Self::Grown { .. } | Self::Persists { .. }
        )
    }

    /// The word in alerts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Grown { .. } | Self::Later { .. } => "grown",
            Self::Persists { .. } | Self::Known => "persists",
        }
    }
}
