//! The log files that the digests of a chain list, from one digest back to the requested time.
//!
//! The tests are in `tests/tests/kms/unsettled.rs`.

use super::fate::{BORDER, BackfillsUnknown, GIVEN_UP_AFTER, ListedBy};
use crate::bucket::listing::date_prefixes;
use crate::check::digest::DigestVerifier;
use crate::format::digest::UnverifiedDigest;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestKey, DigestSeries, ObjectKind, classify};
use crate::names::sha256::Sha256;
use crate::trust::chain;
use crate::trust::signature::AuthenticDigest;
use crate::trust::signed_time::SignedTime;
use crate::world::{Depth, ListObjects, ListPublicKeys, ReadObject};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use std::collections::HashSet;

/// The maximum number of digests that are read back. Deliveries more than three days earlier are
/// not looked for, and three days have 72 hours.
const MAX_DIGESTS: usize = 80;

/// The maximum number of backfill digests that are read.
const MAX_BACKFILLS: usize = 128;

/// A month is listed by the day, however many of its days are requested.
const BY_THE_DAY: i32 = i32::MAX;

/// The maximum number of pages that are listed to find them: four days of one Region, with all its
/// trails.
const MAX_PAGES: usize = 100;

/// The number of backfill digests that are read in parallel: each may inflate to 16 MiB.
const BACKFILLS_AT_ONCE: usize = 4;

/// The log files that the current digest, those before it and the backfill digests list.
pub(super) struct ListedByChain<'a, S, K> {
    pub(super) digests: &'a DigestVerifier<S, K>,
    at: &'a ObjectLocation,
    key: &'a DigestKey,
    /// The log files that the current digest lists.
    newest: HashSet<ObjectLocation>,
    /// The log files that the digest before it lists.
    second: Option<HashSet<ObjectLocation>>,
    /// The log files that the earlier digests list, as hashes of their locations, because there may
    /// be many.
    older: HashSet<Sha256>,
    read: usize,
    /// The log files that the backfill digests list, after the first request for them.
    backfilled: Option<Result<HashSet<Sha256>, BackfillsUnknown>>,
    /// The end of the current digest.
    end: Timestamp,
    /// The time that the digests that were read cover.
    covered: SignedTime,
    /// The digest before that one.
    before: Option<(ObjectLocation, DigestKey)>,
    /// Indicates whether there are more digests than may be read.
    pub(super) more: bool,
}

impl<'a, S: ReadObject + ListObjects, K: ListPublicKeys> ListedByChain<'a, S, K> {
    pub(super) fn new(
        digests: &'a DigestVerifier<S, K>,
        at: &'a ObjectLocation,
        key: &'a DigestKey,
        digest: &AuthenticDigest,
    ) -> Self {
        let mut lists = Self {
            digests,
            at,
            key,
            newest: HashSet::new(),
            second: None,
            older: HashSet::new(),
            read: 0,
            backfilled: None,
            end: digest.digest().end_time,
            covered: SignedTime::default(),
            before: None,
            more: false,
        };
        lists.add(at, key, digest);
        lists
    }

    fn add(&mut self, at: &ObjectLocation, key: &DigestKey, digest: &AuthenticDigest) {
        let digest = digest.digest();
        self.covered.add(digest.lists_from(), digest.end_time, true);
        let listed = self.log_files_of(at, digest);
        match self.read {
            0 => self.newest = listed.collect(),
            1 => self.second = Some(listed.collect()),
            _ => {
                let hashes: Vec<_> = listed.map(|object| hash(&object)).collect();
                self.older.extend(hashes);
            }
        }
        self.read += 1;
        self.before = digest.predecessor.as_ref().and_then(|named| {
            let bucket = self
                .digests
                .places
                .actual_of(&named.location.bucket, &at.bucket);
            let before = chain::predecessor_key(key, named)?;
            Some((ObjectLocation::new(bucket, &named.location.key), before))
        });
    }

