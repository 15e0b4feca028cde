//! The signed digest that lists a log file.

use crate::bucket::listing::date_prefixes;
use crate::bucket::selection::DELIVERY;
use crate::check::digest::{DigestVerifier, OVERDUE_AFTER};
use crate::check::listed::{CLOCKS_DIFFER, EARLIER};
use crate::finding::DigestReference;
use crate::format::digest::UnverifiedDigest;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{
    Chain, DIGEST_FOLDER, DigestKey, DigestSeries, LogFileKey, ObjectKind, classify,
};
use crate::names::sha256::Sha256;
use crate::trust::signature::AuthenticDigest;
use crate::trust::signed_time::SignedTime;
use crate::world::{Depth, ListObjects, ListPublicKeys, ReadObject, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// The maximum number of pages of digests that are listed for one log file. A Region has 24 hourly
/// digests a day for each trail.
const MAX_DIGEST_PAGES: usize = 4;

/// The maximum number of digests that are read for one log file. Those of the hour of the log file
/// are first.
const MAX_DIGESTS_READ: usize = 24;

/// The time after which a digest of an hour may still list a file that was written at its end: the
/// clocks of its parts differ.
const BORDER: SignedDuration = SignedDuration::from_mins(15);

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A month is listed by the day.
const BY_THE_DAY: i32 = i32::MAX;

/// What the digests say about a log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Listing {
    /// A digest lists it, with this hash.
    Listed(Sha256, DigestReference),
    /// Every digest that could list it exists, and none lists it.
    Unlisted,
    /// The digest that will list it has not arrived.
    NotYet,
    /// Digests that could list it are missing, or not CloudTrail's: which.
    Unproven(String),
}

/// A log file whose digest is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct LookedFor<'a> {
    pub(super) at: &'a ObjectLocation,
    pub(super) key: &'a LogFileKey,
    /// When the current version was written, if there is one.
    pub(super) written: Option<Timestamp>,
}

impl LookedFor<'_> {
    /// Returns the time by which a digest lists the log file: a digest lists what was delivered
    /// within its time, and the time in a name is that of the delivery. Some time may pass between
    /// the two.
    fn until(self) -> Timestamp {
        let time = self.key.time;
        let latest = time.saturating_add(DELIVERY).unwrap_or(time);
        let written = self.written.filter(|written| *written >= time);
        let border = written.and_then(|written| written.saturating_add(BORDER).ok());
        border.map_or(latest, |border| border.min(latest))
    }
}

/// Finds the digest that lists a log file, and otherwise says what that means at `now`.
///
/// # Errors
/// [`StoreError`] if the digests cannot be listed, or one of them cannot be read.
pub(super) async fn find<S, K>(
    digests: &DigestVerifier<S, K>,
    log_file: LookedFor<'_>,
    now: Timestamp,
) -> Result<Listing, StoreError>
where
    S: ReadObject + ListObjects,
    K: ListPublicKeys,
{
    let (time, until) = (log_file.key.time, log_file.until());
    // The time in a name is the time of the delivery.
    if time.duration_since(now) > CLOCKS_DIFFER {
        return Ok(Listing::Unlisted);
    }
    let Some(mut found) = candidates(digests.store(), log_file, until).await? else {
        return Ok(Listing::Unproven(format!(
            "there are too many digests of the hours from {time} to {until}"
        )));
    };
    // Most log files are in the digest that ends next.
    found.sort_by_key(|(_, key)| (key.end_time < time, key.end_time));
    let mut chains: BTreeMap<Chain, SignedTime> = BTreeMap::new();
    let left_out = found.len() > MAX_DIGESTS_READ;
    found.truncate(MAX_DIGESTS_READ);
    for (at, key) in found {
        let digest = digests.signed(&at, &key).await?;
        let digest = digest.as_ref().map(AuthenticDigest::digest);
        if let Some(digest) = digest {
            let listed = digest.log_files.iter();
            let mut listed = listed.filter(|file| file.location.key == log_file.at.key);
            let file =
                listed.find(|file| digests.actual(&file.location, &at.bucket) == *log_file.at);
            if let Some(file) = file {
                return Ok(Listing::Listed(file.hash, DigestReference::of(&at, digest)));
            }
        }
        if key.series == DigestSeries::Hourly {
            let start = digest.map(UnverifiedDigest::lists_from);
            let chain = chains.entry(key.chain).or_default();
            let assumed = key.end_time.saturating_sub(HOUR).unwrap_or(key.end_time);
            chain.add(start.unwrap_or(assumed), key.end_time, start.is_some());
        }
    }
    let from = time.saturating_sub(EARLIER).unwrap_or(time);
    let covers = |chain: &SignedTime| chain.covered_from(from).is_some_and(|to| to >= until);
    Ok(
        if !chains.is_empty() && !left_out && chains.values().all(covers) {
            Listing::Unlisted
        } else if now.duration_since(until) <= OVERDUE_AFTER {
            Listing::NotYet
        } else {
            Listing::Unproven(format!(
                "not every digest of the hours from {time} to {until} exists and is signed by CloudTrail"
            ))
        },
    )
}

/// Returns the digests whose time may hold the delivery of a log file, those before and after it.
/// Returns `None` if there are more than anybody delivers.
async fn candidates<S: ListObjects>(
    store: &S,
    log_file: LookedFor<'_>,
    until: Timestamp,
) -> Result<Option<Vec<(ObjectLocation, DigestKey)>>, StoreError> {
    let LookedFor { at, key, .. } = log_file;
    // The hour before, too: its chain will list the log file in its next digest.
    let from = key.time.saturating_sub(HOUR).unwrap_or(key.time);
    let to = until.saturating_add(HOUR + BORDER).unwrap_or(until);
    let folder = key.folder.region(DIGEST_FOLDER, &key.region);
    let Some(days) = date_prefixes(&folder, from, to, BY_THE_DAY) else {
        return Ok(None);
    };
    let mut found = Vec::new();
    let mut pages = 0;
    for day in days {
        let mut next: Option<String> = None;
        loop {
            if pages >= MAX_DIGEST_PAGES {
                return Ok(None);
            }
            pages += 1;
            let page = store.list(&at.bucket, &day, Depth::All, next.as_deref());
            let page = page.await?;
            found.extend(page.keys.iter().filter_map(|name| match classify(name) {
                ObjectKind::Digest(digest)
                    if digest.chain.folder == key.folder
                        && digest.chain.region == key.region
                        && (from..=to).contains(&digest.end_time) =>
                {
                    Some((ObjectLocation::new(&at.bucket, name), digest))
                }
                _ => None,
            }));
            next = page.next;
            if next.is_none() {
                break;
            }
        }
    }
    Ok(Some(found))
}
