//! The recorded settings of one bucket, and the comparison with those of now.

use super::lifecycle::too_soon;
use super::setting::Setting;
use crate::finding::guard::{GuardCondition, retention_subject, setting_subject};
use crate::names::text::clip_visibly;
use crate::world::{
    BucketSettings, Lifecycle, ObjectLock, Policy, PublicAccess, Replication, StoreError,
    Versioning,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The maximum length in characters of a setting in words.
const MAX_TEXT_CHARS: usize = 2000;

/// The strongest settings of a bucket that were read. A setting that was never read is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GuardRecord {
    pub(super) versioning: Option<Versioning>,
    pub(super) object_lock: Option<ObjectLock>,
    pub(super) lifecycle: Option<Lifecycle>,
    pub(super) public_access: Option<PublicAccess>,
    pub(super) policy: Option<Policy>,
    pub(super) replication: Option<Replication>,
}

/// What one look saw of a log bucket.
#[derive(Debug)]
pub struct SeenBucket {
    /// The bucket.
    pub bucket: String,
    /// Its settings.
    pub settings: BucketSettings,
    /// The starts of the keys of its trails' files, `[prefix/]AWSLogs/`, as far as they are known.
    pub roots: BTreeSet<String>,
    /// Whether there may be trails whose keys start otherwise: not all chain heads could be read.
    pub has_other_roots: bool,
}

/// The comparison of one bucket.
pub(super) struct ComparedBucket {
    /// The record to keep.
    pub(super) record: GuardRecord,
    /// What is weaker than it was, or wrong in itself.
    pub(super) conditions: Vec<GuardCondition>,
    /// The settings about which nothing can be said now.
    pub(super) unread: Vec<UnreadSetting>,
    /// The subjects of conditions that may last, although they were not seen.
    pub(super) may_last: Vec<String>,
}

/// A setting that could not be read.
pub(super) struct UnreadSetting {
    /// The subjects of the conditions that it decides.
    pub(super) subjects: Vec<String>,
    /// The reason.
    pub(super) error: StoreError,
}

impl GuardRecord {
    /// Compares the settings of a bucket with this record. `retention_days` is the age that log files
    /// reach before they may expire, if the owner states one.
    pub(super) fn compare(
        &self,
        SeenBucket {
            bucket,
            settings: is,
            roots,
            has_other_roots,
        }: SeenBucket,
        retention_days: Option<u64>,
    ) -> ComparedBucket {
        let bucket = bucket.as_str();
        let roots: Vec<&str> = roots.iter().map(String::as_str).collect();
        let mut compared = ComparedBucket {
            record: self.clone(),
            conditions: Vec::new(),
            unread: Vec::new(),
            may_last: Vec::new(),
        };
        if has_other_roots {
            let lifecycle = setting_subject(bucket, Lifecycle::NAME);
            compared.may_last = vec![lifecycle, retention_subject(bucket)];
        }
        let events_off = GuardCondition::EventsOff {
            bucket: bucket.to_owned(),
        };
        match is.events {
            Ok(true) => {}
            Ok(false) => compared.conditions.push(events_off),
            Err(error) => compared.unread.push(UnreadSetting {
                subjects: vec![events_off.subject()],
                error,
            }),
        }
        if let Ok(lifecycle) = &is.lifecycle {
            compared
                .conditions
                .extend(too_soon(bucket, lifecycle, &roots, retention_days));
        }
        let mut comparison = BucketComparison {
            bucket,
            roots: &roots,
            compared: &mut compared,
        };
        let versioning = comparison.setting(self.versioning.as_ref(), is.versioning);
        let object_lock = comparison.setting(self.object_lock.as_ref(), is.object_lock);
        let lifecycle = comparison.setting(self.lifecycle.as_ref(), is.lifecycle);
        let public_access = comparison.setting(self.public_access.as_ref(), is.public_access);
        let policy = comparison.setting(self.policy.as_ref(), is.policy);
        let replication = comparison.setting(self.replication.as_ref(), is.replication);
        compared.record = Self {
            versioning,
            object_lock,
            lifecycle,
            public_access,
            policy,
            replication,
        };
        compared
    }
}

struct BucketComparison<'a> {
    bucket: &'a str,
    roots: &'a [&'a str],
    compared: &'a mut ComparedBucket,
}

impl BucketComparison<'_> {
    /// Compares one setting; returns the one to record.
    fn setting<T: Setting>(&mut self, was: Option<&T>, is: Result<T, StoreError>) -> Option<T> {
        let bucket = || self.bucket.to_owned();
        match (was, is) {
            (None, Ok(is)) => Some(is),
            (Some(was), Ok(is)) => {
                if !is.is_weaker_than(was, self.roots) {
                    return Some(is.recorded_after(was, self.roots));
                }
                let (was_text, is_text) = is.difference(was);
                let clipped = |text| clip_visibly(text, MAX_TEXT_CHARS);
                self.compared.conditions.push(GuardCondition::Weaker {
                    bucket: bucket(),
                    setting: T::NAME.to_owned(),
                    was: clipped(was_text),
                    is: clipped(is_text),
                });
                Some(was.clone())
            }
            (was, Err(error)) => {
                let unreadable = GuardCondition::Unreadable {
                    bucket: bucket(),
                    setting: T::NAME.to_owned(),
                };
                let mut subjects = vec![setting_subject(self.bucket, T::NAME)];
                if T::NAME == Lifecycle::NAME {
                    subjects.push(retention_subject(self.bucket));
                }
                if was.is_some() && error.cause.is_refusal() {
                    self.compared.conditions.push(unreadable);
                } else {
                    subjects.push(unreadable.subject());
                }
                self.compared.unread.push(UnreadSetting { subjects, error });
                was.cloned()
            }
        }
    }
}
