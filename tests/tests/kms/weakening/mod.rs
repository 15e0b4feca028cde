//! Rule 11: calls that weaken the logging of our trails, buckets and keys, next to the most similar
//! ones that do not.

#![expect(
    clippy::needless_pass_by_value,
    reason = "JSON is written where it is used"
)]

mod buckets;
mod deeds;
mod flood;
mod generated;
mod keys;
mod policies;
mod trails;

use crate::case::{ACCOUNT, BUCKET, Case, KEY, Record, TRAIL, user, verdicts};
use serde_json::{Value, json};
use trailseal::check::kms_events::KmsReport;
use trailseal::finding::{Finding, FindingKind, Verdict};
use trailseal::kms::rules::Rule;

/// Returns a call of the user `eve`, as CloudTrail records it.
pub(super) fn call(source: &str, name: &str, request: Value) -> Record {
    Record(json!({
        "eventVersion": "1.11",
        "userIdentity": user("eve"),
        "eventTime": "2026-01-15T12:10:31Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": request,
        "responseElements": null,
        "requestID": "53d6e726-1218-4f3b-83fd-2fc084b2160e",
        "eventID": "2f8e806b-355c-49fc-9ac6-7cea7d864938",
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }))
}

pub(super) fn to_trail(name: &str, request: Value) -> Record {
    call("cloudtrail.amazonaws.com", name, request)
}

/// Returns a call about the log bucket, with an element of its request.
pub(super) fn to_bucket(name: &str, element: &str, content: Value) -> Record {
    let mut request = json!({
        "bucketName": BUCKET,
        "Host": format!("{BUCKET}.s3.us-east-1.amazonaws.com"),
    });
    if !element.is_empty() {
        request[element] = content;
    }
    call("s3.amazonaws.com", name, request).with(
        "/resources",
        json!([{"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{BUCKET}")}]),
    )
}

/// Returns a call about the trail's key.
pub(super) fn to_key(name: &str) -> Record {
    call("kms.amazonaws.com", name, json!({"keyId": KEY})).with(
        "/resources",
        json!([{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": KEY}]),
    )
}

pub(super) fn stop_logging() -> Record {
    to_trail("StopLogging", json!({"name": TRAIL}))
}

/// Returns what rule 11 says about one record: the changes that are reported, `valid`, `refused`,
/// `cannot tell`, or nothing.
pub(super) async fn said(case: &mut Case, record: Record) -> Vec<String> {
    let report = case.check(&[record]).await;
    let obstacles = &report.report.obstacles;
    assert!(obstacles.is_empty(), "{obstacles:#?}");
    let findings: Vec<&Finding> = weakened(&report);
    let judged = verdicts(&report, Rule::Logging);
    match (findings.as_slice(), judged.as_slice()) {
        ([], []) => Vec::new(),
        ([], [Verdict::Valid]) => vec!["valid".to_owned()],
        ([], [Verdict::Ignored]) => vec!["refused".to_owned()],
        ([], [Verdict::CannotTell]) => vec!["cannot tell".to_owned()],
        ([finding], [Verdict::Finding]) => {
            let time = " at 2026-01-15T12:10:31Z. ";
            let (_, changes) = finding.message.split_once(time).unwrap();
            let changes = changes.trim_end_matches('.').split(". ");
            changes.map(in_lower_case).collect()
        }
        other => panic!("{other:#?}"),
    }
}

/// Returns a sentence as the rule says it.
fn in_lower_case(sentence: &str) -> String {
    if sentence.starts_with("S3 ") {
        return sentence.to_owned();
    }
    let (first, rest) = sentence.split_at(1);
    format!("{}{rest}", first.to_ascii_lowercase())
}

pub(super) fn weakened(report: &KmsReport) -> Vec<&Finding> {
    let findings = report.report.findings.iter();
    findings
        .filter(|finding| finding.kind == FindingKind::LoggingWeakened)
        .collect()
}

/// Asserts what rule 11 says about each record.
pub(super) async fn assert_said(rows: Vec<(Record, &[&str])>) {
    for (record, expected) in rows {
        let shown = record.0.to_string();
        let said = said(&mut Case::new(), record).await;
        assert_eq!(said, expected, "{shown}");
    }
}
