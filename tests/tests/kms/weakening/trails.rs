//! Calls to CloudTrail.

use super::{assert_said, said, stop_logging, to_trail};
use crate::case::{BUCKET, Case, KEY, OTHER_KEY, RECORDED, TRAIL, log_file, named};
use serde_json::json;

const STOPPED: &str = "the trail records nothing until somebody starts its logging again";
const DELETED: &str = "the trail is deleted: it records nothing any longer";
const NO_VALIDATION: &str = "log file validation is off: CloudTrail delivers no digests, so nobody can verify later log files";
const ONE_REGION: &str = "the trail records only its home Region, and no other Region";
const NO_GLOBAL: &str = "the trail does not record the events of global services, such as IAM";
const NO_KEY: &str = "log files are no longer encrypted under the trail's key, and KMS events no longer show their delivery";

#[tokio::test]
async fn calls_that_end_logging_are_reported() {
    assert_said(vec![
        (stop_logging(), &[STOPPED]),
        (
            to_trail("StopLogging", json!({"name": "management-events"})),
            &[STOPPED],
        ),
        (to_trail("DeleteTrail", json!({"name": TRAIL})), &[DELETED]),
        (stop_logging().with("/eventName", "StartLogging"), &[]),
        (stop_logging().with("/eventName", "GetTrailStatus"), &[]),
        (
            stop_logging().with("/eventSource", "iam.amazonaws.com"),
            &[],
        ),
        // No trail, or not a trail's name.
        (to_trail("StopLogging", json!({})), &[]),
        (to_trail("StopLogging", json!({"name": 7})), &[]),
        (to_trail("StopLogging", json!({"name": "a/b"})), &[]),
        (to_trail("StopLogging", json!(null)), &[]),
    ])
    .await;
}

