//! The digests of an account's Regions, each with its receipts.

use super::heads::WatchedChain;
use super::listing;
use super::lost::{KnownDigest, KnownFolder};
use super::progress::RoundProgress;
use super::receipts::AccountReceipts;
use super::round::WatchRound;
use crate::names::ids::AccountId;
use crate::names::location::ObjectLocation;
use crate::names::region_folder::RegionFolder;
use crate::receipt::places;
use crate::world::{Cause, ListAfter, ListEvidence, ListPublicKeys, ReadObject};
use futures::stream::{self, StreamExt as _};
use std::collections::BTreeSet;

/// The number of Regions of an account that are looked at at the same time.
const REGIONS_AT_ONCE: usize = 8;

impl<S, K, E> WatchRound<'_, S, K, E>
where
    S: ReadObject + ListAfter,
    K: ListPublicKeys,
    E: ListEvidence,
{
    /// Returns the digests of the account's Regions, each with its receipts.
    pub(super) async fn folders(
        &self,
        account: &AccountId,
        chains: &[&WatchedChain],
        progress: &mut RoundProgress<'_>,
    ) -> Vec<KnownFolder> {
        let receipts = self.receipts(account, progress).await;
        let folders: BTreeSet<RegionFolder> = chains.iter().map(|chain| chain.folder()).collect();
        let listings: Vec<_> = stream::iter(folders)
            .map(|folder| async move {
                let listed = listing::digests(self.digests.store(), &folder, self.span).await;
                (folder, listed)
            })
            .buffered(REGIONS_AT_ONCE)
            .collect()
            .await;
        let mut known = Vec::new();
        for (folder, listed) in listings {
            let at = ObjectLocation::new(folder.bucket.clone(), folder.digests());
            let digests = match (listed, &receipts) {
                (Err(error), _) => {
                    progress.not_watched(&at, &error.cause);
                    Err(error.cause)
                }
                (Ok(_), Err(cause)) => Err(cause.clone()),
                (Ok(keys), Ok(receipts)) => {
                    progress.readable(&at);
                    let with_receipts = keys.into_iter().map(|key| {
                        let of = places::folder_of_digest(&folder.bucket, &key);
                        KnownDigest {
                            at: ObjectLocation::new(folder.bucket.clone(), key.to_string()),
                            receipts: receipts.of(&of),
                            folder: of,
                            key,
                        }
                    });
                    Ok(with_receipts.collect())
                }
            };
            known.push(KnownFolder { folder, digests });
        }
        known
    }

    async fn receipts(
        &self,
        account: &AccountId,
        progress: &mut RoundProgress<'_>,
    ) -> Result<AccountReceipts, Cause> {
        let days = self.span.days();
        let listed = AccountReceipts::list(self.evidence, account, &days).await;
        // One subject for all days, which change.
        let at = ObjectLocation::new(
            self.settings.evidence_bucket.clone(),
            format!("receipts/*/{account}/"),
        );
        match listed {
            Ok(receipts) => {
                progress.readable(&at);
                Ok(receipts)
            }
            Err(error) => {
                progress.not_watched(&at, &error.cause);
                Err(error.cause)
            }
        }
    }
}
