//! Every file in the folders to which CloudTrail delivers log files, whatever its name.
//!
//! Management and data events go to the folder `CloudTrail` of an account. Insights events go to
//! `CloudTrail-Insight`, network activity events to `CloudTrail-NetworkActivity`, aggregated data
//! events to `CloudTrail-Aggregated`
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>).
//! Anybody who reads log files by a prefix, as Athena does, reads everything below it. Files
//! outside the date folders count, too.

use crate::bucket::listing::{MAX_PAGES, in_time, list_folders, pages, too_many_pages};
use crate::bucket::wanted::Wanted;
use crate::names::date_folder::is_date;
use crate::names::ids::Region;
use crate::names::object_key::{
    AccountFolder, DIGEST_FOLDER, LOG_FOLDER, ObjectKind, classify, log_file_in,
};
use crate::names::region_folder::RegionFolder;
use crate::world::{Cause, Depth, ListObjects, StoreError};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// The maximum number of folders of one account that are treated as CloudTrail's.
const MAX_FOLDERS_OF_EVENTS: usize = 100;

/// The maximum number of folders below one folder of events that are listed to find misplaced
/// files. A hundred years have 1,300 folders of years and months.
const MAX_LISTED: usize = 2000;

/// The levels below the folder of a Region: years, months, days.
const LEVELS: usize = 3;

/// Finds the log files of an account and Region in a folder of events and in the requested time, by
/// key and by the time in the name. Also finds every other file there, without a time. Reads page
/// by page, because there may be millions. With `later`, also finds files whose names contain a
/// time after that, at which they are yet to be delivered.
///
/// # Errors
/// [`StoreError`] if a folder cannot be listed, or if too many folders are not named by a date.
pub async fn log_files<L: ListObjects>(
    store: &L,
    folder: &RegionFolder,
    events: &str,
    wanted: &Wanted,
    later: bool,
    mut found: impl FnMut(String, Option<Timestamp>),
) -> Result<(), StoreError> {
    let bucket = folder.bucket.as_str();
    let is_later = |time: Timestamp| later && wanted.to.is_some_and(|to| time >= to);
    let below = folder.of_events(events);
    for prefix in in_time(store, bucket, &below, wanted).await? {
        pages(store, bucket, &prefix, Depth::All, |page| {
            for key in page.keys {
                let is_of_a_day = key
                    .strip_prefix(&below)
                    .and_then(|rest| rest.get(..11))
                    .is_some_and(|day| day.strip_suffix('/').is_some_and(is_date));
                // The marker of a folder is not a file.
                if !is_of_a_day || key.ends_with('/') {
                    continue;
                }
                match log_file_in(events, &key) {
                    Some(log_file) if wanted.instant(log_file.time) || is_later(log_file.time) => {
                        found(key, Some(log_file.time));
                    }
                    None if wanted.day_of(&key, &below) => found(key, None),
                    Some(_) | None => {}
                }
            }
        })
        .await?;
    }
    misplaced(store, bucket, &below, wanted, later, |key| found(key, None)).await
}

/// Finds the files below the folder of a Region that are not in a date folder. With `later`, the
/// folder of a future date does not count as a date folder.
async fn misplaced<L: ListObjects>(
    store: &L,
    bucket: &str,
    below: &str,
    wanted: &Wanted,
    later: bool,
    mut found: impl FnMut(String),
) -> Result<(), StoreError> {
    let mut listed = 0;
    let mut level = vec![below.to_owned()];
    for depth in 1..=LEVELS {
        let mut dates = Vec::new();
        for folder in level {
            bounded(&mut listed, bucket, below)?;
            let mut others = Vec::new();
            pages(store, bucket, &folder, Depth::Folders, |page| {
                page.keys
                    .into_iter()
                    .filter(|key| is_file(key))
                    .for_each(&mut found);
                for folder in page.folders {
                    match folder
                        .strip_prefix(below)
                        .and_then(|at| at.strip_suffix('/'))
                    {
                        Some(date) if is_date(date) && wanted.touches(date) => dates.push(folder),
                        Some(date) if is_date(date) && !(later && wanted.is_after(date)) => {}
                        _ => others.push(folder),
                    }
                }
            })
            .await?;
            for folder in others {
                bounded(&mut listed, bucket, below)?;
                everything(store, bucket, &folder, &mut found).await?;
            }
        }
        // The files in the folders of days are listed with the log files.
        level = if depth < LEVELS { dates } else { Vec::new() };
    }
    Ok(())
}

