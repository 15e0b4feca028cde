//! What is in a bucket: which accounts and Regions have digests, and which digests and log files
//! a stretch of time has.
//!
//! A log bucket may hold hundreds of millions of objects: folders are listed with a delimiter,
//! and only the months that were asked for.

mod log_files;

pub use log_files::{accounts_beside, log_files, other_folders, outside_regions};

use crate::bucket::selection::{ROOT, Selection};
use crate::bucket::wanted::Wanted;
use crate::finding::{Report, Scope};
use crate::names::ids::{AccountId, OrganizationId, Region};
use crate::names::location::ObjectLocation;
use crate::names::object_key::{AccountFolder, Chain, DigestSeries, ObjectKind, classify};
use crate::names::region_folder::RegionFolder;
use crate::world::{Cause, Depth, ListObjects, Page, StoreError};
use futures::future;
use futures::stream::{self, StreamExt as _};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The most folders that are looked into for [`ROOT`].
const MAX_FOLDERS: usize = 1000;

/// How deep a trail's prefix may be, in folders.
const MAX_DEPTH: usize = 10;

/// The most pages of one listing: ten million objects.
const MAX_PAGES: usize = 10_000;

/// Listings of one walk that are under way at a time; the store bounds them further.
const PARALLEL: usize = 32;

/// Around the time asked for, digests are listed for as long: what is beside the first and the
/// last one tells whether those are whole.
pub const MARGIN: SignedDuration = SignedDuration::from_hours(24);

/// The digests of one chain, by the time in their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChainDigests {
    /// Hourly ones, oldest first.
    pub hourly: BTreeSet<Timestamp>,
    /// Backfill ones, oldest first.
    pub backfill: BTreeSet<Timestamp>,
}

/// The digests of an account and Region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundDigests {
    /// By chain.
    pub chains: BTreeMap<Chain, ChainDigests>,
    /// The keys of objects in digest folders that are named like no digest.
    pub misnamed: Vec<String>,
}

/// Finds every account and Region that `target` names and that has digests or log files.
///
/// What cannot be listed is an obstacle in the report.
pub async fn region_folders<L: ListObjects>(
    store: &L,
    bucket: &str,
    target: &Selection,
    wanted: &Wanted,
) -> (Vec<RegionFolder>, Report) {
    let mut report = Report::new();
    let likely = target.root().unwrap_or(target.above()).to_owned();
    // Most trails lie right there: their accounts are listed while others are looked for.
    let first = accounts(store, bucket, likely.clone());
    let (first, mut others) = match target.root() {
        Some(_) => (first.await, BTreeSet::new()),
        None => future::join(first, roots(store, bucket, target.above(), &mut report)).await,
    };
    others.remove(&likely);
    let accounts: Vec<AccountFolder> = stream::iter(others)
        .map(|root| accounts(store, bucket, root))
        .buffer_unordered(PARALLEL)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .chain([first])
        .flat_map(|found| keep(found, &mut report, bucket))
        .filter(|folder| wanted.account(&folder.account))
        .filter(|folder| folder.to_string().starts_with(target.above()))
        .collect();
    let only = match target.region() {
        Some(region) if wanted.region(region) => vec![region.clone()],
        Some(_) => return (Vec::new(), report),
        None => wanted.regions.clone(),
    };
    let mut regions: Vec<RegionFolder> = stream::iter(accounts)
        .map(|account| regions(store, bucket, account, &only))
        .buffer_unordered(PARALLEL)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .flat_map(|found| keep(found, &mut report, bucket))
        .collect();
    regions.sort();
    regions.dedup();
    (regions, report)
}

fn keep<T>(found: Result<Vec<T>, StoreError>, report: &mut Report, bucket: &str) -> Vec<T> {
    found.unwrap_or_else(|error| {
        let at = ObjectLocation::new(bucket, "");
        let subject = error.subject.clone();
        report.cannot_tell_of(error, &Scope::default(), &at, &subject);
        Vec::new()
    })
}

