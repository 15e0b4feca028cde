//! The digests of an account and Region.

use crate::bucket::listing::{PARALLEL, in_time, pages};
use crate::bucket::wanted::Wanted;
use crate::names::object_key::{Chain, DigestSeries, ObjectKind, classify};
use crate::names::region_folder::RegionFolder;
use crate::world::{Depth, ListObjects, StoreError};
use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The margin around the requested time in which digests are listed. The digests next to the first
/// and the last one show whether those are complete.
pub const MARGIN: SignedDuration = SignedDuration::from_hours(24);

/// The digests of one chain, by the times in their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChainDigests {
    /// The hourly digests, oldest first.
    pub hourly: BTreeSet<Timestamp>,
    /// The backfill digests, oldest first.
    pub backfill: BTreeSet<Timestamp>,
}

/// The digests of an account and Region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundDigests {
    /// The digests by chain.
    pub chains: BTreeMap<Chain, ChainDigests>,
    /// The keys of objects in digest folders whose names are not digest names.
    pub misnamed: Vec<String>,
}

/// Returns the digests of an account and Region in the requested time, and in [`MARGIN`] around it.
///
/// # Errors
/// [`StoreError`] if the folder cannot be listed.
pub async fn digests<L: ListObjects>(
    store: &L,
    folder: &RegionFolder,
    wanted: &Wanted,
) -> Result<FoundDigests, StoreError> {
    let around = Wanted {
        from: wanted
            .from
            .map(|from| from.saturating_sub(MARGIN).unwrap_or(Timestamp::MIN)),
        to: wanted
            .to
            .map(|to| to.saturating_add(MARGIN).unwrap_or(Timestamp::MAX)),
        ..wanted.clone()
    };
    let bucket = folder.bucket.as_str();
    let prefixes = in_time(store, bucket, &folder.digests(), &around).await?;
    let mut listings = stream::iter(prefixes)
        .map(|prefix| async move {
            let mut keys = Vec::new();
            pages(store, bucket, &prefix, Depth::All, |page| {
                keys.extend(page.keys);
            })
            .await
            .map(|()| keys)
        })
        .buffered(PARALLEL);
    let mut found = FoundDigests::default();
    while let Some(keys) = listings.next().await {
        for key in keys? {
            match classify(&key) {
                ObjectKind::Digest(key)
                    if wanted.chain(&key.chain) && around.hour(key.end_time) =>
                {
                    let digests = found.chains.entry(key.chain).or_default();
                    match key.series {
                        DigestSeries::Hourly => digests.hourly.insert(key.end_time),
                        DigestSeries::Backfill => digests.backfill.insert(key.end_time),
                    };
                }
                ObjectKind::UnknownDigest if around.day_of(&key, &folder.digests()) => {
                    found.misnamed.push(key);
                }
                _ => {}
            }
        }
    }
    Ok(found)
}
