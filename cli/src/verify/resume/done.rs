//! Log files that an earlier run found valid.

use super::positions::Positions;

/// The log files of a digest that were found valid before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Done {
    /// The number of log files that the digest lists.
    pub(super) of: u32,
    pub(super) valid: Positions,
    /// The inflated bytes of the log files that were found valid.
    pub(crate) bytes: u64,
}

impl Done {
    /// Returns the number of log files that were found valid.
    pub(crate) fn count(&self) -> u64 {
        self.valid.count()
    }

    /// Returns whether the log file at this position of the digest's list was found valid.
    pub(crate) fn holds(&self, position: usize) -> bool {
        u32::try_from(position).is_ok_and(|position| self.valid.holds(position))
    }

    /// Combines two lines about a digest. Returns none if they contradict each other.
    pub(super) fn with(&self, other: &Self) -> Option<Self> {
        if self.of != other.of {
            return None;
        }
        Some(Self {
            of: self.of,
            valid: self.valid.with(&other.valid)?,
            bytes: self.bytes.checked_add(other.bytes)?,
        })
    }
}
