//! The number of checks for each outcome.

use super::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// The number of objects, or applications of a rule, for each of the three outcomes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Everything is as it should be.
    pub valid: u64,
    /// Something was found.
    pub finding: u64,
    /// It could not be verified.
    pub cannot_tell: u64,
}

impl Counts {
    /// Counts one verdict.
    pub fn add(&mut self, verdict: Verdict) {
        let count = match verdict {
            Verdict::Valid => &mut self.valid,
            Verdict::Finding => &mut self.finding,
            Verdict::CannotTell => &mut self.cannot_tell,
            Verdict::Ignored => return,
        };
        *count = count.saturating_add(1);
    }

    /// Adds the counts of another tally.
    pub fn merge(&mut self, other: Self) {
        self.valid = self.valid.saturating_add(other.valid);
        self.finding = self.finding.saturating_add(other.finding);
        self.cannot_tell = self.cannot_tell.saturating_add(other.cannot_tell);
    }

    /// Returns the sum of all three.
    #[must_use]
    pub fn total(self) -> u64 {
        self.valid
            .saturating_add(self.finding)
            .saturating_add(self.cannot_tell)
    }
}
