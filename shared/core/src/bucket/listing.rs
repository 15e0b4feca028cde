//! Lists the contents of a bucket, within limits: folders by a delimiter, and only those date
//! folders that belong to the requested time.

use crate::bucket::wanted::Wanted;
use crate::names::date_folder::{date_folder, month_folder};
use crate::world::{Cause, Depth, ListObjects, Page, StoreError};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// The maximum number of pages of one listing: ten million objects.
pub(super) const MAX_PAGES: usize = 10_000;

/// The number of concurrent listings of one walk. The store limits them further.
pub(super) const PARALLEL: usize = 32;

/// From this many days of a month on, one listing of the month's digests costs less than one for
/// each day.
const MANY_DAYS: i32 = 4;

/// The maximum number of date folders of one range of time: a hundred years of months.
const MAX_DATE_FOLDERS: usize = 1200;

/// Returns the prefixes below `folder` that hold the date folders of the requested time.
///
/// # Errors
/// [`StoreError`] if all date folders are requested, and cannot be listed.
pub(super) async fn in_time<L: ListObjects>(
    store: &L,
    bucket: &str,
    folder: &str,
    wanted: &Wanted,
) -> Result<Vec<String>, StoreError> {
    let prefixes = wanted.from.and_then(|from| {
        date_prefixes(folder, from, wanted.to.unwrap_or(Timestamp::MAX), MANY_DAYS)
    });
    match prefixes {
        Some(prefixes) => Ok(prefixes),
        None => list_folders(store, bucket, folder.to_owned()).await,
    }
}

/// Returns the date folders below `folder` that cover a range of time: `YYYY/MM/DD/` for a month of
/// which fewer than `many` days are requested, otherwise `YYYY/MM/`. Returns `None` if the range is
/// longer than a hundred years.
#[must_use]
pub fn date_prefixes(
    folder: &str,
    from: Timestamp,
    to: Timestamp,
    many: i32,
) -> Option<Vec<String>> {
    let day_of = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
    let (first, last) = (day_of(from), day_of(to));
    let mut prefixes = Vec::new();
    let mut day: Date = first;
    while day <= last {
        let end = day.last_of_month().min(last);
        let days = end.since(day).ok()?.get_days() + 1;
        if days < many {
            let mut each = day;
            while each <= end {
                prefixes.push(format!("{folder}{}", date_folder(each)));
                each = each.tomorrow().ok()?;
            }
        } else {
            prefixes.push(format!("{folder}{}", month_folder(day)));
        }
        if prefixes.len() > MAX_DATE_FOLDERS {
            return None;
        }
        day = day.first_of_month().checked_add(1.month()).ok()?;
    }
    Some(prefixes)
}

/// Returns the folders directly below `folder`.
///
/// # Errors
/// [`StoreError`] if it cannot be listed, or has too many.
pub(super) async fn list_folders<L: ListObjects>(
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

/// Passes the pages of a listing to `take`.
///
/// # Errors
/// [`StoreError`] if it cannot be listed, or has too many.
pub(super) async fn pages<L: ListObjects>(
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

/// Returns the error of a listing that has more than [`MAX_PAGES`] pages.
pub(super) fn too_many_pages(bucket: &str, prefix: &str) -> StoreError {
    StoreError {
        action: "list all of",
        subject: format!("s3://{bucket}/{prefix}"),
        cause: Cause::Failed(format!("it has more than {MAX_PAGES} pages")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(from: &str, to: &str) -> Vec<String> {
        date_prefixes("", from.parse().unwrap(), to.parse().unwrap(), MANY_DAYS).unwrap()
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
        assert_eq!(
            date_prefixes("", Timestamp::MIN, Timestamp::MAX, MANY_DAYS),
            None
        );
    }
}