/// Every prefix, with its closing slash, below which there is a [`ROOT`] folder. `prefix`, where
/// the search begins, has its closing slash, too.
async fn roots<L: ListObjects>(
    store: &L,
    bucket: &str,
    prefix: &str,
    report: &mut Report,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut level = vec![prefix.to_owned()];
    let mut looked_into = 0;
    for _ in 0..MAX_DEPTH {
        let left = MAX_FOLDERS.saturating_sub(looked_into);
        if level.len() > left {
            level.truncate(left);
            let error = StoreError {
                action: "look for trails in all of",
                subject: format!("s3://{bucket}/{prefix}"),
                cause: Cause::Failed(format!(
                    "it has more than {MAX_FOLDERS} folders besides those of trails; name the trail's prefix"
                )),
            };
            keep::<()>(Err(error), report, bucket);
        }
        looked_into += level.len();
        let listed: Vec<_> = stream::iter(level)
            .map(|folder| list_folders(store, bucket, folder))
            .buffer_unordered(PARALLEL)
            .collect()
            .await;
        level = Vec::new();
        for folder in listed
            .into_iter()
            .flat_map(|found| keep(found, report, bucket))
        {
            match folder.strip_suffix("/").and_then(|f| f.strip_suffix(ROOT)) {
                Some(root) if root.is_empty() || root.ends_with('/') => {
                    found.insert(root.to_owned());
                }
                _ => level.push(folder),
            }
        }
        if level.is_empty() {
            return found;
        }
    }
    let error = StoreError {
        action: "look for trails in all of",
        subject: format!("s3://{bucket}/{prefix}"),
        cause: Cause::Failed(format!(
            "it has folders more than {MAX_DEPTH} deep besides those of trails; name the trail's prefix"
        )),
    };
    keep::<()>(Err(error), report, bucket);
    found
}

/// The account folders below a root, of the account itself and of its organization.
async fn accounts<L: ListObjects>(
    store: &L,
    bucket: &str,
    root: String,
) -> Result<Vec<AccountFolder>, StoreError> {
    let mut found = Vec::new();
    let mut to_list = VecDeque::from([(root, None)]);
    while let Some((root, organization)) = to_list.pop_front() {
        let prefix = root.strip_suffix('/').map(str::to_owned);
        let folder = match &organization {
            None => format!("{root}{ROOT}/"),
            Some(organization) => format!("{root}{ROOT}/{organization}/"),
        };
        for below in list_folders(store, bucket, folder.clone()).await? {
            let Some(name) = below
                .strip_prefix(&folder)
                .and_then(|name| name.strip_suffix('/'))
            else {
                continue;
            };
            if let Ok(account) = AccountId::new(name) {
                found.push(AccountFolder {
                    prefix: prefix.clone(),
                    organization: organization.clone(),
                    account,
                });
            } else if organization.is_none()
                && let Ok(id) = OrganizationId::new(name)
            {
                to_list.push_back((root.clone(), Some(id)));
            } else if organization.is_none() && name == ROOT && to_list.len() < MAX_DEPTH {
                // The trail's prefix is called as the folder is.
                to_list.push_back((folder.clone(), None));
            }
        }
    }
    Ok(found)
}

async fn regions<L: ListObjects>(
    store: &L,
    bucket: &str,
    folder: AccountFolder,
    only: &[Region],
) -> Result<Vec<RegionFolder>, StoreError> {
    let region_folder = |region| RegionFolder {
        bucket: bucket.to_owned(),
        folder: folder.clone(),
        region,
    };
    if !only.is_empty() {
        return Ok(only.iter().cloned().map(region_folder).collect());
    }
    let digests = format!("{folder}CloudTrail-Digest/");
    let log_files = format!("{folder}CloudTrail/");
    let (of_digests, of_log_files) = future::join(
        list_folders(store, bucket, digests.clone()),
        list_folders(store, bucket, log_files.clone()),
    )
    .await;
    let mut found = BTreeSet::new();
    for (parent, folders) in [(&digests, of_digests?), (&log_files, of_log_files?)] {
        found.extend(folders.iter().filter_map(|folder| {
            let name = folder.strip_prefix(parent)?.strip_suffix('/')?;
            Region::new(name).ok()
        }));
    }
    Ok(found.into_iter().map(region_folder).collect())
}

/// The digests of an account and Region in the time asked for, and in [`MARGIN`] around it.
///
/// # Errors
/// [`StoreError`] when the folder cannot be listed.
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

/// Whether there is any log file of the time asked for.
///
/// # Errors
/// [`StoreError`] when the folder cannot be listed.
pub async fn holds_log_files<L: ListObjects>(
    store: &L,
    folder: &RegionFolder,
    wanted: &Wanted,
) -> Result<bool, StoreError> {
    let bucket = folder.bucket.as_str();
    let is_wanted = |key: &String| matches!(classify(key), ObjectKind::LogFile(file) if wanted.instant(file.time));
    for prefix in in_time(store, bucket, &folder.log_files(), wanted).await? {
        let mut next: Option<String> = None;
        for page_number in 0.. {
            if page_number == MAX_PAGES {
                return Err(too_many_pages(bucket, &prefix));
            }
            let page = store
                .list(bucket, &prefix, Depth::All, next.as_deref())
                .await?;
            if page.keys.iter().any(is_wanted) {
                return Ok(true);
            }
            next = page.next;
            if next.is_none() {
                break;
            }
        }
    }
    Ok(false)
}

