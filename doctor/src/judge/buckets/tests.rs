use super::*;
use crate::report::Status;
use crate::stack::sample;
use trailseal::world::{
    Cause, ExpirationRule, Lifecycle, ObjectLock, Policy, PublicAccess, Replication, Versioning,
};

const BUCKET: &str = "amzn-s3-demo-bucket";

fn denied<T>() -> Result<T, StoreError> {
    Err(StoreError {
        action: "read the settings of",
        subject: BUCKET.to_owned(),
        cause: Cause::Denied("AccessDenied".to_owned()),
    })
}

fn healthy() -> BucketSettings {
    BucketSettings {
        events: Ok(true),
        versioning: Ok(Versioning { enabled: true }),
        object_lock: Ok(ObjectLock::default()),
        lifecycle: Ok(Lifecycle::default()),
        public_access: Ok(PublicAccess::default()),
        policy: Ok(Policy::default()),
        replication: Ok(Replication::default()),
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is written in place, with json!"
)]
fn with_policy(statement: Value) -> BucketSettings {
    let json = json!({"Statement": [statement]}).to_string();
    BucketSettings {
        policy: Ok(Policy { json }),
        ..healthy()
    }
}

/// Returns the names of the checks that are not ok, with their status.
fn faults(stack: &Stack, found: &BucketSettings) -> Vec<(&'static str, Status)> {
    let checks = settings(stack, BUCKET, found).into_iter();
    let faults = checks.filter(|it| it.status != Status::Ok);
    faults.map(|it| (it.check, it.status)).collect()
}

#[test]
fn each_setting_is_judged_by_itself() {
    let stack = sample::stack(&[("LogFileRetentionDays", "365")]);
    assert_eq!(faults(&stack, &healthy()), []);
    let off = BucketSettings {
        events: Ok(false),
        ..healthy()
    };
    assert_eq!(faults(&stack, &off), [("events", Status::Wrong)]);
    let suspended = BucketSettings {
        versioning: Ok(Versioning { enabled: false }),
        ..healthy()
    };
    assert_eq!(faults(&stack, &suspended), [("versioning", Status::Wrong)]);
    let rule = |days| ExpirationRule {
        id: "old".to_owned(),
        days: Some(days),
        ..ExpirationRule::default()
    };
    for (days, expected) in [(364, &[("lifecycle", Status::Wrong)][..]), (365, &[])] {
        let expires = BucketSettings {
            lifecycle: Ok(Lifecycle {
                rules: vec![rule(days)],
            }),
            ..healthy()
        };
        assert_eq!(faults(&stack, &expires), expected);
        let unstated = sample::stack(&[]);
        assert_eq!(faults(&unstated, &expires), []);
    }
}

#[test]
fn a_denied_request_cannot_tell_and_names_the_permission() {
    let unread = BucketSettings {
        versioning: denied(),
        ..healthy()
    };
    let stack = sample::stack(&[]);
    assert_eq!(
        faults(&stack, &unread),
        [("versioning", Status::CannotTell)]
    );
    let check = versioning(&stack, BUCKET, &unread);
    let expected = r#"{"Action":["s3:GetBucketVersioning"],"Effect":"Allow","Resource":"arn:aws:s3:::amzn-s3-demo-bucket"}"#;
    assert_eq!(check.remedies, [Remedy::Grant(expected.to_owned())]);
}

#[test]
fn a_policy_that_denies_the_functions_is_wrong() {
    let stack = sample::stack(&[]);
    let deny = |condition: Value| {
        with_policy(json!({
            "Sid": "Guard", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::amzn-s3-demo-bucket/*", "Condition": condition
        }))
    };
    for (condition, expected) in [
        (json!({}), &[("bucket policy", Status::Wrong)][..]),
        (json!({"Bool": {"aws:SecureTransport": "false"}}), &[]),
        (
            json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}),
            &[("bucket policy", Status::Wrong)],
        ),
        (
            json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/trailseal-*"}}),
            &[],
        ),
        (
            json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}),
            &[("bucket policy", Status::CannotTell)],
        ),
    ] {
        assert_eq!(
            faults(&stack, &deny(condition.clone())),
            expected,
            "{condition}"
        );
    }
}

#[test]
fn the_policy_of_a_bucket_of_another_account_must_allow_the_functions() {
    let stack = sample::stack(&[("LogBucketOwner", "444455556666")]);
    let found = healthy();
    assert_eq!(faults(&stack, &found), [("bucket policy", Status::Wrong)]);
    let check = policy(&stack, BUCKET, &found);
    let Some(Remedy::Statement(statement)) = check.remedies.first() else {
        panic!("{check:?}");
    };
    let mended = with_policy(serde_json::from_str(statement).unwrap());
    assert_eq!(faults(&stack, &mended), []);
    assert_eq!(faults(&sample::stack(&[]), &found), []);
}

#[test]
fn the_place_of_a_bucket() {
    let stack = sample::stack(&[]);
    for (found, expected) in [
        (Ok(BucketPlace::Here("us-east-1".to_owned())), Status::Ok),
        (Ok(BucketPlace::Here("eu-west-1".to_owned())), Status::Wrong),
        (Ok(BucketPlace::OtherOwner), Status::Wrong),
        (Ok(BucketPlace::Missing), Status::Wrong),
        (denied(), Status::CannotTell),
    ] {
        assert_eq!(place(&stack, BUCKET, &found).status, expected, "{found:?}");
    }
}
