//! Calls to S3, apart from bucket policies.

use super::{assert_said, call, said, to_bucket};
use crate::case::{BUCKET, Case, Record};
use serde_json::{Value, json};

const NO_COPY: &str = "files that are changed or deleted here have no new copy elsewhere";

fn plain(name: &str) -> Record {
    to_bucket(name, "", json!(null))
}

#[tokio::test]
async fn calls_that_always_weaken_a_bucket_are_reported() {
    let no_replication = format!("S3 no longer replicates the bucket: {NO_COPY}");
    let open =
        "the bucket no longer blocks public access: a policy or an ACL can open it to everybody";
    assert_said(vec![
        (
            plain("DeleteBucket"),
            &["the bucket is deleted: CloudTrail cannot deliver to it, and anybody may create a bucket of its name"],
        ),
        (
            plain("DeleteBucketPolicy"),
            &["the bucket has no policy: CloudTrail may no longer deliver to it"],
        ),
        (plain("DeleteBucketReplication"), &[&no_replication]),
        (plain("DeletePublicAccessBlock"), &[open]),
        (plain("DeleteBucketPublicAccessBlock"), &[open]),
        // Without lifecycle rules, files are kept longer.
        (plain("DeleteBucketLifecycle"), &[]),
        (plain("PutBucketTagging"), &[]),
        (
            plain("DeleteBucket").with("/errorCode", "BucketNotEmpty"),
            &["refused"],
        ),
        (
            plain("DeleteBucket").with("/requestParameters/bucketName", "amzn-s3-demo-bucket2"),
            &[],
        ),
        (call("s3.amazonaws.com", "DeleteBucket", json!(null)), &[]),
    ])
    .await;
}

/// The bucket that is replicated is ours, too.
#[tokio::test]
async fn the_original_of_a_replica_is_ours() {
    let deletion = || {
        let original = "amzn-s3-demo-source-bucket";
        plain("DeleteBucketPolicy").with("/requestParameters/bucketName", original)
    };
    let mut case = Case::new();
    assert!(said(&mut case, deletion()).await.is_empty());
    case.expected.places.aliases =
        vec![("amzn-s3-demo-source-bucket".to_owned(), BUCKET.to_owned())];
    assert_eq!(said(&mut case, deletion()).await.len(), 1);
}

#[tokio::test]
async fn versioning_replication_and_locks_are_judged_by_what_is_set() {
    let versioning = |status: Value| {
        let content = json!({"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/", "Status": status});
        to_bucket("PutBucketVersioning", "VersioningConfiguration", content)
    };
    let replication = |rules: Value| {
        to_bucket(
            "PutBucketReplication",
            "ReplicationConfiguration",
            json!({"Rule": rules}),
        )
    };
    let lock = |content: Value| {
        to_bucket(
            "PutBucketObjectLockConfiguration",
            "ObjectLockConfiguration",
            content,
        )
    };
    let no_rule = format!("no replication rule is enabled: {NO_COPY}");
    let unlocked = "new files have no default retention: anybody who may delete objects can delete every version of them";
    let retention = |unit: &str, count: Value| json!({"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", unit: count}}});
    assert_said(vec![
        (
            versioning(json!("Suspended")),
            &["versioning is suspended: a file that is overwritten or deleted from now on is lost"],
        ),
        (versioning(json!("Enabled")), &["valid"]),
        (versioning(json!(null)), &["cannot tell"]),
        (replication(json!({"Status": "Enabled"})), &["valid"]),
        (
            replication(json!([{"Status": "Disabled"}, {"Status": "Enabled"}])),
            &["valid"],
        ),
        (replication(json!({"Status": "Disabled"})), &[&no_rule]),
        (replication(json!([])), &[&no_rule]),
        (plain("PutBucketReplication"), &["cannot tell"]),
        (lock(retention("Days", json!(365))), &["valid"]),
        (lock(retention("Years", json!("1"))), &["valid"]),
        (
            lock(retention("Days", json!("1"))),
            &["the default retention of new files is only 1 of the 7 days that somebody needs to notice a deletion"],
        ),
        (lock(json!({"ObjectLockEnabled": "Enabled"})), &[unlocked]),
        (lock(json!({"Rule": ""})), &[unlocked]),
        (plain("PutObjectLockConfiguration"), &["cannot tell"]),
    ])
    .await;
}

