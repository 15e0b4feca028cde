//! The files in a folder of log files whose time is due, in the order of their keys.

use super::span::Span;
use super::stretch::{Stretch, minute_of};
use crate::names::date_folder::day_folder;
use crate::names::region_folder::RegionFolder;
use crate::world::{ListAfter, StoreError};
use jiff::{SignedDuration, Timestamp};

/// The maximum number of pages of a folder that a round lists for what no round has compared, and
/// also for what earlier rounds could not compare: fifty thousand files.
pub(super) const MAX_PAGES: usize = 50;

/// The part of the pages that files with the same minute in their names may take, at least two: a
/// fifth.
const OF_A_MINUTE: usize = 5;

/// The maximum number of minutes without files that a listing skips: two days.
const MAX_MINUTES: usize = 2 * 24 * 60;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reached {
    /// The time up to which its files were listed.
    pub(super) to: Timestamp,
    /// The minutes before that with so many files that some were not listed.
    pub(super) skipped: Vec<Stretch>,
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
    /// The number of further pages that may be listed of what was listed before.
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
            let day = self.folder.day_of(self.events, key);
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
        self.pages = MAX_PAGES;
        let mut is_whole = true;
        for day in days_that_end_in(stretch) {
            let start = self.folder.log_files_from(self.events, day);
            let folder = format!("{below}{}", day_folder(day));
            let listing = self.list_from(day, folder, &start, None, |key, time| {
                if *key < *start {
                    taken(key, time);
                }
            });
            let listed = listing.await?;
            is_whole &= listed.past == Past::End && listed.skipped.is_empty();
        }
        self.pages = MAX_PAGES;
        let later = self.folder.log_files_from(self.events, now);
        let mut reached = self.list(stretch, &end, Some(&later), taken).await?;
        reached.is_whole &= is_whole;
        Ok(reached)
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
        let listed = self
            .list_from(stretch.from, start, end, then_from, |key, time| {
                newest = time.map_or(newest, |time| time.max(newest));
                take(key, time);
            })
            .await?;
        let is_whole = listed.past == Past::End && listed.skipped.is_empty();
        let skipped = listed.skipped.into_iter();
        let skipped: Vec<_> = skipped.filter_map(|it| it.within(stretch)).collect();
        let newest = skipped.iter().map(|it| it.to).fold(newest, Timestamp::max);
        Ok(Reached {
            to: match listed.past {
                Past::End | Past::Stretch => stretch.to,
                Past::Nothing => newest.min(stretch.to),
            },
            skipped,
            is_whole,
        })
    }

    /// Lists the files whose keys sort after `start`, which is a key of the minute of `from`, at least
    /// up to `end`, and then those after `then_from`, if that is given. Goes on with the next minute
    /// if too many files have the same in their names, or sort between two minutes.
    async fn list_from(
        &mut self,
        from: Timestamp,
        start: String,
        end: &str,
        then_from: Option<&str>,
        mut take: impl FnMut(&str, Option<Timestamp>),
    ) -> Result<ListedFiles, StoreError> {
        let below = self.folder.of_events(self.events);
        let of_minute = self.pages.div_ceil(OF_A_MINUTE).max(2);
        let mut listed = ListedFiles {
            past: Past::Nothing,
            skipped: Vec::new(),
        };
        let mut after = start;
        let mut newest = from;
        // The minute in the name at which the last page ended, and how many pages in a row end there.
        let mut last = (None, 0);
        while self.pages > 0 {
            self.pages -= 1;
            let bucket = &self.folder.bucket;
            let page = self.store.list_after(bucket, &below, &after).await?;
            // The marker of a folder is not a file.
            for key in page.keys.iter().filter(|key| !key.ends_with('/')) {
                take(key, self.folder.time_of(self.events, key));
            }
            let Some(next) = page.next else {
                listed.past = Past::End;
                break;
            };
            let time = self.folder.time_of(self.events, &next);
            newest = time.unwrap_or(newest);
            let pages = if last.0 == time { last.1 + 1 } else { 1 };
            last = (time, pages);
            after = next;
            if pages >= of_minute
                && let Some((to, start)) = self.minute_after(newest, &after)
            {
                listed.skipped.extend(Stretch::between(newest, to));
                after = start;
            }
            if *after >= *end {
                let Some(then_from) = then_from else {
                    listed.past = Past::End;
                    break;
                };
                listed.past = Past::Stretch;
                if *after < *then_from {
                    after = then_from.to_owned();
                }
            }
        }
        Ok(listed)
    }

    /// Returns the first minute after a time whose files sort after a key, and the start of their
    /// keys.
    fn minute_after(&self, time: Timestamp, key: &str) -> Option<(Timestamp, String)> {
        let mut minute = minute_of(time);
        for _ in 0..MAX_MINUTES {
            minute = minute.checked_add(MINUTE).ok()?;
            let start = self.folder.log_files_from(self.events, minute);
            if *start > *key {
                return Some((minute, start));
            }
        }
        None
    }
}

/// What a listing of files found.
struct ListedFiles {
    past: Past,
    /// The minutes with so many files that some were not listed.
    skipped: Vec<Stretch>,
}

/// How far a listing came before it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
