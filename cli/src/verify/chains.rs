//! The facts about all finished chains: one chain may explain the end of another.

use super::tally::ChainTally;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use trailseal::check::chain_end::PendingEnd;
use trailseal::names::object_key::Chain;

/// The facts about all chains.
#[derive(Default)]
pub(super) struct KnownChains {
    /// Chains that were found.
    matched: Mutex<BTreeSet<Chain>>,
    /// The end of the newest digest that CloudTrail signed, by chain.
    newest: Mutex<BTreeMap<Chain, Timestamp>>,
    /// Chains whose ends nothing in the bucket explains.
    pending: Mutex<Vec<(ChainTally, PendingEnd)>>,
}

impl KnownChains {
    /// Records a chain that was found.
    pub(super) fn matched(&self, chain: &Chain) {
        // Every change is a single entry, here and below.
        let mut matched = self.matched.lock().unwrap_or_else(PoisonError::into_inner);
        matched.insert(chain.clone());
    }

    /// Records the end of a chain's newest digest that CloudTrail signed.
    pub(super) fn newest(&self, chain: &Chain, newest: Timestamp) {
        let mut ends = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        // A trail that was moved has digest files of one chain in two buckets.
        ends.entry(chain.clone())
            .and_modify(|end| *end = newest.max(*end))
            .or_insert(newest);
    }

    /// Records a chain whose end nothing in the bucket explains.
    pub(super) fn wait(&self, tally: ChainTally, end: PendingEnd) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.push((tally, end));
    }

    /// Returns all chains that were found.
    pub(super) fn all_matched(&self) -> BTreeSet<Chain> {
        let matched = self.matched.lock().unwrap_or_else(PoisonError::into_inner);
        matched.clone()
    }

    /// Returns the chains whose ends nothing explains, and the end of each chain.
    pub(super) fn take_pending(
        &self,
    ) -> (Vec<(ChainTally, PendingEnd)>, BTreeMap<Chain, Timestamp>) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut *pending), std::mem::take(&mut *newest))
    }
}