#[tokio::test]
async fn public_access_and_notifications_are_judged_by_what_is_set() {
    let blocks = |name: &str, acls: Value, policy: Value| {
        let content = json!({
            "BlockPublicAcls": acls, "IgnorePublicAcls": true,
            "BlockPublicPolicy": policy, "RestrictPublicBuckets": "true",
        });
        to_bucket(name, "PublicAccessBlockConfiguration", content)
    };
    let notify = |content: Value| {
        to_bucket(
            "PutBucketNotification",
            "NotificationConfiguration",
            content,
        )
    };
    let silent = "S3 no longer sends the bucket's events to Amazon EventBridge: Trailseal does not check new files unless another notification reaches it";
    let queue =
        json!({"Queue": "arn:aws:sqs:us-east-1:111122223333:q", "Event": "s3:ObjectCreated:*"});
    assert_said(vec![
        (
            blocks("PutBucketPublicAccessBlock", json!(true), json!(true)),
            &["valid"],
        ),
        (
            blocks("PutPublicAccessBlock", json!(true), json!("FALSE")),
            &["the bucket does not block all public access: BlockPublicPolicy is off"],
        ),
        (
            blocks("PutBucketPublicAccessBlock", json!(false), json!(null)),
            &["the bucket does not block all public access: BlockPublicAcls, BlockPublicPolicy are off"],
        ),
        (plain("PutBucketPublicAccessBlock"), &["cannot tell"]),
        // The element is empty, in whatever form.
        (notify(json!({"EventBridgeConfiguration": ""})), &["valid"]),
        (notify(json!({"EventBridgeConfiguration": {}})), &["valid"]),
        (
            notify(json!({"EventBridgeConfiguration": null, "QueueConfiguration": queue})),
            &["valid"],
        ),
        (notify(json!({"QueueConfiguration": queue})), &[silent]),
        (notify(json!("")), &[silent]),
        (plain("PutBucketNotificationConfiguration"), &["cannot tell"]),
    ])
    .await;
}

fn lifecycle(rules: Value) -> Record {
    let content = json!({"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/", "Rule": rules});
    to_bucket("PutBucketLifecycle", "LifecycleConfiguration", content)
}

#[tokio::test]
async fn lifecycle_rules_that_remove_log_files_early_are_reported() {
    let rule = |more: Value| {
        let mut rule = json!({"ID": "expire", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}});
        for (name, value) in more.as_object().unwrap() {
            rule[name] = value.clone();
        }
        rule
    };
    let early =
        "the lifecycle rule expire expires log files after 1 day (they must be kept for 90 days)";
    let prefix = |prefix: &str| rule(json!({"Filter": {"Prefix": prefix}}));
    let none = json!(null);
    assert_said(vec![
        (lifecycle(rule(json!({}))), &[early]),
        // As Stratus Red Team writes it.
        (lifecycle(prefix("*")), &[early]),
        (lifecycle(json!([prefix("athena/"), prefix("AWSLogs/1111")])), &[early]),
        (lifecycle(rule(json!({"Filter": "", "Prefix": "AWS"}))), &[early]),
        (
            lifecycle(rule(json!({"Filter": {"And": {"Prefix": "AWSLogs/", "Tag": {"Key": "a", "Value": "b"}}}}))),
            &[early],
        ),
        (lifecycle(prefix("athena/")), &["valid"]),
        (lifecycle(rule(json!({"Status": "Disabled"}))), &["valid"]),
        (lifecycle(rule(json!({"Expiration": {"Days": "90"}}))), &["valid"]),
        (lifecycle(rule(json!({"Expiration": {"ExpiredObjectDeleteMarker": true}}))), &["valid"]),
        (
            lifecycle(rule(json!({"Expiration": none, "Transition": {"Days": 1, "StorageClass": "GLACIER"}}))),
            &["valid"],
        ),
        (
            lifecycle(rule(json!({"Expiration": {"Date": "2026-01-17T00:00:00.000Z"}}))),
            &["the lifecycle rule expire expires all log files on 2026-01-17T00:00:00.000Z"],
        ),
        (
            lifecycle(rule(json!({"Expiration": none, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}))),
            &["the lifecycle rule expire removes overwritten and deleted versions after 1 day"],
        ),
        (
            lifecycle(rule(json!({"Expiration": none, "NoncurrentVersionExpiration": {"NoncurrentDays": 7}}))),
            &["valid"],
        ),
        (plain("PutLifecycleConfiguration"), &["cannot tell"]),
        (plain("PutBucketLifecycleConfiguration"), &["cannot tell"]),
    ])
    .await;
}

#[tokio::test]
async fn a_stated_retention_decides_which_expiry_is_early() {
    let after = |days: u32| {
        lifecycle(json!({"ID": "e", "Status": "Enabled", "Expiration": {"Days": days}}))
    };
    let mut case = Case::new();
    assert_eq!(said(&mut case, after(365)).await, ["valid"]);
    case.expected.retention_days = Some(2555);
    assert_eq!(
        said(&mut case, after(365)).await,
        ["the lifecycle rule e expires log files after 365 days (they must be kept for 2555 days)"]
    );
    assert_eq!(said(&mut case, after(2555)).await, ["valid"]);
}
