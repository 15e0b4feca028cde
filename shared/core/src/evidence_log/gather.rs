//! The folders of the evidence bucket that have receipts, and the documents of a folder that are
//! new.

use super::entry::LoggedFolder;
use super::folders::{RECEIPTS, folder_of};
use crate::world::{Cause, ListStored, StoreError, StoredDocument};
use jiff::Timestamp;
use jiff::civil::Date;

/// The maximum number of days with receipts. Anybody who can write a digest to a log bucket chooses
/// the day of its receipt.
const MAX_DAYS: usize = 5_000;

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

/// Returns the days that have receipts of digests, in order. Ignores other folders.
///
/// # Errors
/// [`StoreError`]: a listing failed, or there are too many days.
pub(super) async fn days<E: ListStored>(evidence: &E) -> Result<Vec<Date>, StoreError> {
    let mut days = Vec::new();
    for year in folders(evidence, RECEIPTS, 4).await? {
        for month in folders(evidence, &year, 2).await? {
            for day in folders(evidence, &month, 2).await? {
                if let Some(date) = date_of(&day) {
                    days.push(date);
                }
                if days.len() > MAX_DAYS {
                    let why = format!("there are receipts of more than {MAX_DAYS} days");
                    return Err(failed(RECEIPTS, Cause::TooLarge(why)));
                }
            }
        }
    }
    Ok(days)
}

/// Returns the folders below a prefix whose names have this number of digits.
async fn folders<E: ListStored>(
    evidence: &E,
    prefix: &str,
    digits: usize,
) -> Result<Vec<String>, StoreError> {
    let (mut folders, more) = evidence.list_folders(prefix).await?;
    if more {
        let why = "it has more folders than a page of a listing".to_owned();
        return Err(failed(prefix, Cause::TooLarge(why)));
    }
    folders.retain(|folder| {
        let name = folder.strip_prefix(prefix);
        let name = name.and_then(|name| name.strip_suffix('/'));
        name.is_some_and(|name| {
            name.len() == digits && name.bytes().all(|byte| byte.is_ascii_digit())
        })
    });
    Ok(folders)
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
