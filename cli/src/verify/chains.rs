//! What is known of all chains, as they are done: one may explain another's end.

use super::ended::PendingEnd;
use super::tally::ChainTally;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use trailseal::names::object_key::Chain;

/// What is known of all chains.
#[derive(Default)]
pub(super) struct KnownChains {
    /// Chains that were found.
    matched: Mutex<BTreeSet<Chain>>,
    /// End of the newest digest of each chain that CloudTrail signed.
    newest: Mutex<BTreeMap<Chain, Timestamp>>,
    /// Chains whose ends nothing in the bucket explains.
    pending: Mutex<Vec<(ChainTally, PendingEnd)>>,
}

impl KnownChains {
    /// Takes a chain that was found.
    pub(super) fn matched(&self, chain: &Chain) {
        // Every change is a single entry, here and below.
        let mut matched = self.matched.lock().unwrap_or_else(PoisonError::into_inner);
        matched.insert(chain.clone());
    }

    /// Takes the end of a chain's newest digest that CloudTrail signed.
    pub(super) fn newest(&self, chain: &Chain, newest: Timestamp) {
        let mut ends = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        // A trail that was moved has digest files of one chain in two buckets.
        ends.entry(chain.clone())
            .and_modify(|end| *end = newest.max(*end))
            .or_insert(newest);
    }

    /// Takes a chain whose end nothing in the bucket explains.
    pub(super) fn wait(&self, tally: ChainTally, end: PendingEnd) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.push((tally, end));
    }

    /// All chains that were found.
    pub(super) fn all_matched(&self) -> BTreeSet<Chain> {
        let matched = self.matched.lock().unwrap_or_else(PoisonError::into_inner);
        matched.clone()
    }

    /// The chains whose ends nothing explains, and how far each chain goes.
    pub(super) fn take_pending(
        &self,
    ) -> (Vec<(ChainTally, PendingEnd)>, BTreeMap<Chain, Timestamp>) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut *pending), std::mem::take(&mut *newest))
    }
}