/// The time in the name of the oldest log file of an account and Region, as far as their folders are in
/// the order of time. None where there is none.
///
/// # Errors
/// [`StoreError`] when the folder cannot be listed.
pub async fn oldest_log_file<L: ListObjects>(
    store: &L,
    folder: &RegionFolder,
) -> Result<Option<Timestamp>, StoreError> {
    let bucket = folder.bucket.as_str();
    for year in list_folders(store, bucket, folder.log_files()).await? {
        let page = store.list(bucket, &year, Depth::All, None).await?;
        let times = page.keys.iter().filter_map(|key| match classify(key) {
            ObjectKind::LogFile(file) => Some(file.time),
            _ => None,
        });
        if let Some(oldest) = times.min() {
            return Ok(Some(oldest));
        }
    }
    Ok(None)
}

/// The prefixes below `folder` that hold the date folders of the time asked for.
async fn in_time<L: ListObjects>(
    store: &L,
    bucket: &str,
    folder: &str,
    wanted: &Wanted,
) -> Result<Vec<String>, StoreError> {
    let months = wanted
        .from
        .and_then(|from| months(from, wanted.to.unwrap_or(Timestamp::MAX)));
    match months {
        Some(months) => Ok(months
            .into_iter()
            .map(|month| format!("{folder}{month}"))
            .collect()),
        None => list_folders(store, bucket, folder.to_owned()).await,
    }
}

/// The date folders that cover a stretch of time: `YYYY/MM/DD/` where few days of a month are
/// asked for, `YYYY/MM/` where more are. None where it is open, or longer than a hundred years.
fn months(from: Timestamp, to: Timestamp) -> Option<Vec<String>> {
    /// From so many days on, one listing of the month costs less.
    const MANY: i32 = 4;
    let day_of = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
    let (first, last) = (day_of(from), day_of(to));
    let mut folders = Vec::new();
    let mut day: Date = first;
    while day <= last {
        let end = day.last_of_month().min(last);
        let days = end.since(day).ok()?.get_days() + 1;
        if days < MANY {
            let mut each = day;
            while each <= end {
                folders.push(each.strftime("%Y/%m/%d/").to_string());
                each = each.tomorrow().ok()?;
            }
        } else {
            folders.push(day.strftime("%Y/%m/").to_string());
        }
        if folders.len() > 1200 {
            return None;
        }
        day = day.first_of_month().checked_add(1.month()).ok()?;
    }
    Some(folders)
}

async fn list_folders<L: ListObjects>(
    store: &L,
    bucket: &str,
    folder: String,
) -> Result<Vec<String>, StoreError> {
    let mut folders = Vec::new();
    pages(store, bucket, &folder, Depth::Folders, |page| {
        folders.extend(page.folders);
    })
    .await?;
    Ok(folders)
}

async fn pages<L: ListObjects>(
    store: &L,
    bucket: &str,
    prefix: &str,
    depth: Depth,
    mut take: impl FnMut(Page),
) -> Result<(), StoreError> {
    let mut next: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let mut page = store.list(bucket, prefix, depth, next.as_deref()).await?;
        next = page.next.take();
        take(page);
        if next.is_none() {
            return Ok(());
        }
    }
    Err(too_many_pages(bucket, prefix))
}

fn too_many_pages(bucket: &str, prefix: &str) -> StoreError {
    StoreError {
        action: "list all of",
        subject: format!("s3://{bucket}/{prefix}"),
        cause: Cause::Failed(format!("it has more than {MAX_PAGES} pages")),
    }
}

impl RegionFolder {
    /// Adds what could not be listed here to a report.
    pub fn cannot_list(&self, report: &mut Report, error: StoreError) {
        let at = ObjectLocation::new(self.bucket.clone(), self.digests());
        report.cannot_tell(error, &Scope::of_region_folder(self), &at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(from: &str, to: &str) -> Vec<String> {
        months(from.parse().unwrap(), to.parse().unwrap()).unwrap()
    }

    #[test]
    fn few_days_are_listed_by_the_day_and_many_by_the_month() {
        assert_eq!(
            folders("2026-01-15T23:00:00Z", "2026-01-16T01:00:00Z"),
            ["2026/01/15/", "2026/01/16/"]
        );
        assert_eq!(
            folders("2025-12-30T23:00:00Z", "2026-02-04T00:00:00Z"),
            ["2025/12/30/", "2025/12/31/", "2026/01/", "2026/02/"]
        );
        assert_eq!(
            folders("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
            ["2024/02/29/"]
        );
        assert_eq!(months(Timestamp::MIN, Timestamp::MAX), None);
    }
}
