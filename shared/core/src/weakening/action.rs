//! The calls that are watched, by the names in their records.
//!
//! S3 records some calls under another name than that of the API.
//!
//! Names: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Operations.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html>,
//! <https://docs.aws.amazon.com/kms/latest/developerguide/understanding-kms-entries.html>.

/// A call that may weaken what is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WatchedAction {
    /// Ends a trail's logging.
    StopLogging,
    /// Deletes a trail.
    DeleteTrail,
    /// Changes a trail's settings.
    UpdateTrail,
    /// Selects the events that a trail records.
    PutEventSelectors,
    /// Disables a key.
    DisableKey,
    /// Schedules a key's deletion.
    ScheduleKeyDeletion,
    /// Deletes a key's imported material.
    DeleteImportedKeyMaterial,
    /// Replaces a key's policy.
    PutKeyPolicy,
    /// Deletes a bucket.
    DeleteBucket,
    /// Deletes a bucket's policy.
    DeleteBucketPolicy,
    /// Replaces a bucket's policy.
    PutBucketPolicy,
    /// Replaces a bucket's lifecycle rules.
    PutBucketLifecycle,
    /// Sets a bucket's versioning.
    PutBucketVersioning,
    /// Deletes a bucket's replication rules.
    DeleteBucketReplication,
    /// Replaces a bucket's replication rules.
    PutBucketReplication,
    /// Deletes a bucket's public access block.
    DeletePublicAccessBlock,
    /// Sets a bucket's public access block.
    PutPublicAccessBlock,
    /// Sets the default retention of Object Lock.
    PutObjectLockConfiguration,
    /// Replaces a bucket's notifications.
    PutBucketNotification,
}

const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";
const KMS: &str = "kms.amazonaws.com";
const S3: &str = "s3.amazonaws.com";

/// The watched calls: `eventSource`, `eventName`.
const WATCHED: [(&str, &str, WatchedAction); 26] = [
    (CLOUDTRAIL, "StopLogging", WatchedAction::StopLogging),
    (CLOUDTRAIL, "DeleteTrail", WatchedAction::DeleteTrail),
    (CLOUDTRAIL, "UpdateTrail", WatchedAction::UpdateTrail),
    (
        CLOUDTRAIL,
        "PutEventSelectors",
        WatchedAction::PutEventSelectors,
    ),
    (KMS, "DisableKey", WatchedAction::DisableKey),
    (
        KMS,
        "ScheduleKeyDeletion",
        WatchedAction::ScheduleKeyDeletion,
    ),
    (
        KMS,
        "DeleteImportedKeyMaterial",
        WatchedAction::DeleteImportedKeyMaterial,
    ),
    (KMS, "PutKeyPolicy", WatchedAction::PutKeyPolicy),
    (S3, "DeleteBucket", WatchedAction::DeleteBucket),
    (S3, "DeleteBucketPolicy", WatchedAction::DeleteBucketPolicy),
    (S3, "PutBucketPolicy", WatchedAction::PutBucketPolicy),
    (S3, "PutBucketLifecycle", WatchedAction::PutBucketLifecycle),
    (
        S3,
        "PutBucketLifecycleConfiguration",
        WatchedAction::PutBucketLifecycle,
    ),
    (
        S3,
        "PutLifecycleConfiguration",
        WatchedAction::PutBucketLifecycle,
    ),
    (
        S3,
        "PutBucketVersioning",
        WatchedAction::PutBucketVersioning,
    ),
    (
        S3,
        "DeleteBucketReplication",
        WatchedAction::DeleteBucketReplication,
    ),
    (
        S3,
        "PutBucketReplication",
        WatchedAction::PutBucketReplication,
    ),
    (
        S3,
        "PutReplicationConfiguration",
        WatchedAction::PutBucketReplication,
    ),
    (
        S3,
        "DeletePublicAccessBlock",
        WatchedAction::DeletePublicAccessBlock,
    ),
    (
        S3,
        "DeleteBucketPublicAccessBlock",
        WatchedAction::DeletePublicAccessBlock,
    ),
    (
        S3,
        "PutPublicAccessBlock",
        WatchedAction::PutPublicAccessBlock,
    ),
    (
        S3,
        "PutBucketPublicAccessBlock",
        WatchedAction::PutPublicAccessBlock,
    ),
    (
        S3,
        "PutObjectLockConfiguration",
        WatchedAction::PutObjectLockConfiguration,
    ),
    (
        S3,
        "PutBucketObjectLockConfiguration",
        WatchedAction::PutObjectLockConfiguration,
    ),
    (
        S3,
        "PutBucketNotification",
        WatchedAction::PutBucketNotification,
    ),
    (
        S3,
        "PutBucketNotificationConfiguration",
        WatchedAction::PutBucketNotification,
    ),
];

/// Texts of which every record of a watched call contains one, apart from calls to KMS, whose
/// records contain the name of the service. Other records need not be parsed.
///
/// They are names without quotes: a search for texts with several different first letters skips
/// bytes with vector instructions, and one for texts that start with a quote stops at every quote.
pub const NAMES: [&str; 17] = [
    "StopLogging",
    "DeleteTrail",
    "UpdateTrail",
    "PutEventSelectors",
    "DeleteBucket",
    "DeletePublicAccessBlock",
    "PutPublicAccessBlock",
    "PutBucketPolicy",
    "PutBucketLifecycle",
    "PutBucketVersioning",
    "PutBucketReplication",
    "PutBucketPublicAccessBlock",
    "PutBucketObjectLockConfiguration",
    "PutBucketNotification",
    "PutLifecycleConfiguration",
    "PutReplicationConfiguration",
    "PutObjectLockConfiguration",
];

impl WatchedAction {
    /// Returns the call with this `eventSource` and `eventName`, if it is watched.
    #[must_use]
    pub fn of(source: &str, name: &str) -> Option<Self> {
        WATCHED
            .iter()
            .find(|(service, call, _)| *service == source && *call == name)
            .map(|(_, _, action)| *action)
    }

    /// Returns the call's first name in the list, which names the incident.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        WATCHED
            .iter()
            .find(|(_, _, action)| *action == self)
            .map_or("another call", |(_, name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_search_for_the_names_finds_every_watched_call() {
        for (source, name, _) in WATCHED {
            let is_found = source == KMS || NAMES.iter().any(|text| name.contains(text));
            assert!(is_found, "{name}");
        }
    }

    #[test]
    fn every_watched_call_is_known_by_each_of_its_names() {
        let mut names = BTreeSet::new();
        for (source, name, action) in WATCHED {
            assert_eq!(WatchedAction::of(source, name), Some(action));
            assert_eq!(WatchedAction::of("iam.amazonaws.com", name), None);
            names.insert(action.as_str());
        }
        assert_eq!(names.len(), 19, "{names:?}");
    }
}
