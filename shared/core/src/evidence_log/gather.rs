//! The folders of the evidence bucket that have receipts, and the documents of a folder that are
//! new.

use super::entry::LoggedFolder;
use super::folders::{RECEIPTS, folder_of};
use crate::world::{Cause, ListStored, StoreError, StoredDocument};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The first year of which there can be digests: CloudTrail started in November 2013.
/// <https://aws.amazon.com/about-aws/whats-new/2013/11/13/announcing-aws-cloudtrail/>
const FIRST_YEAR: i16 = 2013;

/// The days that have receipts.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct ReceiptDays {
    /// The days, the newest year first.
    pub(super) days: Vec<Date>,
    /// What is left out, and why.
    pub(super) left_out: Vec<String>,
}

/// The maximum number of pages of a folder: a thousand documents each.
const MAX_PAGES: usize = 2_000;

/// The documents of a folder that are new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewDocuments {
    /// The documents, the oldest first.
    pub(super) documents: Vec<StoredDocument>,
    /// The time up to which they are complete.
    pub(super) until: Timestamp,
}

/// Returns the days that have receipts of digests, from the first year of CloudTrail until the year
/// of `now`. Anybody who can write an object to a log bucket chooses the day of its receipt: years of
/// which there are no digests are left out, so that the number of days is bounded.
///
/// # Errors
/// [`StoreError`]: a listing failed.
pub(super) async fn days<E: ListStored>(
    evidence: &E,
    now: Timestamp,
) -> Result<ReceiptDays, StoreError> {
    let last = now.to_zoned(TimeZone::UTC).date().year();
    let mut found = ReceiptDays::default();
    let (years, more) = folders(evidence, RECEIPTS, 4).await?;
    let is_real = |folder: &String| {
        let year = folder
            .strip_prefix(RECEIPTS)
            .map(|name| name.trim_end_matches('/'));
        let year = year.and_then(|year| year.parse::<i16>().ok());
        year.is_some_and(|year| (FIRST_YEAR..=last).contains(&year))
    };
    let others = years.iter().filter(|year| !is_real(year)).count();
    if others > 0 || more {
        let at_least = if more { "at least " } else { "" };
        found.left_out.push(format!(
            "{RECEIPTS}: {at_least}{others} years of which there are no digests"
        ));
    }
    // By name, and not from the listing: others cannot displace them.
    for year in (FIRST_YEAR..=last).rev() {
        let (months, _) = folders(evidence, &format!("{RECEIPTS}{year}/"), 2).await?;
        for month in months {
            let (days, _) = folders(evidence, &month, 2).await?;
            found
                .days
                .extend(days.iter().filter_map(|day| date_of(day)));
        }
    }
    Ok(found)
}

/// Returns the folders below a prefix whose names have this number of digits, and whether there are
/// more than a page of a listing. Folders of two digits fit into a page.
async fn folders<E: ListStored>(
    evidence: &E,
    prefix: &str,
    digits: usize,
) -> Result<(Vec<String>, bool), StoreError> {
    let (mut folders, more) = evidence.list_folders(prefix).await?;
    folders.retain(|folder| {
        let name = folder.strip_prefix(prefix);
        let name = name.and_then(|name| name.strip_suffix('/'));
        name.is_some_and(|name| {
            name.len() == digits && name.bytes().all(|byte| byte.is_ascii_digit())
        })
    });
    Ok((folders, more))
}

fn date_of(folder: &str) -> Option<Date> {
    let name = folder.strip_prefix(RECEIPTS)?.strip_suffix('/')?;
    let date: Date = name.replace('/', "-").parse().ok()?;
    (folder_of(date) == folder).then_some(date)
}

fn failed(subject: &str, cause: Cause) -> StoreError {
    StoreError {
        action: "list",
        subject: subject.to_owned(),
        cause,
    }
}

/// Returns the new documents of a folder, at most `room` of them, unless more were stored within
/// the same second.
///
/// # Errors
/// [`StoreError`]: a listing failed, or the folder is too large.
pub(super) async fn new_documents<E: ListStored>(
    evidence: &E,
    folder: &LoggedFolder,
    room: usize,
) -> Result<NewDocuments, StoreError> {
    let mut documents = Vec::new();
    let mut until = folder.until;
    let mut after = None;
    for _ in 0..MAX_PAGES {
        let page = evidence
            .list_stored(&folder.folder, after.as_deref())
            .await?;
        after = page.documents.last().map(|last| last.key.clone());
        documents.extend(page.documents.into_iter().filter(|document| {
            let at = document.last_modified;
            folder.after.is_none_or(|after| at > after) && at <= until
        }));
        if documents.len() > room.saturating_mul(2).max(2_000) {
            until = shorten(&mut documents, until, room);
        }
        if !page.more || after.is_none() {
            until = shorten(&mut documents, until, room);
            return Ok(NewDocuments { documents, until });
        }
    }
    let why = format!("it has more than {MAX_PAGES} pages of documents");
    Err(failed(&folder.folder, Cause::TooLarge(why)))
}

/// Keeps the oldest documents, at most `room`, and all of a second. Returns the time up to which
/// they are complete, at most `until`.
fn shorten(documents: &mut Vec<StoredDocument>, until: Timestamp, room: usize) -> Timestamp {
    documents.sort_by(|a, b| (a.last_modified, &a.key).cmp(&(b.last_modified, &b.key)));
    let Some(first_left) = documents.get(room) else {
        return until;
    };
    // Everything before the second of the first document that has no room. If that is nothing,
    // everything of that second.
    let boundary = first_left.last_modified;
    let fits = documents.partition_point(|document| document.last_modified < boundary);
    let keep = if fits > 0 {
        fits
    } else {
        documents.partition_point(|document| document.last_modified <= boundary)
    };
    documents.truncate(keep);
    documents.last().map_or(until, |last| last.last_modified)
}
