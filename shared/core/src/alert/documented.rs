//! The emails in the documents are the ones that the code composes.

use super::findings_message;
use super::incident::Incident;
use super::notice::Notice;
use super::received::{self, Received};
use super::{AlertEntry, compose};
use crate::check::guard::STATE_KEY;
use crate::finding::chain::{LastSigned, predecessor_missing};
use crate::finding::changed::{ChangedKind, ChangedObject, LeftVersions, deleted};
use crate::finding::digest::DigestSubject;
use crate::finding::guard::GuardCondition;
use crate::finding::kms::{EventReference, FindingSubject, ForeignCaller, foreign_caller};
use crate::finding::log_file::{LogFileSubject, wrong};
use crate::finding::{DigestReference, Finding, Restoration, Scope, Stamp};
use crate::names::deed::{Deed, ObjectAction, Removal};
use crate::names::location::ObjectLocation;
use crate::names::sha256::Sha256;
use crate::trust::log_file::LogFileError;
use crate::world::Absence;
use jiff::Timestamp;
use serde_json::Value;

const ALERTS: &str = include_str!("../../../../docs/alerts.md");
const README: &str = include_str!("../../../../README.md");
const EVENT: &str = include_str!("../../../../events/alerter-sqs-findings.json");

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn scope(region: &str) -> Scope {
    Scope {
        account: Some("111122223333".to_owned()),
        region: Some(region.to_owned()),
        trail: Some("arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events".to_owned()),
        home_region: Some("us-east-1".to_owned()),
    }
}

/// Returns the location of the digest that ends at an hour of 2026-01-15.
fn digest(region: &str, hour: u8) -> ObjectLocation {
    ObjectLocation::new(
        "amzn-s3-demo-bucket",
        format!(
            "AWSLogs/111122223333/CloudTrail-Digest/{region}/2026/01/15/111122223333_CloudTrail-Digest_{region}_management-events_us-east-1_20260115T{hour:02}0000Z.json.gz"
        ),
    )
}

fn reference(region: &str, hour: u8) -> DigestReference {
    let ObjectLocation { bucket, key, .. } = digest(region, hour);
    DigestReference {
        bucket,
        key,
        start_time: Some(at(&format!("2026-01-15T{:02}:00:00Z", hour - 1))),
        end_time: Some(at(&format!("2026-01-15T{hour:02}:00:00Z"))),
    }
}

fn log_file(minute: &str) -> ObjectLocation {
    ObjectLocation::new(
        "amzn-s3-demo-bucket",
        format!(
            "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T{minute}Z_7JREEBimdK8d2nC9.json.gz"
        ),
    )
}

/// Three digests are missing.
fn digests_missing() -> Finding {
    let region = "ap-southeast-2";
    let last = LastSigned::Found(digest(region, 17), at("2026-01-15T17:00:00Z"));
    let subject = DigestSubject {
        scope: scope(region),
        at: &digest(region, 20),
        shown_by: reference(region, 21),
    };
    let to = at("2026-01-15T20:00:00Z");
    predecessor_missing(subject, to, &last, Absence::DeleteMarker)
}

/// A log file is modified.
fn log_file_modified() -> Finding {
    let subject = LogFileSubject {
        scope: &scope("us-east-1"),
        at: &log_file("1205"),
        hash: Sha256::of(b""),
        listed_in: &reference("us-east-1", 13),
    };
    let actual = Sha256::of(b"hello");
    wrong(subject, &LogFileError::Modified { actual })
}

/// A delete marker hides a log file.
fn log_file_deleted() -> Finding {
    let deed = Deed {
        reason: Some("DeleteObject".to_owned()),
        requester: Some("444455556666".to_owned()),
        source_address: Some("198.51.100.7".to_owned()),
        time: Some(at("2026-01-15T15:40:12Z")),
        ..Deed::new(ObjectAction::Removed {
            how: Some(Removal::Marker),
            by_lifecycle: false,
        })
    };
    let object = ChangedObject {
        scope: scope("us-east-1"),
        at: &log_file("1205"),
        kind: ChangedKind::LogFile,
        deed: Some(&deed),
        listed: Some((Sha256::of(b""), reference("us-east-1", 13))),
    };
    let marker = "1QW9g1Z99LUNbvaaYVpW9xDlOLU.qxgF";
    let left = LeftVersions::Intact {
        version: "3HL4kqtJvjVBH40Nrjfkd".to_owned(),
        restoration: Restoration::RemoveMarker(marker.to_owned()),
    };
    deleted(object, Some(marker), &left)
}

/// A caller other than CloudTrail encrypts a log file, or something in the name of the trail.
fn encrypted_by_mallory(for_log_file: bool) -> Finding {
    let subject = FindingSubject {
        scope: scope("us-east-1"),
        object: log_file("0210"),
    };
    let mallory = ForeignCaller {
        caller: "arn:aws:iam::111122223333:user/mallory from 198.51.100.7".to_owned(),
    };
    let call = EventReference {
        name: "GenerateDataKey".into(),
        id: "5dc3f3b5-0f5c-4a4e-9d3c-6d1d3f0c1a2b".to_owned(),
        time: Some(at("2026-01-15T02:11:40Z")),
    };
    foreign_caller(subject, &mallory, for_log_file, &call)
}

