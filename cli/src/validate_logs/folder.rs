//! The digests of one account, Region and trail: their place, and the list of those that exist.

use super::time::{HOUR, ValidatedRange, after};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use trailseal::bucket::listing::date_prefixes;
use trailseal::names::ids::OrganizationId;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{
    AccountFolder, Chain, DigestKey, DigestSeries, ObjectKind, classify,
};
use trailseal::world::{Cause, Depth, ListObjects, StoreError};

/// Months are listed whole, regardless of how few of their days are in the range.
const BY_THE_MONTH: i32 = 1;
/// The number of months that are listed at a time.
const MONTHS_AT_A_TIME: usize = 8;
/// The number of months above which the whole folder is listed.
const MAX_MONTHS: usize = 120;
/// The maximum number of digests of one run: a century of hours. Anybody who can write to the
/// bucket can add keys.
const MAX_DIGESTS: usize = 1_000_000;
/// The time after the range in which the digest is searched for that names the last one in the
/// range.
const SUCCESSOR_WITHIN: SignedDuration = SignedDuration::from_hours(24);
/// The maximum number of organizations that are searched for in a bucket.
const MAX_ORGANIZATIONS: usize = 20;

/// The end times of the digests that a bucket lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DigestListing {
    hourly: BTreeSet<Timestamp>,
    backfill: BTreeSet<Timestamp>,
    /// The first hourly digest after the range, which names the last one in it.
    pub(super) successor: Option<Timestamp>,
}

impl DigestListing {
    /// Returns the end times for one series.
    pub(super) fn of(self, series: DigestSeries) -> BTreeSet<Timestamp> {
        match series {
            DigestSeries::Hourly => self.hourly,
            DigestSeries::Backfill => self.backfill,
        }
    }

    /// Returns whether there is no digest at all.
    pub(super) fn is_empty(&self) -> bool {
        self.hourly.is_empty() && self.backfill.is_empty() && self.successor.is_none()
    }

    fn add(&mut self, series: DigestSeries, time: Timestamp, last: Timestamp) {
        match series {
            DigestSeries::Hourly if time <= last => {
                self.hourly.insert(time);
            }
            DigestSeries::Backfill if time <= last => {
                self.backfill.insert(time);
            }
            DigestSeries::Hourly => {
                let earlier = self.successor.is_none_or(|successor| time < successor);
                if earlier {
                    self.successor = Some(time);
                }
            }
            DigestSeries::Backfill => {}
        }
    }
}

/// Returns the latest end of a digest that is about a range: a digest that ends an hour after the
/// range lists log files of its last hour.
pub(super) fn last_end(range: ValidatedRange) -> Timestamp {
    after(range.end, HOUR)
}

/// Lists the digests of a chain in a bucket that are about the range.
///
/// # Errors
/// [`StoreError`], if the bucket cannot be listed, or lists more digests than possible.
pub(super) async fn list<L: ListObjects>(
    store: &L,
    bucket: &str,
    chain: &Chain,
    range: ValidatedRange,
) -> Result<DigestListing, StoreError> {
    let last = last_end(range);
    let beyond = after(last, SUCCESSOR_WITHIN);
    let wanted = |key: &str| match classify(key) {
        // Names have whole seconds: the start of the range counts only to the second.
        ObjectKind::Digest(key)
            if key.chain == *chain
                && range.start.as_second() <= key.end_time.as_second()
                && key.end_time <= beyond =>
        {
            Some((key.series, key.end_time))
        }
        _ => None,
    };
    stream::iter(months(chain.region_prefix(), range.start, beyond))
        .map(|prefix| async move {
            let mut found = Vec::new();
            let mut next = None;
            loop {
                let page = store
                    .list(bucket, &prefix, Depth::All, next.as_deref())
                    .await?;
                found.extend(page.keys.iter().filter_map(|key| wanted(key)));
                if found.len() > MAX_DIGESTS {
                    return Err(StoreError {
                        action: "list",
                        subject: format!("s3://{bucket}/{prefix}"),
                        cause: Cause::Failed(format!("it holds more than {MAX_DIGESTS} digests")),
                    });
                }
                next = page.next;
                if next.is_none() {
                    return Ok(found);
                }
            }
        })
        .buffered(MONTHS_AT_A_TIME)
        .try_fold(DigestListing::default(), |mut listing, found| async move {
            for (series, time) in found {
                listing.add(series, time, last);
            }
            Ok(listing)
        })
        .await
}

/// Returns the folders of the months that a range touches, or all of `folder` if they are too many.
fn months(folder: String, start: Timestamp, end: Timestamp) -> Vec<String> {
    date_prefixes(&folder, start, end, BY_THE_MONTH)
        .filter(|months| months.len() <= MAX_MONTHS)
        .unwrap_or_else(|| vec![folder])
}

/// Returns the place of a chain's digest that ends at a time.
pub(super) fn digest_at(
    bucket: &str,
    chain: &Chain,
    series: DigestSeries,
    end: Timestamp,
) -> ObjectLocation {
    ObjectLocation::new(
        bucket,
        DigestKey::of(chain.clone(), series, end).to_string(),
    )
}

/// Returns the organizations that have their own folder below a prefix.
///
/// # Errors
/// [`StoreError`], if the bucket cannot be listed.
pub(super) async fn organizations<L: ListObjects>(
    store: &L,
    bucket: &str,
    prefix: Option<&str>,
) -> Result<Vec<OrganizationId>, StoreError> {
    let folder = AccountFolder::above(prefix, None);
    let mut organizations = Vec::new();
    let mut next = None;
    loop {
        let page = store
            .list(bucket, &folder, Depth::Folders, next.as_deref())
            .await?;
        let names = page.folders.iter().filter_map(|name| {
            let name = name.strip_prefix(&folder)?.strip_suffix('/')?;
            OrganizationId::new(name).ok()
        });
        organizations.extend(names);
        next = page.next;
        if next.is_none() || organizations.len() >= MAX_ORGANIZATIONS {
            organizations.truncate(MAX_ORGANIZATIONS);
            return Ok(organizations);
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_range_names_its_months() {
        let months = |start: &str, end: &str| {
            super::months(
                "f/".to_owned(),
                start.parse().unwrap(),
                end.parse().unwrap(),
            )
        };
        assert_eq!(
            months("2025-12-31T23:59:59Z", "2026-02-01T00:00:00Z"),
            ["f/2025/12/", "f/2026/01/", "f/2026/02/"]
        );
        assert_eq!(
            months("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            ["f/2026/01/"]
        );
        let ten_years = months("2016-01-01T00:00:00Z", "2025-12-31T00:00:00Z");
        assert_eq!(ten_years.len(), 120);
        assert_eq!(
            months("2016-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            ["f/"]
        );
        assert_eq!(
            months("0001-01-01T00:00:00Z", "9999-12-30T00:00:00Z"),
            ["f/"]
        );
    }
}