/// A member account may have a trail of the same name, and so may another Region.
#[tokio::test]
async fn a_trail_of_the_same_name_elsewhere_is_not_ours() {
    let by_name = || to_trail("StopLogging", json!({"name": "management-events"}));
    let member = "arn:aws:cloudtrail:us-east-1:444455556666:trail/management-events";
    assert_said(vec![
        (by_name().with("/recipientAccountId", "444455556666"), &[]),
        (by_name().with("/awsRegion", "eu-west-1"), &[]),
        (to_trail("StopLogging", json!({"name": member})), &[]),
        // A delegated administrator names the trail of the management account by its ARN.
        (
            stop_logging().with("/recipientAccountId", "444455556666"),
            &[STOPPED],
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_refused_call_weakens_nothing() {
    assert_said(vec![
        (
            stop_logging().with("/errorCode", "AccessDenied"),
            &["refused"],
        ),
        (
            stop_logging().with("/errorCode", "TrailNotFoundException"),
            &["refused"],
        ),
        // An error of another type is still an error.
        (
            stop_logging().with("/errorCode", json!({"x": 1})),
            &["refused"],
        ),
        (stop_logging().with("/errorCode", json!(null)), &[STOPPED]),
    ])
    .await;
}

#[tokio::test]
async fn settings_that_weaken_a_trail_are_reported() {
    let update = |field: &str, value: serde_json::Value| {
        to_trail("UpdateTrail", json!({"name": TRAIL, field: value}))
    };
    assert_said(vec![
        (
            update("s3BucketName", json!("amzn-s3-demo-bucket1")),
            &[
                "the trail delivers to the bucket amzn-s3-demo-bucket1, which is not a configured log bucket",
            ],
        ),
        (update("s3BucketName", json!(BUCKET)), &["valid"]),
        (update("enableLogFileValidation", json!(false)), &[NO_VALIDATION]),
        (update("enableLogFileValidation", json!(true)), &["valid"]),
        (update("isMultiRegionTrail", json!(false)), &[ONE_REGION]),
        (update("isMultiRegionTrail", json!(true)), &["valid"]),
        (update("includeGlobalServiceEvents", json!(false)), &[NO_GLOBAL]),
        (update("includeGlobalServiceEvents", json!(true)), &["valid"]),
        // The console sends it for every trail of an account.
        (update("isOrganizationTrail", json!(false)), &["valid"]),
        (update("kmsKeyId", json!("")), &[NO_KEY]),
        (update("kmsKeyId", json!(KEY)), &["valid"]),
        (
            update("kmsKeyId", json!(OTHER_KEY)),
            &["log files are encrypted under the key arn:aws:kms:us-east-1:111122223333:key/0ddba11a-0dd0-4bad-8bad-0ddba11a0ddb, which is not a configured key"],
        ),
        // An alias of our key: the response has the key.
        (
            update("kmsKeyId", json!("alias/logs"))
                .with("/responseElements", json!({"trailARN": TRAIL, "kmsKeyId": KEY})),
            &["valid"],
        ),
        (update("snsTopicName", json!("")), &["valid"]),
        (
            to_trail(
                "UpdateTrail",
                json!({"name": TRAIL, "enableLogFileValidation": false, "isMultiRegionTrail": false}),
            ),
            &[NO_VALIDATION, ONE_REGION],
        ),
        // CloudTrail omits a request that is too large.
        (
            to_trail("UpdateTrail", json!(null)).with("/responseElements", json!({"trailARN": TRAIL})),
            &["cannot tell"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn the_encryption_that_ends_must_have_existed() {
    let end = || to_trail("UpdateTrail", json!({"name": TRAIL, "kmsKeyId": ""}));
    let mut case = Case::new();
    case.expected.key_arns.clear();
    assert_eq!(said(&mut case, end()).await, [NO_KEY]);
    case.recorded.encryption = trailseal_tests::trail::Encryption::S3;
    assert_eq!(said(&mut case, end()).await, ["valid"]);
}

#[tokio::test]
async fn an_organization_trail_that_becomes_an_account_trail_is_reported() {
    let mut case = Case::new();
    let key = RECORDED.replace("AWSLogs/", "AWSLogs/o-exampleorgid/");
    case.recorded = log_file(&key, &[]);
    let update = to_trail(
        "UpdateTrail",
        json!({"name": TRAIL, "isOrganizationTrail": false}),
    );
    assert_eq!(
        said(&mut case, update).await,
        ["the trail no longer records the other accounts of the organization"]
    );
}

#[tokio::test]
async fn basic_selectors_must_select_all_management_events() {
    let put = |selectors: serde_json::Value| {
        let request = json!({"trailName": "management-events", "eventSelectors": selectors});
        to_trail("PutEventSelectors", request).with("/responseElements", json!({"trailARN": TRAIL}))
    };
    let none = "the trail records no management events";
    let [no_reads, no_writes] =
        ["read", "write"].map(|part| format!("the trail does not record {part} management events"));
    let data = json!([{"type": "AWS::S3::Object", "values": []}]);
    assert_said(vec![
        // As Stratus Red Team hides from CloudTrail.
        (
            put(json!([{"readWriteType": "ReadOnly", "includeManagementEvents": false, "dataResources": data, "excludeManagementEventSources": []}])),
            &[none],
        ),
        (put(json!([])), &[none]),
        (
            put(json!([{"readWriteType": "All", "includeManagementEvents": true, "dataResources": [], "excludeManagementEventSources": []}])),
            &["valid"],
        ),
        (put(json!([{"dataResources": data}])), &["valid"]),
        (put(json!([{"readWriteType": "WriteOnly"}])), &[&no_reads]),
        (put(json!([{"readWriteType": "ReadOnly"}])), &[&no_writes]),
        (
            put(json!([{"readWriteType": "ReadOnly"}, {"readWriteType": "WriteOnly"}])),
            &["valid"],
        ),
        (
            put(json!([{"readWriteType": "All", "excludeManagementEventSources": ["kms.amazonaws.com"]}])),
            &[
                "the trail records write management events only where their source is not kms.amazonaws.com",
                "the trail records read management events only where their source is not kms.amazonaws.com",
            ],
        ),
        (
            put(json!([{"excludeManagementEventSources": ["kms.amazonaws.com"]}, {"readWriteType": "All"}])),
            &["valid"],
        ),
        (
            to_trail("PutEventSelectors", json!({"trailName": TRAIL})),
            &["cannot tell"],
        ),
        (
            to_trail("PutInsightSelectors", json!({"trailName": TRAIL, "insightSelectors": []})),
            &[],
        ),
    ])
    .await;
}

#[tokio::test]
async fn advanced_selectors_must_select_all_management_events() {
    let field =
        |field: &str, operator: &str, values: &[&str]| json!({"field": field, operator: values});
    let management = || field("eventCategory", "equals", &["Management"]);
    let put = |selectors: &[&[serde_json::Value]]| {
        let selectors = selectors
            .iter()
            .map(|fields| json!({"name": "x", "fieldSelectors": fields}));
        to_trail(
            "PutEventSelectors",
            json!({"trailName": TRAIL, "advancedEventSelectors": selectors.collect::<Vec<_>>()}),
        )
    };
    let data = || field("eventCategory", "equals", &["Data"]);
    let no_kms = || field("eventSource", "notEquals", &["kms.amazonaws.com"]);
    let reads = |value: &str| field("readOnly", "equals", &[value]);
    assert_said(vec![
        (put(&[&[management()]]), &["valid"]),
        (put(&[&[data()], &[management()]]), &["valid"]),
        (
            put(&[&[management(), reads("true")], &[management(), reads("false")]]),
            &["valid"],
        ),
        (
            put(&[&[data()]]),
            &["the trail records no management events"],
        ),
        (
            put(&[&[management(), reads("false")]]),
            &["the trail does not record read management events"],
        ),
        (
            put(&[&[management(), no_kms()]]),
            &[
                "the trail records write management events only where eventSource is not kms.amazonaws.com",
                "the trail records read management events only where eventSource is not kms.amazonaws.com",
            ],
        ),
        (
            put(&[&[management(), reads("true")], &[management(), reads("false"), no_kms()]]),
            &["the trail records write management events only where eventSource is not kms.amazonaws.com"],
        ),
    ])
    .await;
}

/// If no trail is configured, those whose digests are beside the log file are ours.
#[tokio::test]
async fn an_unconfigured_trail_is_ours_if_it_delivers_here() {
    let digest = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_management-events_us-east-1_20260115T110000Z.json.gz";
    let mut case = Case::unconfigured();
    assert!(said(&mut case, stop_logging()).await.is_empty());
    case.memory.put(named(digest));
    assert_eq!(said(&mut case, stop_logging()).await, [STOPPED]);
    let other = to_trail("StopLogging", json!({"name": "another-trail"}));
    assert!(said(&mut case, other).await.is_empty());
}