    fn log_files_of<'d>(
        &self,
        at: &'d ObjectLocation,
        digest: &'d UnverifiedDigest,
    ) -> impl Iterator<Item = ObjectLocation> + use<'a, 'd, S, K> {
        let places = &self.digests.places;
        digest.log_files.iter().map(move |file| {
            let bucket = places.actual_of(&file.location.bucket, &at.bucket);
            ObjectLocation::new(bucket, &file.location.key)
        })
    }

    /// Returns what the digest before the current one lists.
    pub(super) fn second(&self) -> Option<&HashSet<ObjectLocation>> {
        self.second.as_ref()
    }

    /// Returns which digest lists a log file.
    pub(super) fn listed_by(&self, object: &ObjectLocation) -> ListedBy {
        if self.newest.contains(object) {
            return ListedBy::Current;
        }
        let second = self.second.as_ref();
        if second.is_some_and(|list| list.contains(object)) || self.older.contains(&hash(object)) {
            ListedBy::Earlier
        } else {
            ListedBy::None
        }
    }

    /// Returns whether a digest that was read should list a delivery at `time`.
    ///
    /// The question of [`Listed::proves`](crate::check::listed::Listed::proves), for one chain and
    /// up to the current digest, whatever time it is now.
    pub(super) fn cover(&self, time: Timestamp) -> bool {
        let border = time.saturating_add(BORDER).unwrap_or(time);
        let covered = self.covered.covered_from(time);
        time >= self.end || covered.is_some_and(|until| until > border || until >= self.end)
    }

    /// Reads older digests until one starts before `time`, as far as CloudTrail signed them.
    pub(super) async fn reach_back_to(&mut self, time: Timestamp) {
        while self.covered.start().is_some_and(|start| start > time) {
            if self.read >= MAX_DIGESTS {
                self.more |= self.before.is_some();
                return;
            }
            let Some((at, key)) = self.before.take() else {
                return;
            };
            // The digest-validator reports any problem with it.
            let Ok(digest) = self.digests.authenticate(&at, &key).await else {
                return;
            };
            self.add(&at, &key, &digest);
        }
    }

    /// Returns whether a log file is listed by a backfill digest that ends in the days before the
    /// current digest.
    pub(super) async fn backfilled(
        &mut self,
        object: &ObjectLocation,
    ) -> Result<bool, BackfillsUnknown> {
        if self.backfilled.is_none() {
            let from = self.end.saturating_sub(GIVEN_UP_AFTER).unwrap_or(self.end);
            self.backfilled = Some(self.read_backfills(from, self.end).await);
        }
        match &self.backfilled {
            Some(Ok(listed)) => Ok(listed.contains(&hash(object))),
            Some(Err(unknown)) => Err(*unknown),
            None => Err(BackfillsUnknown::NotListed),
        }
    }

    /// Returns what the backfill digests that end between `from` and `to` list, or why that is
    /// unknown.
    async fn read_backfills(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<HashSet<Sha256>, BackfillsUnknown> {
        let found = self.find_backfills(from, to).await?;
        let mut listed = HashSet::new();
        let mut digests = stream::iter(found)
            .map(|(at, key)| async move {
                let digest = self.digests.authenticate(&at, &key).await;
                (at, digest)
            })
            .buffer_unordered(BACKFILLS_AT_ONCE);
        while let Some((at, digest)) = digests.next().await {
            // The digest-validator reports any problem with it.
            if let Ok(digest) = digest {
                listed.extend(
                    self.log_files_of(&at, digest.digest())
                        .map(|object| hash(&object)),
                );
            }
        }
        Ok(listed)
    }

    async fn find_backfills(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(ObjectLocation, DigestKey)>, BackfillsUnknown> {
        let mut found = Vec::new();
        let mut pages = 0;
        let folder = self.key.chain.region_prefix();
        let days = date_prefixes(&folder, from, to, BY_THE_DAY);
        for prefix in days.ok_or(BackfillsUnknown::TooMany)? {
            let bucket = &self.at.bucket;
            let mut next: Option<String> = None;
            loop {
                if pages >= MAX_PAGES {
                    return Err(BackfillsUnknown::TooMany);
                }
                pages += 1;
                let store = self.digests.store();
                let page = store.list(bucket, &prefix, Depth::All, next.as_deref());
                let page = page.await.map_err(|_| BackfillsUnknown::NotListed)?;
                found.extend(page.keys.iter().filter_map(|key| match classify(key) {
                    ObjectKind::Digest(digest)
                        if digest.series == DigestSeries::Backfill
                            && digest.chain == self.key.chain =>
                    {
                        Some((ObjectLocation::new(bucket, key), digest))
                    }
                    _ => None,
                }));
                if found.len() > MAX_BACKFILLS {
                    return Err(BackfillsUnknown::TooMany);
                }
                next = page.next;
                if next.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }
}

/// Returns the location of a log file, in 32 bytes.
fn hash(object: &ObjectLocation) -> Sha256 {
    Sha256::of(object.to_string().as_bytes())
}
