//! Rules 5 and 6: only CloudTrail writes, and KMS allows it.

use crate::case::{
    ACCOUNT, ALIAS, BARE, BUCKET, Case, DELIVERED, KEY, OBJECT_OF, OTHER_KEY, RECORDED, Record,
    TRAIL_OF, arn_of, kinds, log_key, only, session, user, verdicts,
};
use serde_json::{Value, json};
use trailseal::finding::FindingKind::{KmsDeliveryDenied, KmsForeignCaller};
use trailseal::finding::{Finding, Verdict};
use trailseal::kms::rules::Rule;
use trailseal::world::KeyDescription;

/// CloudTrail's own account, as older events show it.
const CLOUDTRAILS: &str = "086441151436";

fn old_role(account: &str) -> Value {
    json!({
        "type": "AssumedRole",
        "principalId": "AROACKCEVSQ6C2EXAMPLE:i-34755b85",
        "arn": format!("arn:aws:sts::{account}:assumed-role/AWSCloudTrail/i-34755b85"),
        "accountId": account,
        "sessionContext": {"sessionIssuer": {
            "type": "Role",
            "arn": format!("arn:aws:iam::{account}:role/AWSCloudTrail"),
            "userName": "AWSCloudTrail",
        }},
        "invokedBy": "internal.amazonaws.com",
    })
}

fn old_user(account: &str) -> Value {
    json!({
        "type": "IAMUser",
        "principalId": "AIDACKCEVSQ6C2EXAMPLE",
        "arn": format!("arn:aws:iam::{account}:user/AWSCloudTrail"),
        "accountId": account,
        "userName": "AWSCloudTrail",
        "invokedBy": "internal.amazonaws.com",
    })
}

fn old(identity: Value) -> Record {
    Record::delivery()
        .by(identity)
        .with("/eventType", "AwsServiceEvent")
        .with("/sourceIPAddress", "internal.amazonaws.com")
        .with("/userAgent", "internal.amazonaws.com")
}

#[tokio::test]
async fn cloudtrail_is_recognized_in_its_old_and_its_current_form() {
    let china = json!({"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com.cn"});
    for record in [
        Record::delivery(),
        Record::delivery().by(china),
        Record::delivery().with("/eventType", "AwsServiceEvent"),
        old(old_role(CLOUDTRAILS)),
        old(old_user(CLOUDTRAILS)),
    ] {
        let report = Case::new().check(&[record]).await;
        assert_eq!(kinds(&report), []);
        assert_eq!(verdicts(&report, Rule::Caller), [Verdict::Valid]);
        assert_eq!(report.waiting.len(), 1);
    }
}

