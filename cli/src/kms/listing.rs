//! Log files in S3, in the order of the listing.

use super::subject::KmsSubject;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::sync::Arc;
use trailseal::bucket::discovery::region_folders;
use trailseal::bucket::listing::date_prefixes;
use trailseal::bucket::selection::Selection;
use trailseal::bucket::wanted::Wanted;
use trailseal::finding::Obstacle;
use trailseal::names::location::ObjectLocation;
use trailseal::world::{Depth, ListObjects as _, StoreError};
use trailseal_aws::{Limited, S3Objects};

/// The number of days of a month from which the whole month is listed.
const MANY_DAYS: i32 = 9;

/// CloudTrail started in November 2013.
const FIRST_LOG_FILE: Timestamp = Timestamp::constant(1_383_264_000, 0);

/// A bucket's objects, shared by the code that reads and lists them.
pub(super) type SharedObjects = Arc<Limited<S3Objects>>;

/// The log files below a prefix, listed on demand.
pub(super) struct KmsListing {
    store: SharedObjects,
    bucket: String,
    wanted: Wanted,
    /// The prefixes still to list; the first one from `next` on.
    prefixes: VecDeque<String>,
    next: Option<String>,
    keys: std::vec::IntoIter<String>,
}

impl KmsListing {
    /// Finds the folders of log files below `prefix`, and returns the folders that could not be
    /// listed.
    pub(super) async fn of(
        store: SharedObjects,
        bucket: &str,
        prefix: &str,
        wanted: Wanted,
    ) -> (Self, Vec<Obstacle>) {
        let mut obstacles = Vec::new();
        let prefixes = if format!("/{prefix}").contains("/CloudTrail/") {
            VecDeque::from([prefix.to_owned()])
        } else {
            let (folders, report) =
                region_folders(&store, bucket, &Selection::of(prefix), &wanted).await;
            obstacles = report.obstacles;
            folders
                .iter()
                .flat_map(|folder| in_time(&folder.log_files(), &wanted))
                .collect()
        };
        let listing = Self {
            store,
            bucket: bucket.to_owned(),
            wanted,
            prefixes,
            next: None,
            keys: Vec::new().into_iter(),
        };
        (listing, obstacles)
    }

    /// Returns the next log file, or the reason why there may be more that are not found.
    pub(super) async fn next(&mut self) -> Option<Result<KmsSubject, StoreError>> {
        loop {
            for key in self.keys.by_ref() {
                if let Some(subject) = KmsSubject::of_object(ObjectLocation::new(&self.bucket, key))
                    && self.wanted.instant(subject.key.time)
                {
                    return Some(Ok(subject));
                }
            }
            let prefix = self.prefixes.front()?;
            let page = self
                .store
                .list(&self.bucket, prefix, Depth::All, self.next.as_deref())
                .await;
            match page {
                Ok(page) => {
                    self.keys = page.keys.into_iter();
                    self.next = page.next;
                    if self.next.is_none() {
                        self.prefixes.pop_front();
                    }
                }
                Err(error) => {
                    self.next = None;
                    self.prefixes.pop_front();
                    return Some(Err(error));
                }
            }
        }
    }
}

/// Returns the prefixes that contain the objects delivered to `folder` in the requested time.
fn in_time(folder: &str, wanted: &Wanted) -> Vec<String> {
    let Some(from) = wanted.from else {
        return vec![folder.to_owned()];
    };
    let to = wanted.to.unwrap_or_else(Timestamp::now);
    date_prefixes(folder, from.max(FIRST_LOG_FILE), to, MANY_DAYS)
        .unwrap_or_else(|| vec![folder.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixes(from: Option<&str>, to: &str) -> Vec<String> {
        let wanted = Wanted {
            from: from.map(|from| from.parse().unwrap()),
            to: Some(to.parse().unwrap()),
            ..Wanted::default()
        };
        in_time("f/", &wanted)
    }

    #[test]
    fn few_days_are_listed_by_day_and_many_by_month() {
        assert_eq!(prefixes(None, "2026-01-15T00:00:00Z"), ["f/"]);
        assert_eq!(
            prefixes(Some("2025-12-31T23:59:00Z"), "2026-01-01T00:01:00Z"),
            ["f/2025/12/31/", "f/2026/01/01/"]
        );
        assert_eq!(
            prefixes(Some("2025-11-30T00:00:00Z"), "2026-01-01T00:00:00Z"),
            ["f/2025/11/30/", "f/2025/12/", "f/2026/01/01/"]
        );
        assert_eq!(
            prefixes(Some("0001-01-01T00:00:00Z"), "2013-12-31T00:00:00Z"),
            ["f/2013/11/", "f/2013/12/"]
        );
    }
}
