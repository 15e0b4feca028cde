//! Looks back through a bucket for the last digests of a chain before a time.
//!
//! S3 lists only forward, so the walk descends the date folders, newest year and month first.

use crate::names::date_folder::day_folder;
use crate::names::object_key::{Chain, DigestKey, DigestSeries, ObjectKind, classify};
use crate::world::{Cause, Depth, ListObjects, StoreError};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The maximum number of list requests of one look back, over all buckets: 7 years of months, with
/// some pages to spare, and still finished in the time of one invocation.
pub const MAX_LISTS: usize = 200;

/// The length of a year in `YYYY/MM/DD/`, with its slash.
const YEAR: usize = 5;
/// The length of a year and month.
const MONTH: usize = 8;

/// The maximum number of digests of one month that are kept as candidates, the newest ones. A month
/// has 744 hours, and anybody who plants objects can add others.
const MAX_CANDIDATES_A_MONTH: usize = 64;

/// Yields the hourly digests of a chain that end before a time, newest first.
#[derive(Debug)]
pub struct Lookback<'a, L> {
    store: &'a L,
    bucket: &'a str,
    chain: &'a Chain,
    before: Timestamp,
    lists_left: &'a mut usize,
    /// The folders that remain to be searched, the newest last.
    months: Vec<String>,
    years: Option<Vec<String>>,
    /// The digests of the current month, by their end time.
    found: BTreeMap<Timestamp, DigestKey>,
}

impl<'a, L: ListObjects> Lookback<'a, L> {
    /// Returns a look back from `before`, in one bucket, with at most `lists_left` list requests.
    pub fn new(
        store: &'a L,
        bucket: &'a str,
        chain: &'a Chain,
        before: Timestamp,
        lists_left: &'a mut usize,
    ) -> Self {
        Self {
            store,
            bucket,
            chain,
            before,
            lists_left,
            months: Vec::new(),
            years: None,
            found: BTreeMap::new(),
        }
    }

    /// Starts with digests that are known to exist: the ends of those before the time, newest
    /// first. Lists the bucket only for digests older than those.
    #[must_use]
    pub fn with_known(mut self, ends: impl Iterator<Item = Timestamp>) -> Self {
        for end in ends.take(MAX_CANDIDATES_A_MONTH) {
            let key = DigestKey::of(self.chain.clone(), DigestSeries::Hourly, end);
            self.found.insert(end, key);
            self.before = end;
        }
        self
    }

    /// Returns the key of the next older digest, or `None` at the start of the chain. This says
    /// nothing about its content.
    ///
    /// # Errors
    /// [`StoreError`] if the bucket cannot be listed, or is too large to search.
    pub async fn next(&mut self) -> Result<Option<DigestKey>, StoreError> {
        loop {
            if let Some((_, key)) = self.found.pop_last() {
                return Ok(Some(key));
            }
            if let Some(month) = self.months.pop() {
                self.list_month(&month).await?;
                continue;
            }
            if self.years.is_none() {
                let region = self.chain.region_prefix();
                self.years = Some(self.list_folders(region, YEAR).await?);
            }
            let year = self.years.as_mut().and_then(Vec::pop);
            match year {
                Some(year) => self.months = self.list_folders(year, MONTH).await?,
                None => return Ok(None),
            }
        }
    }

    async fn list_month(&mut self, folder: &str) -> Result<(), StoreError> {
        let mut next = None;
        loop {
            let page = self.list(folder, Depth::All, next.as_deref()).await?;
            for key in &page.keys {
                if let ObjectKind::Digest(key) = classify(key)
                    && key.series == DigestSeries::Hourly
                    && key.chain == *self.chain
                    && key.end_time < self.before
                {
                    self.found.insert(key.end_time, key);
                    if self.found.len() > MAX_CANDIDATES_A_MONTH {
                        self.found.pop_first();
                    }
                }
            }
            next = page.next;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    /// Returns the date folders directly below `folder` that are not after `before`, the newest
    /// last. Their dates have `date` characters.
    async fn list_folders(
        &mut self,
        folder: String,
        date: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut newest = day_folder(self.before);
        newest.truncate(date);
        let newest = format!("{}{newest}", self.chain.region_prefix());
        let mut folders = Vec::new();
        let mut next = None;
        loop {
            let page = self.list(&folder, Depth::Folders, next.as_deref()).await?;
            folders.extend(page.folders.into_iter().filter(|folder| {
                // Numbers of equal length sort as text. Other names are not dates.
                folder.len() == newest.len()
                    && *folder <= newest
                    && folder
                        .bytes()
                        .rev()
                        .skip(1)
                        .take(2)
                        .all(|b| b.is_ascii_digit())
            }));
            next = page.next;
            if next.is_none() {
                folders.sort_unstable();
                return Ok(folders);
            }
        }
    }

    async fn list(
        &mut self,
        prefix: &str,
        depth: Depth,
        next: Option<&str>,
    ) -> Result<crate::world::Page, StoreError> {
        let Some(left) = self.lists_left.checked_sub(1) else {
            return Err(StoreError {
                action: "look back through",
                subject: format!("s3://{}/{}", self.bucket, self.chain.region_prefix()),
                cause: Cause::Failed(format!("it has more than {MAX_LISTS} pages of objects")),
            });
        };
        *self.lists_left = left;
        self.store.list(self.bucket, prefix, depth, next).await
    }
}