#[tokio::test]
async fn a_caller_that_imitates_cloudtrail_is_reported() {
    let set = |mut identity: Value, name: &str, value: Value| {
        identity[name] = value;
        identity
    };
    let cloudtrail = json!("cloudtrail.amazonaws.com");
    let service = json!({"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"});
    let impostors = [
        // In the caller's own account, with the name and everything else.
        old(old_role(ACCOUNT)),
        old(old_user(ACCOUNT)),
        // With an account other than the one in its ARN.
        old(set(old_role(ACCOUNT), "accountId", json!(CLOUDTRAILS))),
        old(set(old_user(CLOUDTRAILS), "accountId", json!(ACCOUNT))),
        // Not a service event, not from inside AWS.
        old(old_role(CLOUDTRAILS)).with("/eventType", "AwsApiCall"),
        old(old_role(CLOUDTRAILS)).without("/eventType"),
        old(set(
            old_role(CLOUDTRAILS),
            "invokedBy",
            json!("AWS Internal"),
        )),
        old(set(old_role(CLOUDTRAILS), "invokedBy", cloudtrail.clone())),
        old(set(old_role(CLOUDTRAILS), "invokedBy", Value::Null)),
        // Almost its name.
        old(set(
            old_role(CLOUDTRAILS),
            "arn",
            json!("arn:aws:sts::086441151436:assumed-role/AWSCloudTrailX/i-34755b85"),
        )),
        old(set(
            old_role(CLOUDTRAILS),
            "arn",
            json!("arn:aws:sts::086441151436:assumed-role/x/AWSCloudTrail"),
        )),
        old(set(
            old_user(CLOUDTRAILS),
            "arn",
            json!("arn:aws:iam::086441151436:user/path/AWSCloudTrail"),
        )),
        old(set(old_user(CLOUDTRAILS), "type", json!("AssumedRole"))),
        old(set(old_role(CLOUDTRAILS), "type", json!("IAMUser"))),
        old(set(old_role(CLOUDTRAILS), "type", json!("FederatedUser"))),
        // The service's name where it proves nothing.
        Record::delivery().by(set(user("mallory"), "invokedBy", cloudtrail.clone())),
        Record::delivery().by(set(session("Admin", "m"), "invokedBy", cloudtrail.clone())),
        Record::delivery().by(set(
            session("AWSCloudTrail", "cloudtrail.amazonaws.com"),
            "invokedBy",
            cloudtrail.clone(),
        )),
        Record::delivery().by(set(user("mallory"), "userName", cloudtrail.clone())),
        Record::delivery().by(set(user("mallory"), "principalId", cloudtrail.clone())),
        Record::delivery().by(
            json!({"type": "AWSAccount", "accountId": "444455556666", "invokedBy": cloudtrail}),
        ),
        Record::delivery().by(json!({"type": "AWSService", "principalId": cloudtrail})),
        // Another service, and names that only contain CloudTrail's.
        Record::delivery().by(set(
            service.clone(),
            "invokedBy",
            json!("config.amazonaws.com"),
        )),
        Record::delivery().by(set(
            service.clone(),
            "invokedBy",
            json!("cloudtrail.amazonaws.com.evil"),
        )),
        Record::delivery().by(set(
            service.clone(),
            "invokedBy",
            json!("xcloudtrail.amazonaws.com"),
        )),
        Record::delivery().by(set(
            service.clone(),
            "invokedBy",
            json!(["cloudtrail.amazonaws.com"]),
        )),
        Record::delivery().by(set(service.clone(), "type", json!("awsservice"))),
        Record::delivery().by(set(service, "type", Value::Null)),
        // No caller at all.
        Record::delivery().by(Value::Null),
        Record::delivery().by(json!("cloudtrail.amazonaws.com")),
        Record::delivery().by(json!([])),
        Record::delivery().without("/userIdentity"),
    ];
    for record in impostors {
        let report = Case::new().check(std::slice::from_ref(&record)).await;
        let finding = only(&report);
        assert_eq!(finding.kind, KmsForeignCaller, "{record:#?}");
        assert_eq!(finding.object.key, DELIVERED);
        assert!(
            finding
                .message
                .contains("7738554f-92ab-4e27-83e3-03354b1aa898")
        );
        // No digest is expected to list a file that CloudTrail did not deliver.
        assert_eq!(report.waiting, []);
    }
}

#[tokio::test]
async fn a_foreign_writer_is_reported_in_each_form_of_the_context() {
    let by_mallory = || Record::delivery().by(user("mallory"));
    for record in [
        by_mallory(),
        by_mallory().without(TRAIL_OF),
        by_mallory().object("AWSLogs/111122223333/"),
        by_mallory().with(OBJECT_OF, format!("arn:aws:s3:::{BUCKET}")),
        by_mallory().with("/eventName", "GenerateDataKeyWithoutPlaintext"),
        by_mallory().with("/eventName", "GenerateDataKeyPair"),
        by_mallory().with("/eventName", "Encrypt"),
    ] {
        let report = Case::new().check(&[record]).await;
        assert_eq!(only(&report).kind, KmsForeignCaller);
        let actual = only(&report).actual.clone().unwrap();
        assert!(
            actual.contains("user/mallory from cloudtrail.amazonaws.com"),
            "{actual}"
        );
    }
    // Each writer is one finding, which names the files.
    let records = [
        by_mallory(),
        by_mallory().id("again"),
        by_mallory().by(user("eve")),
        by_mallory().object(&log_key(1)),
    ];
    let report = Case::new().check(&records).await;
    assert_eq!(kinds(&report), [KmsForeignCaller; 2]);
    let by_mallory = &report.report.findings[0];
    assert!(
        by_mallory.message.contains("And 2 more like it")
            && by_mallory.message.contains(&log_key(1)),
        "{by_mallory:#?}"
    );
}

