//! What a round counts.

use crate::names::location::ObjectLocation;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The counts of a round, over all accounts so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Totals {
    /// The number of chains that are expected to continue.
    pub chains: u64,
    /// The number of these chains that are overdue.
    pub overdue: u64,
    /// The end of the oldest of the newest digests of these chains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// The number of digests that are not verified although their events should have arrived.
    pub unverified: u64,
    /// The number of digests that the round found without receipts for the first time.
    pub lost: u64,
    /// One of these digests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<ObjectLocation>,
    /// The number of log files that no digest lists.
    pub unlisted: u64,
    /// The number of log files of which it could not be found out whether a digest lists them.
    pub unproven: u64,
    /// The number of folders in which the round did not compare all log files that were due: there
    /// were too many, or the last round was too long ago.
    pub incomplete: u64,
    /// The number of folders and documents that could not be read.
    pub unread: u64,
}

impl Totals {
    /// Adds the counts of another part of the round.
    pub fn add(&mut self, other: Self) {
        self.chains = self.chains.saturating_add(other.chains);
        self.overdue = self.overdue.saturating_add(other.overdue);
        self.oldest = [self.oldest, other.oldest].into_iter().flatten().min();
        self.unverified = self.unverified.saturating_add(other.unverified);
        self.lost = self.lost.saturating_add(other.lost);
        self.example = self.example.take().or(other.example);
        self.unlisted = self.unlisted.saturating_add(other.unlisted);
        self.unproven = self.unproven.saturating_add(other.unproven);
        self.incomplete = self.incomplete.saturating_add(other.incomplete);
        self.unread = self.unread.saturating_add(other.unread);
    }
}