async fn everything<L: ListObjects>(
    store: &L,
    bucket: &str,
    folder: &str,
    found: &mut impl FnMut(String),
) -> Result<(), StoreError> {
    pages(store, bucket, folder, Depth::All, |page| {
        page.keys
            .into_iter()
            .filter(|key| is_file(key))
            .for_each(&mut *found);
    })
    .await
}

/// Returns whether a key is not the marker of a folder.
fn is_file(key: &str) -> bool {
    !key.ends_with('/')
}

fn bounded(listed: &mut usize, bucket: &str, below: &str) -> Result<(), StoreError> {
    *listed += 1;
    if *listed <= MAX_LISTED {
        return Ok(());
    }
    Err(StoreError {
        action: "look for log files in all of",
        subject: format!("s3://{bucket}/{below}"),
        cause: Cause::Failed(format!("it has more than {MAX_LISTED} folders")),
    })
}

/// Returns the folders of an account to which CloudTrail delivers log files, without `CloudTrail`:
/// the documented ones, and any other whose name starts the same way.
///
/// # Errors
/// [`StoreError`] if the account's folder cannot be listed, or if there are too many.
pub async fn other_folders<L: ListObjects>(
    store: &L,
    bucket: &str,
    account: &AccountFolder,
) -> Result<Vec<String>, StoreError> {
    let below = account.to_string();
    let mut names: Vec<String> = list_folders(store, bucket, below.clone())
        .await?
        .iter()
        .filter_map(|folder| folder.strip_prefix(&below)?.strip_suffix('/'))
        .filter(|name| {
            name.get(..LOG_FOLDER.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(LOG_FOLDER))
        })
        .filter(|name| ![LOG_FOLDER, DIGEST_FOLDER].contains(name))
        .map(str::to_owned)
        .collect();
    names.sort();
    if names.len() > MAX_FOLDERS_OF_EVENTS {
        return Err(StoreError {
            action: "look for log files in all of",
            subject: format!("s3://{bucket}/{below}"),
            cause: Cause::Failed(format!(
                "it has more than {MAX_FOLDERS_OF_EVENTS} folders whose names begin with {LOG_FOLDER}"
            )),
        });
    }
    Ok(names)
}

/// Finds the files in a folder of events of an account that are not in the folders of these
/// Regions, if they belong to the requested time.
///
/// # Errors
/// [`StoreError`] if a folder cannot be listed, or if there are too many.
pub async fn outside_regions<L: ListObjects>(
    store: &L,
    bucket: &str,
    account: &AccountFolder,
    events: &str,
    regions: &BTreeSet<Region>,
    wanted: &Wanted,
    mut found: impl FnMut(String),
) -> Result<(), StoreError> {
    let below = format!("{account}{events}/");
    let mut others = Vec::new();
    pages(store, bucket, &below, Depth::Folders, |page| {
        page.keys
            .into_iter()
            .filter(|key| is_file(key))
            .for_each(&mut found);
        others.extend(page.folders);
    })
    .await?;
    let mut listed = 0;
    for folder in others {
        let name = folder
            .strip_prefix(&below)
            .and_then(|at| at.strip_suffix('/'));
        let region = name.and_then(|name| Region::new(name).ok());
        if region
            .as_ref()
            .is_some_and(|region| regions.contains(region))
        {
            continue;
        }
        bounded(&mut listed, bucket, &below)?;
        match region {
            Some(region) => {
                let folder = RegionFolder {
                    bucket: bucket.to_owned(),
                    folder: account.clone(),
                    region,
                };
                log_files(store, &folder, events, wanted, false, |key, _| found(key)).await?;
            }
            None => everything(store, bucket, &folder, &mut found).await?,
        }
    }
    Ok(())
}

/// Returns whether there is any log file of the requested time.
///
/// # Errors
/// [`StoreError`] if the folder cannot be listed.
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

/// Returns the time in the name of the oldest log file of an account and Region, as far as their
/// folders are in the order of time. Returns `None` if there is no log file.
///
/// # Errors
/// [`StoreError`] if the folder cannot be listed.
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