#[tokio::test]
async fn refused_writers_and_writers_of_other_objects_are_not_reported() {
    let by_mallory = || Record::delivery().by(user("mallory"));
    for record in [
        by_mallory().refused(),
        by_mallory().object("notes/on call.txt").without(TRAIL_OF),
        by_mallory()
            .with(OBJECT_OF, format!("arn:aws:s3:::{BUCKET}"))
            .without(TRAIL_OF),
        by_mallory().without("/requestParameters/encryptionContext"),
        by_mallory().with("/eventName", "DescribeKey"),
    ] {
        assert_eq!(Case::new().kinds(record).await, []);
    }
}

#[tokio::test]
async fn replication_writes_into_a_replica_and_nowhere_else() {
    let replica = "amzn-s3-demo-replica";
    let replicates = |bucket: &str| {
        Record::delivery()
            .by(session("replication", "s3-replication"))
            .without(TRAIL_OF)
            .with(OBJECT_OF, arn_of(DELIVERED).replace(BUCKET, bucket))
    };
    // Either the original and its replica are watched, or only the replica.
    for watched in [vec![BUCKET, replica], vec![replica]] {
        let mut case = Case::new();
        case.expected.places.log_buckets = watched.iter().map(|it| (*it).to_owned()).collect();
        case.expected.places.aliases = vec![(BUCKET.to_owned(), replica.to_owned())];
        case.recorded.bucket = watched[watched.len() - 1].to_owned();
        assert_eq!(case.recorded.key, RECORDED);
        assert_eq!(case.kinds(replicates(replica)).await, [], "{watched:?}");
        assert_eq!(
            case.kinds(replicates(BUCKET)).await,
            [KmsForeignCaller],
            "{watched:?}"
        );
    }
}

#[tokio::test]
async fn refused_deliveries_are_one_finding_for_each_key() {
    let mut case = Case::new();
    let description = KeyDescription {
        arn: KEY.to_owned(),
        spec: "SYMMETRIC_DEFAULT".to_owned(),
        usage: "ENCRYPT_DECRYPT".to_owned(),
        state: "Disabled".to_owned(),
        expires: None,
    };
    case.memory.describe_as(ALIAS, description);
    let refused = |number: usize, name: &str, time: &str| {
        Record::delivery()
            .refused()
            .object(&log_key(number))
            .id(&format!("refused-{number}"))
            .with("/requestParameters/keyId", name)
            .with("/eventTime", time)
    };
    let records = [
        refused(1, KEY, "2026-01-15T11:59:59Z"),
        refused(2, KEY, "2026-01-15T12:30:00Z"),
        refused(3, BARE, "2026-01-15T12:00:00Z"),
        refused(4, ALIAS, "2026-01-15T12:59:59Z"),
        refused(5, OTHER_KEY, "2026-01-15T12:01:00Z"),
    ];
    let report = case.check(&records).await;
    assert_eq!(kinds(&report), [KmsDeliveryDenied; 2]);
    assert_eq!(verdicts(&report, Rule::Delivery), [Verdict::Finding; 5]);
    assert_eq!(report.waiting, []);
    let of_ours = |finding: &&Finding| finding.about.as_deref() == Some(KEY);
    let four = report.report.findings.iter().find(of_ours).unwrap();
    assert!(four.message.contains("4 times"), "{four:#?}");
    // About the first of them.
    assert_eq!(four.object.key, log_key(1));
    let actual = four.actual.as_ref().unwrap();
    assert!(
        actual.contains("AccessDenied") && actual.contains("refused-1"),
        "{actual}"
    );
    // Another log file, another name: the same incident.
    let mut names = Vec::new();
    for name in [KEY, BARE, ALIAS] {
        let report = case
            .check(&[refused(9, name, "2026-01-15T12:10:00Z")])
            .await;
        names.push(only(&report).about.clone().unwrap());
    }
    assert_eq!(names, vec![four.about.clone().unwrap(); 3]);
    assert_eq!(names[0], KEY);
}

#[tokio::test]
async fn a_refused_call_of_anybody_else_is_not_a_refused_delivery() {
    for record in [
        Record::delivery().refused().by(user("mallory")),
        Record::read().refused(),
        Record::delivery().refused().with("/eventName", "Decrypt"),
    ] {
        assert_eq!(Case::new().kinds(record).await, []);
    }
    // And a delivery that was refused at first, and then succeeded.
    let report = Case::new()
        .check(&[Record::delivery().refused().id("first"), Record::delivery()])
        .await;
    assert_eq!(kinds(&report), [KmsDeliveryDenied]);
    assert_eq!(report.waiting.len(), 1);
    assert!(only(&report).message.contains("a data key once"));
}
