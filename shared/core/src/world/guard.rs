//! The settings of a log bucket that protect its files.

use super::StoreError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Reads the settings of a bucket.
pub trait ReadBucketSettings: Send + Sync {
    /// Reads all settings of a bucket. Each setting is a request of its own, and fails by itself.
    fn settings(&self, bucket: &str) -> impl Future<Output = BucketSettings> + Send;
}

/// The settings of a bucket that protect its files, each as S3 answered.
#[derive(Debug)]
pub struct BucketSettings {
    /// Whether S3 sends the bucket's events to EventBridge.
    pub events: Result<bool, StoreError>,
    /// Whether S3 keeps the versions of objects.
    pub versioning: Result<Versioning, StoreError>,
    /// The default retention of Object Lock.
    pub object_lock: Result<ObjectLock, StoreError>,
    /// The lifecycle rules that let objects expire.
    pub lifecycle: Result<Lifecycle, StoreError>,
    /// Block Public Access.
    pub public_access: Result<PublicAccess, StoreError>,
    /// The bucket policy.
    pub policy: Result<Policy, StoreError>,
    /// The replication rules.
    pub replication: Result<Replication, StoreError>,
}

/// Whether S3 keeps the versions of objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versioning {
    /// `false` if versioning was never enabled, or is suspended.
    pub enabled: bool,
}

/// The default retention of Object Lock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectLock {
    /// The retention in days; 0 if there is none. A year counts as 365 days.
    pub days: u32,
    /// Whether not even the account's root user can shorten it (compliance mode).
    pub compliance: bool,
}

/// The lifecycle rules that let objects expire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// The enabled rules, as S3 lists them.
    pub rules: Vec<ExpirationRule>,
}

/// An enabled lifecycle rule that lets objects expire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExpirationRule {
    /// The rule's ID.
    pub id: String,
    /// The prefix of the keys that it applies to; empty for the whole bucket.
    pub prefix: String,
    /// If it only applies to larger objects: larger than how many bytes.
    #[serde(default)]
    pub larger_than: Option<u64>,
    /// If it only applies to smaller objects: smaller than how many bytes.
    #[serde(default)]
    pub smaller_than: Option<u64>,
    /// Whether it only applies to objects with certain tags. A record that does not tell tags and
    /// sizes apart has `isFiltered`.
    #[serde(alias = "isFiltered")]
    pub needs_tags: bool,
    /// The age in days at which current objects expire. A date counts as 0 days: S3 then deletes
    /// every object of any age.
    pub days: Option<u32>,
    /// The number of days after which earlier versions are deleted.
    pub noncurrent_days: Option<u32>,
}

/// Block Public Access: the four switches of a bucket.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicAccess {
    /// The names of the switches that are on, such as `BlockPublicPolicy`.
    pub blocked: Vec<String>,
}

/// The bucket policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The policy as JSON, at most 20 KB according to S3's quotas; empty if there is none.
    pub json: String,
}

/// The replication rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replication {
    /// The ARN of the destination bucket, by the ID of each enabled rule.
    pub destinations: BTreeMap<String, String>,
}
