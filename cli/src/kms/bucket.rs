//! Log files in S3, and the keys they name.

use super::subject::Subject;
use jiff::Timestamp;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;
use trailseal::bucket::discovery::region_folders;
use trailseal::bucket::listing::date_prefixes;
use trailseal::bucket::selection::Selection;
use trailseal::bucket::wanted::Wanted;
use trailseal::finding::Obstacle;
use trailseal::names::ids::Region;
use trailseal::names::location::ObjectLocation;
use trailseal::world::{
    Cause, Depth, DescribeKey, Encryption, Headers, KeyDescription, ListObjects, Object, Page,
    ReadEncryption, ReadKeyPolicy, ReadObject, StoreError,
};
use trailseal_aws::{KmsKeys, Limited, S3Objects};

/// From so many days of a month on, the month is listed whole.
const MANY_DAYS: i32 = 9;

/// CloudTrail began in November 2013.
const FIRST_LOG_FILE: Timestamp = Timestamp::constant(1_383_264_000, 0);

/// The most keys whose answers are remembered.
const MAX_KEYS: usize = 10_000;

/// A bucket's objects, shared between whoever reads and whoever lists them.
#[derive(Debug, Clone)]
pub(super) struct Bucket(pub(super) Arc<Limited<S3Objects>>);

impl ReadObject for Bucket {
    type Body = <Limited<S3Objects> as ReadObject>::Body;

    async fn read(&self, at: &ObjectLocation) -> Result<Object<Self::Body>, StoreError> {
        Box::pin(self.0.read(at)).await
    }

    async fn headers(&self, at: &ObjectLocation) -> Result<Headers, StoreError> {
        Box::pin(self.0.headers(at)).await
    }
}

impl ReadEncryption for Bucket {
    async fn encryption(&self, at: &ObjectLocation) -> Result<Encryption, StoreError> {
        Box::pin(self.0.encryption(at)).await
    }
}

impl ListObjects for Bucket {
    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        depth: Depth,
        next: Option<&str>,
    ) -> Result<Page, StoreError> {
        Box::pin(self.0.list(bucket, prefix, depth, next)).await
    }
}

type Answer<T> = Arc<OnceCell<Result<T, (&'static str, Cause)>>>;

/// Keys in KMS, each asked about once: a run takes what was said first for the whole of it.
#[derive(Debug)]
pub(super) struct Keys {
    kms: KmsKeys,
    descriptions: Mutex<HashMap<String, Answer<KeyDescription>>>,
    policies: Mutex<HashMap<String, Answer<String>>>,
}

impl Keys {
    pub(super) fn new(kms: KmsKeys) -> Self {
        Self {
            kms,
            descriptions: Mutex::default(),
            policies: Mutex::default(),
        }
    }
}

/// Asks, unless it is known. Whether an answer stays is for its cause to say.
async fn once<T: Clone>(
    known: &Mutex<HashMap<String, Answer<T>>>,
    name: String,
    subject: &str,
    ask: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let cell = {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KEYS {
            known.clear();
        }
        Arc::clone(known.entry(name).or_default())
    };
    let answer = cell
        .get_or_try_init(|| async {
            match ask.await {
                Ok(answer) => Ok(Ok(answer)),
                Err(error) => match error.cause {
                    Cause::Absent(_) => Ok(Err((error.action, error.cause))),
                    _ if error.cause.is_refusal() => Ok(Err((error.action, error.cause))),
                    _ => Err(error),
                },
            }
        })
        .await?;
    answer.clone().map_err(|(action, cause)| StoreError {
        action,
        subject: subject.to_owned(),
        cause,
    })
}

impl DescribeKey for Keys {
    async fn describe_key(
        &self,
        key: &str,
        region: Option<&Region>,
    ) -> Result<KeyDescription, StoreError> {
        let name = format!("{} {key}", region.map_or("", Region::as_str));
        let ask = Box::pin(self.kms.describe_key(key, region));
        once(&self.descriptions, name, key, ask).await
    }
}

impl ReadKeyPolicy for Keys {
    async fn key_policy(&self, key_arn: &str) -> Result<String, StoreError> {
        let ask = Box::pin(self.kms.key_policy(key_arn));
        once(&self.policies, key_arn.to_owned(), key_arn, ask).await
    }
}

/// The log files below a prefix, listed as they are asked for.
pub(super) struct Listing {
    store: Bucket,
    bucket: String,
    wanted: Wanted,
    /// What is still to be listed; the first of it from `next` on.
    prefixes: VecDeque<String>,
    next: Option<String>,
    keys: std::vec::IntoIter<String>,
}

impl Listing {
    /// Looks for the folders of log files below `prefix`, and says what could not be looked into.
    pub(super) async fn of(
        store: Bucket,
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

    /// The next log file, or why there may be more that are not found.
    pub(super) async fn next(&mut self) -> Option<Result<Subject, StoreError>> {
        loop {
            for key in self.keys.by_ref() {
                if let Some(subject) = Subject::of_object(ObjectLocation::new(&self.bucket, key))
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

/// The prefixes that hold what was delivered to `folder` in the time asked for.
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
