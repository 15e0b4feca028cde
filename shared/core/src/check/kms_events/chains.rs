//! Looks for the digests of trails that are not configured.
//!
//! The tests are in `tests/tests/kms/agreement.rs`.

use crate::kms::review::UnknownTrail;
use crate::names::date_folder::day_folder;
use crate::names::object_key::{Chain, DigestKey, DigestSeries, ObjectKind, classify};
use crate::names::region_folder::RegionFolder;
use crate::world::{Depth, ListObjects, StoreError};
use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The number of listing requests that are in flight for one log file.
const REQUESTS_AT_ONCE: usize = 16;

/// The maximum number of trails that are remembered between log files.
const MAX_REMEMBERED: usize = 10_000;

/// Looks trails up by their digests.
#[derive(Debug, Default)]
pub(super) struct TrailLookup {
    /// The trails whose digests were seen, each in its home Region.
    known: Mutex<HashSet<UnknownTrail>>,
}

impl TrailLookup {
    /// Finds the chains next to the log files of each trail, on the day of `time` or the day
    /// before, as they arrive.
    pub(super) async fn look_for<S: ListObjects>(
        &self,
        store: &S,
        trails: Vec<UnknownTrail>,
        time: Timestamp,
    ) -> Vec<(UnknownTrail, Result<Vec<Chain>, StoreError>)> {
        stream::iter(trails)
            .map(|unknown| async move {
                let chains = self.chains_near(store, &unknown, time).await;
                (unknown, chains)
            })
            .buffer_unordered(REQUESTS_AT_ONCE)
            .collect()
            .await
    }

    fn known(&self) -> MutexGuard<'_, HashSet<UnknownTrail>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the trail's own chain if it has digests, at home or next to the log file, on the day
    /// of `time` or the day before; otherwise returns the chains that have digests there.
    async fn chains_near<S: ListObjects>(
        &self,
        store: &S,
        unknown: &UnknownTrail,
        time: Timestamp,
    ) -> Result<Vec<Chain>, StoreError> {
        let home = at_home(unknown);
        if self.known().contains(&home) {
            return Ok(vec![chain_of(unknown)]);
        }
        let yesterday = time
            .saturating_sub(SignedDuration::from_hours(24))
            .unwrap_or(time);
        let bucket = &unknown.folder.bucket;
        let places = BTreeSet::from(
            [
                &unknown.folder,
                &home.folder,
                &RegionFolder {
                    region: home.folder.region.clone(),
                    ..unknown.folder.clone()
                },
            ]
            .map(Clone::clone),
        );
        let days = || {
            places
                .iter()
                .flat_map(|place| [(place, time), (place, yesterday)])
        };
        for (place, day) in days() {
            let prefix = digests_of(unknown, place, day);
            let page = store.list(bucket, &prefix, Depth::All, None).await?;
            let is_its_own = |key: &String| match classify(key) {
                ObjectKind::Digest(digest) => {
                    digest.chain.trail == unknown.trail.name
                        && digest.chain.home_region == unknown.trail.home_region
                }
                _ => false,
            };
            if page.keys.iter().any(is_its_own) {
                let mut known = self.known();
                if known.len() < MAX_REMEMBERED {
                    known.insert(home);
                }
                return Ok(vec![chain_of(unknown)]);
            }
        }
        let mut others = BTreeSet::new();
        for (place, day) in days() {
            let prefix = format!("{}{}", place.digests(), day_folder(day));
            let page = store.list(bucket, &prefix, Depth::All, None).await?;
            others.extend(page.keys.iter().filter_map(|key| match classify(key) {
                ObjectKind::Digest(digest) => Some(digest.chain),
                _ => None,
            }));
        }
        Ok(others.into_iter().collect())
    }
}

/// Returns the trail, with the folder of its own account and home Region: everything that it
/// delivers is signed for there, too.
fn at_home(unknown: &UnknownTrail) -> UnknownTrail {
    let mut home = unknown.clone();
    home.folder.folder.account = home.trail.account.clone();
    home.folder.region = home.trail.home_region.clone();
    home
}

/// Returns the start of the keys of the trail's digests in `place` that end on the day of `day`.
fn digests_of(unknown: &UnknownTrail, place: &RegionFolder, day: Timestamp) -> String {
    let chain = Chain {
        folder: place.folder.clone(),
        region: place.region.clone(),
        ..chain_of(unknown)
    };
    let key = DigestKey::of(chain, DigestSeries::Hourly, day).to_string();
    let (stem, _) = key.rsplit_once('_').unwrap_or((&key, ""));
    format!("{stem}_")
}

/// Returns the chain that the digests of an unknown trail would belong to.
fn chain_of(unknown: &UnknownTrail) -> Chain {
    Chain {
        folder: unknown.folder.folder.clone(),
        region: unknown.folder.region.clone(),
        trail: unknown.trail.name.clone(),
        home_region: unknown.trail.home_region.clone(),
    }
}
