//! One round over one account: the order of the steps.

use super::account_memory::AccountMemory;
use super::heads::{Heads, WatchedChain};
use super::progress::{AccountRound, RoundProgress};
use super::settings::WatchSettings;
use super::span::Span;
use crate::check::digest::DigestVerifier;
use crate::names::ids::AccountId;
use crate::names::location::ObjectLocation;
use crate::world::{
    ListAfter, ListEvidence, ListObjects, ListPublicKeys, ReadObject, ReplaceEvidence,
};
use jiff::Timestamp;

/// One round over the accounts of a stack.
#[derive(Debug)]
pub struct WatchRound<'a, S, K, E> {
    pub(super) digests: &'a DigestVerifier<S, K>,
    pub(super) evidence: &'a E,
    pub(super) heads: &'a Heads,
    pub(super) settings: &'a WatchSettings,
    pub(super) span: Span,
}

impl<'a, S, K, E> WatchRound<'a, S, K, E>
where
    S: ReadObject + ListObjects + ListAfter,
    K: ListPublicKeys,
    E: ListEvidence + ReplaceEvidence,
{
    /// Returns a round at `now`, over the chains of `heads`.
    pub fn new(
        digests: &'a DigestVerifier<S, K>,
        evidence: &'a E,
        heads: &'a Heads,
        settings: &'a WatchSettings,
        now: Timestamp,
    ) -> Self {
        Self {
            digests,
            evidence,
            heads,
            settings,
            span: Span::at(now),
        }
    }

    /// Looks at the chains of an account. `memory` is what the last round remembered.
    pub async fn account(&self, account: &AccountId, memory: &AccountMemory) -> AccountRound {
        let places = self.digests.places();
        let mut progress = RoundProgress::new(account, memory, places, self.settings, self.span);
        let chains = self.chains(account);
        self.heads(account, &chains, &mut progress);
        let folders = self.folders(account, &chains, &mut progress).await;
        for folder in &folders {
            self.lost(folder, &chains, &mut progress).await;
        }
        self.forget_sent(&mut progress);
        for chain in &chains {
            let folder = chain.folder();
            let known = folders.iter().find(|known| known.folder == folder);
            self.silence(chain, known, &mut progress).await;
        }
        self.unlisted(&folders, &chains, &mut progress).await;
        progress.conclude()
    }

    /// Returns the chains of an account in the log buckets.
    fn chains(&self, account: &AccountId) -> Vec<&'a WatchedChain> {
        let chains = self.heads.chains.get(account).into_iter().flatten();
        let places = self.digests.places();
        chains
            .filter(|chain| places.watches(&chain.bucket))
            .collect()
    }

    /// Notes which chain heads of an account can be read, and which cannot.
    fn heads(
        &self,
        account: &AccountId,
        chains: &[&WatchedChain],
        progress: &mut RoundProgress<'_>,
    ) {
        let at =
            |document: &str| ObjectLocation::new(self.settings.evidence_bucket.clone(), document);
        for (document, cause) in self.heads.unread.get(account).into_iter().flatten() {
            progress.not_watched(&at(document), cause);
        }
        for chain in chains {
            progress.readable(&at(&chain.document));
        }
    }
}
