//! Every file in the folders to which CloudTrail delivers log files, whatever it is named.
//!
//! Management and data events go to the folder `CloudTrail` of an account. Insights events go to
//! `CloudTrail-Insight`, network activity events to `CloudTrail-NetworkActivity`, aggregated data
//! events to `CloudTrail-Aggregated`
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>).
//! Whoever reads log files by a prefix (Athena does) reads everything below it, so files outside of
//! the date folders count, too.

use super::{in_time, list_folders, pages};
use crate::bucket::wanted::Wanted;
use crate::names::ids::{AccountId, OrganizationId, Region};
use crate::names::object_key::{AccountFolder, LOG_FOLDER, log_file_in};
use crate::names::region_folder::RegionFolder;
use crate::world::{Cause, Depth, ListObjects, StoreError};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// The folder of digest files, whose objects are not log files.
const DIGEST_FOLDER: &str = "CloudTrail-Digest";

/// The most folders of one account that are taken for CloudTrail's.
const MAX_FOLDERS_OF_EVENTS: usize = 100;

/// The most folders below one folder of events that are listed in search of misplaced files. A
/// hundred years have 1,300 folders of years and months.
const MAX_LISTED: usize = 2000;

/// Below the folder of a Region: years, months, days.
const LEVELS: usize = 3;

impl RegionFolder {
    /// The folder of a Region in a folder of events, such as `CloudTrail-Insight`.
    #[must_use]
    pub fn of_events(&self, events: &str) -> String {
        format!("{}{events}/{}/", self.folder, self.region)
    }
}

/// The log files of an account and Region in a folder of events and in the time asked for, by key
/// and by the time in the name, and whatever else lies there, which has no time: page by page,
/// since there may be millions. With `ahead`, also those whose names say that they are yet to be
/// delivered, after that time.
///
/// # Errors
/// [`StoreError`] when a folder cannot be listed, or when there are too many that are named like no
/// date.
pub async fn log_files<L: ListObjects>(
    store: &L,
    folder: &RegionFolder,
    events: &str,
    wanted: &Wanted,
    ahead: bool,
    mut found: impl FnMut(String, Option<Timestamp>),
) -> Result<(), StoreError> {
    let bucket = folder.bucket.as_str();
    let is_ahead = |time: Timestamp| ahead && wanted.to.is_some_and(|to| time >= to);
    let below = folder.of_events(events);
    for prefix in in_time(store, bucket, &below, wanted).await? {
        pages(store, bucket, &prefix, Depth::All, |page| {
            for key in page.keys {
                let is_of_a_day = key
                    .strip_prefix(&below)
                    .and_then(|rest| rest.get(..11))
                    .is_some_and(|day| day.strip_suffix('/').is_some_and(is_date));
                // A folder's marker is nobody's file.
                if !is_of_a_day || key.ends_with('/') {
                    continue;
                }
                match log_file_in(events, &key) {
                    Some(log_file) if wanted.instant(log_file.time) || is_ahead(log_file.time) => {
                        found(key, Some(log_file.time));
                    }
                    None if wanted.day_of(&key, &below) => found(key, None),
                    Some(_) | None => {}
                }
            }
        })
        .await?;
    }
    misplaced(store, bucket, &below, wanted, ahead, |key| found(key, None)).await
}

