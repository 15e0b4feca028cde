//! Where an append looks for documents, and for which time.
//!
//! The key of a receipt starts with the day of its digest, not with the day on which it was written.
//! Most receipts are written within hours. Later ones are about a backfill digest, or about the
//! past that is verified again. An append therefore looks at the folders of the last days each time,
//! and at some of the others in turn.

use super::entry::LoggedFolder;
use crate::names::date_folder::date_folder;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// The folder of receipts.
pub(super) const RECEIPTS: &str = "receipts/";

/// The folders that are always looked at: of incidents and of acknowledgments.
const ALWAYS: [&str; 2] = ["incidents/", "acknowledgments/"];

/// The number of days before today whose folders are always looked at.
const RECENT_DAYS: i8 = 2;

/// The number of folders of earlier days that an append looks at.
pub(super) const EARLIER_FOLDERS: usize = 4;

/// The time for which an earlier folder that was looked at waits at least.
const EARLIER_AGAIN: SignedDuration = SignedDuration::from_hours(12);

/// The folders that an append looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FolderSelection {
    /// The folders, with the times of the documents.
    pub(super) folders: Vec<LoggedFolder>,
    /// How many folders no append has looked at yet, besides these.
    pub(super) waiting: usize,
}

/// Returns the folder of the receipts of digests that end on a day.
pub(super) fn folder_of(day: Date) -> String {
    format!("{RECEIPTS}{}", date_folder(day))
}

/// Returns the first of the days whose folders are always looked at.
pub(super) fn first_recent_day(now: Timestamp) -> Date {
    let today = now.to_zoned(TimeZone::UTC).date();
    today.saturating_sub(jiff::Span::new().days(RECENT_DAYS))
}

/// Selects folders. `days` are those that have receipts, and `done` gives for each folder the time
/// up to which its documents are in the log. Documents must be older than `margin`.
pub(super) fn select(
    days: &[Date],
    done: &BTreeMap<String, Timestamp>,
    now: Timestamp,
    margin: SignedDuration,
) -> FolderSelection {
    let until = now.checked_sub(margin).unwrap_or(now);
    let today = now.to_zoned(TimeZone::UTC).date();
    let first_recent = first_recent_day(now);
    let is_recent = |day: &Date| *day >= first_recent && *day <= today;
    let recent = days.iter().filter(|day| is_recent(day)).copied();
    let earlier = days.iter().filter(|day| !is_recent(day)).copied();
    let is_due = |folder: &String| match done.get(folder) {
        None => true,
        Some(done) => until.duration_since(*done) >= EARLIER_AGAIN,
    };
    let mut earlier: Vec<String> = earlier.map(folder_of).filter(is_due).collect();
    earlier.sort_by_key(|folder| (done.get(folder).copied(), folder.clone()));
    let new = earlier.iter().filter(|folder| !done.contains_key(*folder));
    let waiting = new.count().saturating_sub(EARLIER_FOLDERS);
    earlier.truncate(EARLIER_FOLDERS);
    let always = ALWAYS.map(str::to_owned).into_iter();
    let folders = always.chain(recent.map(folder_of)).chain(earlier);
    let window = |folder: String| {
        let after = done.get(&folder).copied();
        let is_new = after.is_none_or(|after| after < until);
        is_new.then_some(LoggedFolder {
            folder,
            after,
            until,
        })
    };
    FolderSelection {
        folders: folders.filter_map(window).collect(),
        waiting,
    }
}
