//! Hostile records: any request, and very many calls.

use super::{call, stop_logging, to_bucket, to_key, to_trail, weakened};
use crate::case::{Case, Record, kinds};
use proptest::prelude::*;
use serde_json::{Value, json};
use trailseal::finding::FindingKind;

/// Returns any JSON value of bounded size.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("Enabled")),
        Just(json!("*")),
    ];
    let names = prop_oneof![
        "\\PC{0,6}",
        Just("Rule".to_owned()),
        Just("Statement".to_owned()),
        Just("Principal".to_owned()),
        Just("Status".to_owned()),
        Just("Days".to_owned()),
        Just("fieldSelectors".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..4)
                .prop_map(|fields| json!(fields)),
        ]
    })
}

proptest! {
    /// A call with any request is judged, and the call after it as well.
    #[test]
    fn any_request_is_judged(content in any_json(), place in 0..9_usize) {
        let trail = |name: &str, field: &str| {
            let mut request = json!({"name": crate::case::TRAIL, "trailName": crate::case::TRAIL});
            request[field] = content.clone();
            to_trail(name, request)
        };
        let record = match place {
            0 => trail("UpdateTrail", "kmsKeyId"),
            1 => trail("PutEventSelectors", "eventSelectors"),
            2 => trail("PutEventSelectors", "advancedEventSelectors"),
            3 => to_key("PutKeyPolicy").with("/requestParameters/policy", content.to_string()),
            4 => to_bucket("PutBucketPolicy", "bucketPolicy", content.clone()),
            5 => to_bucket("PutBucketLifecycle", "LifecycleConfiguration", content.clone()),
            6 => to_bucket("PutBucketReplication", "ReplicationConfiguration", content.clone()),
            7 => to_bucket("PutBucketNotification", "NotificationConfiguration", content.clone()),
            _ => call("s3.amazonaws.com", "DeleteBucket", content.clone()),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let report = runtime.block_on(Case::new().check(&[record.id("any"), stop_logging()]));
        prop_assert!(report.report.obstacles.is_empty());
        let found = weakened(&report);
        let stopped = found.iter().filter(|it| it.message.contains("called StopLogging"));
        prop_assert_eq!(stopped.count(), 1);
    }
}

/// A caller who makes very many calls hides none of them, and has no log file parked.
#[tokio::test]
async fn a_flood_of_calls_hides_no_call_on_a_configured_trail() {
    let other = |number: usize| {
        let name = format!("trail-{number}");
        to_trail("DeleteTrail", json!({"name": name})).id(&format!("other-{number}"))
    };
    let mut records: Vec<Record> = (0..3000).map(other).collect();
    records.push(stop_logging());
    let report = Case::new().check(&records).await;
    assert_eq!(kinds(&report), [FindingKind::LoggingWeakened]);
    // Without configured trails, it says how many calls are not checked.
    let report = Case::unconfigured().check(&records).await;
    assert_eq!(kinds(&report), [FindingKind::LoggingWeakened]);
    assert!(
        weakened(&report)[0]
            .message
            .starts_with("2901 more findings of this kind"),
        "{:#?}",
        weakened(&report)
    );
    assert_eq!(report.report.rules["logging"].cannot_tell, 2901);
}

/// A request that is larger than CloudTrail writes is not read.
#[tokio::test]
async fn a_request_that_is_too_large_is_not_read() {
    let padded = |bytes: usize| {
        to_bucket(
            "PutBucketVersioning",
            "VersioningConfiguration",
            json!({"Status": "Suspended"}),
        )
        .with("/requestParameters/padding", "x".repeat(bytes))
    };
    assert_eq!(kinds(&Case::new().check(&[padded(100_000)]).await).len(), 1);
    assert_eq!(kinds(&Case::new().check(&[padded(200_000)]).await).len(), 0);
}
