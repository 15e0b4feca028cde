//! The files in a folder of log files whose time is due, in the order of their keys.

use super::span::Span;
use super::stretch::Stretch;
use crate::names::date_folder::{day_folder, is_date};
use crate::names::region_folder::RegionFolder;
use crate::world::{ListAfter, StoreError};
use jiff::{SignedDuration, Timestamp};

/// The length of `YYYY/MM/DD/`.
const DAY: usize = 11;

/// The time in the name of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamedTime {
    /// A time of the stretch.
    Due(Timestamp),
    /// A time that is yet to come: CloudTrail did not write it.
    Future,
    /// None: the name is not one of CloudTrail's, or the file is in no folder of a day. It is its
    /// turn.
    NotNamed,
}

/// How far a stretch was listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reached {
    /// The time up to which its files were listed.
    pub(super) to: Timestamp,
    /// Indicates whether everything was listed.
    pub(super) is_whole: bool,
}

/// The listing of a folder of log files.
#[derive(Debug)]
pub(super) struct LogFileListing<'a, L> {
    pub(super) store: &'a L,
    pub(super) folder: &'a RegionFolder,
    /// The folder of events.
    pub(super) events: &'a str,
    pub(super) span: Span,
    /// The number of further pages that may be listed.
    pub(super) pages: usize,
}

impl<L: ListAfter> LogFileListing<'_, L> {
    /// Lists the files of a stretch that was listed before.
    ///
    /// # Errors
    /// [`StoreError`] if the folder cannot be listed.
    pub(super) async fn again(
        &mut self,
        stretch: Stretch,
        mut take: impl FnMut(&str, Timestamp),
    ) -> Result<Reached, StoreError> {
        let taken = |key: &str, time: Option<Timestamp>| {
            if let Some(time) = time.filter(|time| stretch.holds(*time)) {
                take(key, time);
            }
        };
        let end = self.folder.log_files_from(self.events, stretch.to);
        self.list(stretch, &end, None, taken).await
    }

    /// Lists the files of a stretch that was not listed before, and those with future times in their
    /// names. Also lists the files with other names that sort between the two. In a stretch that
    /// includes the end of a day, these are all of that day, and those in no folder of a day.
    ///
    /// # Errors
    /// [`StoreError`] if the folder cannot be listed.
    pub(super) async fn first(
        &mut self,
        stretch: Stretch,
        mut take: impl FnMut(&str, NamedTime),
    ) -> Result<Reached, StoreError> {
        let below = self.folder.of_events(self.events);
        let start = self.folder.log_files_from(self.events, stretch.from);
        let end = self.folder.log_files_from(self.events, stretch.to);
        let (first, last) = (day_folder(stretch.from), day_folder(stretch.to));
        let today = day_folder(self.span.to);
        let is_turn = |key: &str| {
            let day = key.get(below.len()..).and_then(|rest| rest.get(..DAY));
            let day = day.filter(|day| day.strip_suffix('/').is_some_and(is_date));
            let is_of_later =
                day.is_some_and(|day| (last.as_str()..=today.as_str()).contains(&day));
            let is_between = *key >= *start && *key < *end;
            is_between || first != last && !is_of_later
        };
        let now = self.span.to;
        let mut taken = |key: &str, time: Option<Timestamp>| match time {
            Some(time) if time > now => take(key, NamedTime::Future),
            Some(time) if stretch.holds(time) => take(key, NamedTime::Due(time)),
            None if is_turn(key) => take(key, NamedTime::NotNamed),
            Some(_) | None => {}
        };
        // Their names may sort before those of CloudTrail.
        for day in days_that_end_in(stretch) {
            let start = self.folder.log_files_from(self.events, day);
            let folder = format!("{below}{}", day_folder(day));
            self.list_from(folder, &start, None, |key, time| {
                if *key < *start {
                    taken(key, time);
                }
            })
            .await?;
        }
        let later = self.folder.log_files_from(self.events, now);
        self.list(stretch, &end, Some(&later), taken).await
    }

    async fn list(
        &mut self,
        stretch: Stretch,
        end: &str,
        then_from: Option<&str>,
        mut take: impl FnMut(&str, Option<Timestamp>),
    ) -> Result<Reached, StoreError> {
        let start = self.folder.log_files_from(self.events, stretch.from);
        let mut newest = stretch.from;
        let is_past = self
            .list_from(start, end, then_from, |key, time| {
                newest = time.map_or(newest, |time| time.max(newest));
                take(key, time);
            })
            .await?;
        let (to, is_whole) = match is_past {
            Past::End => (stretch.to, true),
            Past::Stretch => (stretch.to, false),
            Past::Nothing => (newest.min(stretch.to), false),
        };
        Ok(Reached { to, is_whole })
    }

    /// Lists the files whose keys sort after `start`, at least up to `end`, and then those after
    /// `then_from`, if that is given.
    async fn list_from(
        &mut self,
        start: String,
        end: &str,
        then_from: Option<&str>,
        mut take: impl FnMut(&str, Option<Timestamp>),
    ) -> Result<Past, StoreError> {
        let below = self.folder.of_events(self.events);
        let mut after = start;
        let mut past = Past::Nothing;
        while self.pages > 0 {
            self.pages -= 1;
            let bucket = &self.folder.bucket;
            let page = self.store.list_after(bucket, &below, &after).await?;
            // The marker of a folder is not a file.
            for key in page.keys.iter().filter(|key| !key.ends_with('/')) {
                take(key, self.folder.time_of(self.events, key));
            }
            let Some(next) = page.next else {
                return Ok(Past::End);
            };
            after = next;
            if *after >= *end {
                let Some(then_from) = then_from else {
                    return Ok(Past::End);
                };
                past = Past::Stretch;
                if *after < *then_from {
                    after = then_from.to_owned();
                }
            }
        }
        Ok(past)
    }
}

/// How far a listing came before it ended.
enum Past {
    Nothing,
    Stretch,
    End,
}

/// Returns the start of each day that ends in a stretch.
fn days_that_end_in(stretch: Stretch) -> Vec<Timestamp> {
    const SECONDS: i64 = 24 * 60 * 60;
    let day = SignedDuration::from_secs(SECONDS);
    let start = stretch.from.as_second().div_euclid(SECONDS) * SECONDS;
    let mut days = Vec::new();
    let mut next = Timestamp::from_second(start).ok();
    while let Some(start) = next {
        next = start.checked_add(day).ok();
        match next {
            Some(end) if end <= stretch.to => days.push(start),
            _ => break,
        }
    }
    days
}