/// The files below the folder of a Region that are in no date folder. With `ahead`, a date that is yet
/// to come is none.
async fn misplaced<L: ListObjects>(
    store: &L,
    bucket: &str,
    below: &str,
    wanted: &Wanted,
    ahead: bool,
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
                        Some(date) if is_date(date) && !(ahead && wanted.is_before(date)) => {}
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
        // What lies in the folders of days is listed with the log files.
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

/// Whether a key is not the marker of a folder.
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

/// Whether a text is the date `YYYY`, `YYYY/MM` or `YYYY/MM/DD`. Nobody delivers to a folder of the 31st of
/// a month that has 30 days.
fn is_date(text: &str) -> bool {
    const FORM: &[u8] = b"0000/00/00";
    let is_formed = matches!(text.len(), 4 | 7 | 10)
        && text.bytes().zip(FORM).all(|(byte, form)| match form {
            b'/' => byte == b'/',
            _ => byte.is_ascii_digit(),
        });
    let mut parts = text.split('/');
    let year = parts.next().and_then(|year| year.parse().ok());
    let mut next = || parts.next().map_or(Some(1), |part| part.parse().ok());
    let (month, day) = (next(), next());
    is_formed
        && match (year, month, day) {
            (Some(year), Some(month), Some(day)) => Date::new(year, month, day).is_ok(),
            _ => false,
        }
}

impl Wanted {
    /// Whether any of a year, month or day was asked for: `YYYY`, `YYYY/MM` or `YYYY/MM/DD`.
    fn touches(&self, date: &str) -> bool {
        let named = |time: Timestamp| {
            let mut day = time.strftime("%Y/%m/%d").to_string();
            day.truncate(date.len());
            day
        };
        self.from.is_none_or(|from| *date >= *named(from))
            && self.to.is_none_or(|to| *date <= *named(to))
    }
}

impl Wanted {
    /// Whether a year, month or day is after the time asked for.
    fn is_before(&self, date: &str) -> bool {
        self.to.is_some_and(|to| {
            let mut day = to.strftime("%Y/%m/%d").to_string();
            day.truncate(date.len());
            *date > *day
        })
    }
}

/// The folders of an account to which CloudTrail delivers log files, `CloudTrail` left out: those
/// that AWS documents, and any other whose name begins as theirs do.
///
/// # Errors
/// [`StoreError`] when the account's folder cannot be listed, or when there are too many.
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
                .is_some_and(|begin| begin.eq_ignore_ascii_case(LOG_FOLDER))
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

/// The files in a folder of events of an account that are not in the folders of these Regions, as
/// far as they are of the time asked for.
///
/// # Errors
/// [`StoreError`] when a folder cannot be listed, or when there are too many.
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

/// The account folders beside an account: those of its organization, where it has one, below the
/// same prefix.
///
/// # Errors
/// [`StoreError`] when the folder cannot be listed.
pub async fn accounts_beside<L: ListObjects>(
    store: &L,
    bucket: &str,
    prefix: Option<&str>,
    organization: Option<&OrganizationId>,
    wanted: &Wanted,
) -> Result<Vec<AccountFolder>, StoreError> {
    let mut below = prefix.map_or_else(String::new, |prefix| format!("{prefix}/"));
    below.push_str("AWSLogs/");
    if let Some(organization) = organization {
        below.push_str(organization.as_str());
        below.push('/');
    }
    let folders = list_folders(store, bucket, below.clone()).await?;
    let account = |folder: &String| {
        let name = folder.strip_prefix(&below)?.strip_suffix('/')?;
        AccountId::new(name).ok()
    };
    Ok(folders
        .iter()
        .filter_map(account)
        .filter(|account| wanted.account(account))
        .map(|account| AccountFolder {
            prefix: prefix.map(str::to_owned),
            organization: organization.cloned(),
            account,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_told_from_other_folders() {
        for date in ["2026", "2026/01", "2026/01/15"] {
            assert!(is_date(date), "{date}");
        }
        for other in [
            "",
            "x",
            "202",
            "20260",
            "2026-01",
            "2026/x1",
            "2026/01/1",
            "2026/01/155",
            "２０２６",
            "2026/00",
            "2026/13",
            "2026/09/00",
            "2026/09/31",
        ] {
            assert!(!is_date(other), "{other}");
        }
    }

    #[test]
    fn a_year_or_month_is_asked_for_where_a_part_of_it_is() {
        let wanted = Wanted {
            from: Some("2025-12-31T23:00:00Z".parse().unwrap()),
            to: Some("2026-01-15T12:00:00Z".parse().unwrap()),
            ..Wanted::default()
        };
        for (date, touches) in [
            ("2024", false),
            ("2025", true),
            ("2026", true),
            ("2027", false),
            ("2025/11", false),
            ("2025/12", true),
            ("2026/01", true),
            ("2026/02", false),
            ("2026/01/15", true),
            ("2026/01/16", false),
        ] {
            assert_eq!(wanted.touches(date), touches, "{date}");
        }
        assert!(Wanted::default().touches("1999"));
    }
}
