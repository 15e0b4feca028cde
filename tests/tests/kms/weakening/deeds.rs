//! What a finding says, and which findings are one incident.

use super::{stop_logging, to_bucket, to_trail, weakened};
use crate::case::{BUCKET, Case, RECORDED, TRAIL, only, session};
use serde_json::json;
use trailseal::finding::{FindingKind, Severity};

#[tokio::test]
async fn the_finding_says_who_did_what_from_where() {
    let mut case = Case::new();
    let record = stop_logging().by(session("Admin", "eve"));
    let report = case.check(&[record]).await;
    let finding = only(&report);
    assert_eq!(finding.kind, FindingKind::LoggingWeakened);
    assert_eq!(finding.severity(), Severity::High);
    assert_eq!(
        finding.message,
        format!(
            "arn:aws:sts::111122223333:assumed-role/Admin/eve called StopLogging on the trail {TRAIL} through AWS Internal at 2026-01-15T12:10:31Z. The trail records nothing until somebody starts its logging again."
        )
    );
    assert_eq!(
        finding.actual.as_deref(),
        Some(
            "StopLogging from 198.51.100.7, with aws-cli/2.31.0, in account 111122223333, in Region us-east-1 (event ID 2f8e806b-355c-49fc-9ac6-7cea7d864938)"
        )
    );
    assert_eq!(
        (finding.object.bucket.as_str(), finding.object.key.as_str()),
        (BUCKET, RECORDED)
    );
    assert_eq!(finding.scope.trail.as_deref(), Some(TRAIL));
    assert!(finding.advice().contains("aws cloudtrail start-logging"));
}

#[tokio::test]
async fn one_call_is_one_occurrence_however_often_it_is_recorded() {
    let mut case = Case::new();
    let first = case.check(&[stop_logging(), stop_logging()]).await;
    let (id, occurrence) = (only(&first).id(), only(&first).occurrence());
    assert!(!only(&first).message.contains("more like it"));
    // The same record in another log file, of another Region or another trail.
    let elsewhere = RECORDED.replace("recordedInThis01", "recordedInThis02");
    case.recorded = crate::case::log_file(&elsewhere, &[]);
    let again = case.check(&[stop_logging()]).await;
    assert_eq!(
        (only(&again).id(), only(&again).occurrence()),
        (id, occurrence)
    );
    // CloudTrail records a call from another account in both accounts, under two event IDs.
    let shared = |id: &str| stop_logging().id(id).with("/sharedEventID", "7d1a");
    let both = case.check(&[shared("a"), shared("b")]).await;
    assert!(!only(&both).message.contains("more like it"));
    assert_ne!(only(&both).occurrence(), occurrence);
    assert_eq!(only(&both).id(), id);
}

#[tokio::test]
async fn an_incident_is_one_action_on_one_resource() {
    let mut case = Case::new();
    let records = [
        stop_logging().id("1"),
        stop_logging().id("2"),
        to_trail("DeleteTrail", json!({"name": TRAIL})).id("3"),
        to_bucket("DeleteBucketPolicy", "", json!(null)).id("4"),
        to_bucket("DeletePublicAccessBlock", "", json!(null)).id("5"),
        // The same action under its other name.
        to_bucket("DeleteBucketPublicAccessBlock", "", json!(null)).id("6"),
    ];
    let report = case.check(&records).await;
    let found = weakened(&report);
    let more: Vec<bool> = found
        .iter()
        .map(|finding| finding.message.contains("And 1 more like it"))
        .collect();
    assert_eq!(more, [true, false, false, true]);
    assert_eq!(report.report.rules["logging"].finding, 6);
}

/// The rule needs neither trails nor keys: a bucket is always configured.
#[tokio::test]
async fn nothing_else_needs_to_be_configured() {
    let mut case = Case::unconfigured();
    case.recorded.encryption = trailseal_tests::trail::Encryption::S3;
    let report = case
        .check(&[to_bucket("DeleteBucketPolicy", "", json!(null))])
        .await;
    assert_eq!(only(&report).kind, FindingKind::LoggingWeakened);
}
