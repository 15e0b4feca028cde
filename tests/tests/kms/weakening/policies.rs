//! New policies of the log bucket.

use super::{assert_said, said, to_bucket};
use crate::case::{BUCKET, Case, Record};
use serde_json::{Value, json};

const UNDELIVERED: &str = "the bucket's new policy does not give cloudtrail.amazonaws.com s3:PutObject for the trail's files: CloudTrail cannot deliver";
const DENIED: &str = "the bucket's new policy denies s3:PutObject to CloudTrail: it cannot deliver";

fn policy(statements: &[Value]) -> Record {
    to_bucket(
        "PutBucketPolicy",
        "bucketPolicy",
        json!({"Version": "2012-10-17", "Statement": statements}),
    )
}

/// Returns AWS's statement for a trail of the account.
fn write() -> Value {
    json!({
        "Sid": "AWSCloudTrailWrite20150319", "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": format!("arn:aws:s3:::{BUCKET}/AWSLogs/111122223333/*"),
        "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
    })
}

fn statement(effect: &str, principal: &Value, action: &Value, more: &Value) -> Value {
    let mut statement = json!({
        "Effect": effect, "Principal": principal, "Action": action,
        "Resource": [format!("arn:aws:s3:::{BUCKET}"), format!("arn:aws:s3:::{BUCKET}/*")],
    });
    for (name, value) in more.as_object().unwrap() {
        statement[name] = value.clone();
    }
    statement
}

#[tokio::test]
async fn a_policy_must_let_cloudtrail_deliver() {
    let with = |name: &str, value: Value| {
        let mut statement = write();
        statement[name] = value;
        statement
    };
    let acl = json!({"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:GetBucketAcl", "Resource": format!("arn:aws:s3:::{BUCKET}")});
    let tls = json!({"Bool": {"aws:SecureTransport": "false"}});
    let all = json!("*");
    let [any, none] = [json!("s3:*"), json!({})];
    let athena = json!({"Resource": format!("arn:aws:s3:::{BUCKET}/athena/*")});
    assert_said(vec![
        (policy(&[acl.clone(), write()]), &["valid"]),
        (
            policy(&[write(), statement("Deny", &all, &any, &json!({"Condition": tls}))]),
            &["valid"],
        ),
        (
            policy(&[write(), statement("Deny", &all, &json!("s3:Delete*"), &none)]),
            &["valid"],
        ),
        (policy(&[write(), statement("Deny", &all, &any, &athena)]), &["valid"]),
        (policy(&[acl]), &[UNDELIVERED]),
        (policy(&[]), &[UNDELIVERED]),
        (policy(&[with("Action", json!("s3:GetObject"))]), &[UNDELIVERED]),
        (
            policy(&[with("Resource", json!(format!("arn:aws:s3:::{BUCKET}/other/*")))]),
            &[UNDELIVERED],
        ),
        (
            policy(&[with("Principal", json!({"Service": "config.amazonaws.com"}))]),
            &[UNDELIVERED],
        ),
        (policy(&[write(), statement("Deny", &all, &any, &none)]), &[DENIED]),
        (
            policy(&[write(), statement("Deny", &json!({"AWS": "*"}), &any, &none)]),
            &["valid"],
        ),
        (
            policy(&[write(), json!({"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "s3:PutObject", "Resource": "*"})]),
            &[DENIED],
        ),
        (
            to_bucket("PutBucketPolicy", "bucketPolicy", json!({"x": 1})),
            &["cannot tell"],
        ),
        (to_bucket("PutBucketPolicy", "policy", json!("")), &["cannot tell"]),
    ])
    .await;
}

#[tokio::test]
async fn a_policy_must_not_let_outsiders_destroy() {
    let gives = |who: &str, what: &str| vec![format!("the bucket's new policy gives {who} {what}")];
    let root = json!({"AWS": "arn:aws:iam::444455556666:root"});
    let org = json!({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}});
    let none = json!({});
    let allow = |principal: &Value, action: &str, more: &Value| {
        policy(&[write(), statement("Allow", principal, &json!(action), more)])
    };
    let valid = || vec!["valid".to_owned()];
    for (record, expected) in [
        (
            allow(&root, "s3:DeleteObject", &none),
            gives("arn:aws:iam::444455556666:root", "s3:DeleteObject"),
        ),
        (
            allow(&json!({"AWS": "444455556666"}), "s3:DeleteObject*", &org),
            gives("444455556666", "s3:DeleteObject, s3:DeleteObjectVersion"),
        ),
        (
            allow(&json!("*"), "s3:PutObject", &none),
            gives("everybody", "s3:PutObject"),
        ),
        (
            allow(&json!({"AWS": "*"}), "s3:*", &org),
            gives(
                "everybody",
                "s3:DeleteObject, s3:DeleteObjectVersion, s3:BypassGovernanceRetention, s3:PutObjectRetention, s3:DeleteBucket and 8 more",
            ),
        ),
        // Load balancers and other services of an account write, too.
        (allow(&root, "s3:PutObject", &none), valid()),
        (allow(&json!("*"), "s3:PutObject", &org), valid()),
        (allow(&root, "s3:Get*", &none), valid()),
        (allow(&root, "s3:ReplicateDelete", &none), valid()),
        (
            allow(
                &json!({"AWS": "arn:aws:iam::111122223333:role/Admin"}),
                "s3:*",
                &none,
            ),
            valid(),
        ),
        (
            allow(&json!({"Service": "config.amazonaws.com"}), "s3:*", &none),
            valid(),
        ),
        // A principal that was deleted.
        (
            allow(&json!({"AWS": "AROAEXAMPLE"}), "s3:*", &none),
            valid(),
        ),
    ] {
        let shown = record.0.to_string();
        assert_eq!(said(&mut Case::new(), record).await, expected, "{shown}");
    }
}

/// The account that owns the log buckets may not be the one that records the call.
#[tokio::test]
async fn the_owner_of_the_bucket_is_not_an_outsider() {
    let owner = json!({"AWS": "arn:aws:iam::444455556666:root"});
    let change = || {
        policy(&[
            write(),
            statement("Allow", &owner, &json!("s3:*"), &json!({})),
        ])
    };
    let mut case = Case::new();
    assert_ne!(said(&mut case, change()).await, ["valid"]);
    let owner = trailseal::names::ids::AccountId::new("444455556666").unwrap();
    case.expected.places.bucket_owner = Some(owner);
    assert_eq!(said(&mut case, change()).await, ["valid"]);
}