/// Returns the email about a finding, on its way through the queue, as the documents quote it.
fn quoted(finding: Finding, function: &str, detected_at: &str, sent: &str) -> String {
    let (detected_at, sent) = (at(detected_at), at(sent));
    let stamp = Stamp::by_function(function, detected_at);
    let message = findings_message::compose(&[finding], stamp, None).remove(0);
    let Ok(Received::Findings(findings)) = received::read(message.body.as_bytes()) else {
        panic!("findings");
    };
    let mut incident = Incident::of(&findings[0]);
    incident.add(&findings[0], detected_at);
    let entry = AlertEntry {
        incident: &incident,
        notice: Notice::Opened,
        waited: false,
    };
    let bucket = "trailseal-evidencebucket-1abc2def3ghi";
    let alert = compose(&[entry], 0, None, bucket, sent).unwrap().alert;
    let message: Value = serde_json::from_str(&alert.message).unwrap();
    let email = message["email"].as_str().unwrap();
    format!("```text\nSubject: {}\n\n{email}```\n", alert.subject)
}

#[test]
fn the_documents_quote_the_emails_that_the_alerter_sends() {
    let missing = quoted(
        digests_missing(),
        "digest-validator",
        "2026-01-15T21:31:08Z",
        "2026-01-15T21:31:18Z",
    );
    let modified = quoted(
        log_file_modified(),
        "log-verifier",
        "2026-01-15T13:14:10Z",
        "2026-01-15T13:14:20Z",
    );
    let encrypted = quoted(
        encrypted_by_mallory(true),
        "kms-context-checker",
        "2026-01-15T02:20:31Z",
        "2026-01-15T02:20:41Z",
    );
    let deleted = quoted(
        log_file_deleted(),
        "deletion-monitor",
        "2026-01-15T15:40:15Z",
        "2026-01-15T15:40:25Z",
    );
    for (document, email) in [
        (ALERTS, &deleted),
        (README, &missing),
        (ALERTS, &missing),
        (ALERTS, &modified),
        (ALERTS, &encrypted),
    ] {
        assert!(document.contains(email.as_str()), "not quoted:\n{email}");
    }
}

#[test]
fn the_sample_event_has_the_texts_of_a_finding_that_the_functions_send() {
    let event: Value = serde_json::from_str(EVENT).unwrap();
    let body = event["Records"][0]["body"].as_str().unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let stamp = Stamp::by_function("log-verifier", at("2026-01-15T12:34:56Z"));
    let sent = serde_json::to_value(stamp.stamp(&log_file_modified())).unwrap();
    for field in [
        "kind", "severity", "expected", "actual", "message", "advice",
    ] {
        assert_eq!(body["findings"][0][field], sent[field], "{field}");
    }
}

/// The two cases need different actions, in an alert and in the command.
#[test]
fn a_log_file_that_only_records_the_call_is_not_reported_as_forged() {
    let forged = "Treat the log file as forged";
    let named = encrypted_by_mallory(true);
    assert!(named.advice().contains(forged));
    assert!(named.command_advice().contains(forged));
    let bare = encrypted_by_mallory(false);
    for advice in [bare.advice(), bare.command_advice()] {
        assert!(!advice.contains(forged), "{advice}");
        assert!(advice.contains("not the suspect"), "{advice}");
    }
}

/// The steps of the runbook are about the object, and nobody should delete the record.
#[test]
fn an_email_does_not_call_the_record_of_the_settings_the_object() {
    let email = |finding| quoted(finding, "f", "2026-01-15T21:31:08Z", "2026-01-15T21:31:18Z");
    let condition = GuardCondition::NoSubscriber {
        topic: "arn:aws:sns:us-east-1:111122223333:trailseal-AlertTopic".to_owned(),
        pending: 0,
    };
    let record = ObjectLocation::new("trailseal-evidencebucket", STATE_KEY);
    let about_topic = email(condition.finding(&record));
    let line = "Record     s3://trailseal-evidencebucket/watch/guard.json";
    assert!(about_topic.contains(line), "{about_topic}");
    assert!(!about_topic.contains("Object  "), "{about_topic}");
    assert!(email(log_file_modified()).contains("Object     s3://"));
}

/// The digest that shows a modified digest covers another hour than the modified one.
#[test]
fn an_email_names_the_hour_of_the_object_and_no_other() {
    let email = |finding| quoted(finding, "f", "2026-01-15T21:31:08Z", "2026-01-15T21:31:18Z");
    let hour = "Digest for 2026-01-15T12:00:00Z to 2026-01-15T13:00:00Z";
    assert!(email(log_file_modified()).contains(hour));
    let mut finding = log_file_modified();
    finding.object = digest("us-east-1", 13);
    assert!(email(finding.clone()).contains(hour));
    finding.object = digest("us-east-1", 12);
    assert!(!email(finding).contains("Digest for"));
}
