//! The effect of a call on a log bucket.

use super::action::WatchedAction;
use super::call::WatchedCall;
use super::effect::{Effect, Guarded, MIN_DAYS_TO_REACT};
use super::setting::{count, is_enabled, items, text, truth};
use super::{bucket_policy, lifecycle};
use serde_json::Value;

/// The four settings of a public access block. A setting that is not there is off.
///
/// Rule: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PublicAccessBlockConfiguration.html>
const BLOCKS: [&str; 4] = [
    "BlockPublicAcls",
    "IgnorePublicAcls",
    "BlockPublicPolicy",
    "RestrictPublicBuckets",
];

pub(super) fn effect(call: &WatchedCall<'_>, bucket: &str, guarded: &Guarded<'_>) -> Effect {
    let document = |name: &str| call.request.get(name).filter(|value| value.is_object());
    match call.action {
        WatchedAction::DeleteBucket => Effect::weakens(
            "the bucket is deleted: CloudTrail cannot deliver to it, and anybody may create a bucket of its name",
        ),
        WatchedAction::DeleteBucketPolicy => {
            Effect::weakens("the bucket has no policy: CloudTrail may no longer deliver to it")
        }
        WatchedAction::DeleteBucketReplication => Effect::weakens(
            "S3 no longer replicates the bucket: files that are changed or deleted here have no new copy elsewhere",
        ),
        WatchedAction::DeletePublicAccessBlock => Effect::weakens(
            "the bucket no longer blocks public access: a policy or an ACL can open it to everybody",
        ),
        WatchedAction::PutBucketPolicy => bucket_policy::effect(call, bucket, guarded),
        WatchedAction::PutBucketLifecycle => lifecycle::effect(call, bucket, guarded),
        WatchedAction::PutBucketVersioning => versioning(document("VersioningConfiguration")),
        WatchedAction::PutBucketReplication => replication(document("ReplicationConfiguration")),
        WatchedAction::PutPublicAccessBlock => blocks(document("PublicAccessBlockConfiguration")),
        WatchedAction::PutObjectLockConfiguration => lock(document("ObjectLockConfiguration")),
        _ => notification(call.request.get("NotificationConfiguration")),
    }
}

/// Rule: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_VersioningConfiguration.html>
fn versioning(configuration: Option<&Value>) -> Effect {
    let status = configuration.and_then(|configuration| text(configuration.get("Status")));
    match status {
        Some(status) if status.eq_ignore_ascii_case("Suspended") => Effect::weakens(
            "versioning is suspended: a file that is overwritten or deleted from now on is lost",
        ),
        Some(_) => Effect::Harmless("versioning is enabled"),
        None => Effect::Unclear("the record does not contain the bucket's new versioning"),
    }
}

/// Rule: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationConfiguration.html>
fn replication(configuration: Option<&Value>) -> Effect {
    let Some(configuration) = configuration else {
        return Effect::Unclear("the record does not contain the bucket's new replication rules");
    };
    let rules = items(
        configuration
            .get("Rule")
            .or_else(|| configuration.get("Rules")),
    );
    if rules.iter().any(|rule| is_enabled(rule.get("Status"))) {
        Effect::Harmless("a replication rule is enabled")
    } else {
        Effect::weakens(
            "no replication rule is enabled: files that are changed or deleted here have no new copy elsewhere",
        )
    }
}

fn blocks(configuration: Option<&Value>) -> Effect {
    let Some(configuration) = configuration else {
        return Effect::Unclear("the record does not contain the bucket's new public access block");
    };
    let off: Vec<&str> = BLOCKS
        .into_iter()
        .filter(|block| truth(configuration.get(*block)) != Some(true))
        .collect();
    if off.is_empty() {
        Effect::Harmless("the bucket blocks all public access")
    } else {
        Effect::Weakens(vec![format!(
            "the bucket does not block all public access: {} {} off",
            off.join(", "),
            if off.len() == 1 { "is" } else { "are" }
        )])
    }
}

/// Judges the default retention. Each object keeps the retention that it has.
///
/// Rule: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html>
fn lock(configuration: Option<&Value>) -> Effect {
    let Some(configuration) = configuration else {
        return Effect::Unclear(
            "the record does not contain the bucket's new Object Lock settings",
        );
    };
    let retention = configuration.pointer("/Rule/DefaultRetention");
    let Some(retention) = retention.filter(|retention| retention.is_object()) else {
        return Effect::weakens(
            "new files have no default retention: anybody who may delete objects can delete every version of them",
        );
    };
    match (count(retention.get("Days")), retention.get("Years")) {
        (Some(days), _) if days < MIN_DAYS_TO_REACT => Effect::Weakens(vec![format!(
            "the default retention of new files is only {days} of the {MIN_DAYS_TO_REACT} days that somebody needs to notice a deletion"
        )]),
        (Some(_), _) | (None, Some(_)) => Effect::Harmless("new files are locked by default"),
        (None, None) => {
            Effect::Unclear("the record does not say for how long new files are locked")
        }
    }
}

/// Judges whether S3 still sends events to EventBridge, which wakes Trailseal. The element is empty.
///
/// Rule: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-event-notifications-eventbridge.html>
fn notification(configuration: Option<&Value>) -> Effect {
    match configuration {
        None => Effect::Unclear("the record does not contain the bucket's new notifications"),
        Some(configuration) if configuration.get("EventBridgeConfiguration").is_some() => {
            Effect::Harmless("S3 sends the bucket's events to Amazon EventBridge")
        }
        Some(_) => Effect::weakens(
            "S3 no longer sends the bucket's events to Amazon EventBridge: Trailseal does not check new files unless another notification reaches it",
        ),
    }
}
