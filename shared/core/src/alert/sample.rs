//! Findings, messages and times for tests.

use super::findings_message::{FindingsMessage, compose};
use super::notice::Pace;
use super::sent_finding::SentFinding;
use crate::finding::{Finding, FindingKind, Scope, Severity, Stamp};
use crate::names::location::ObjectLocation;
use jiff::{SignedDuration, Timestamp};

pub(super) const PACE: Pace = Pace {
    update_after: SignedDuration::from_hours(1),
    repeat_after: SignedDuration::from_hours(24),
};

pub(super) fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-01-15T12:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins(minutes)
}

pub(super) fn finding(occurrence: &str, minute: i64) -> SentFinding {
    SentFinding {
        schema: "trailseal.finding/1".to_owned(),
        id: "0".repeat(64),
        severity: Severity::High,
        kind: "kms-delivery-denied".to_owned(),
        account: None,
        region: None,
        trail: None,
        home_region: None,
        object: ObjectLocation::new("amzn-s3-demo-bucket", occurrence),
        digest: None,
        window: None,
        expected: None,
        actual: None,
        message: "m".to_owned(),
        all_clear: false,
        ends_incident: false,
        advice: "a".to_owned(),
        detected_at: at(minute),
        function: "kms-context-checker".to_owned(),
        version: "0".to_owned(),
        occurrence: occurrence.to_owned(),
    }
}

pub(super) fn all_clear(occurrence: &str, minute: i64) -> SentFinding {
    SentFinding {
        all_clear: true,
        ..finding(occurrence, minute)
    }
}

/// A finding about the object `key`, whose texts have `text` characters that JSON escapes.
pub(super) fn found(key: usize, text: usize) -> Finding {
    Finding::for_tests(
        FindingKind::LogFileMissing,
        Scope::default(),
        ObjectLocation::new("amzn-s3-demo-bucket", key.to_string()),
        "\u{1}".repeat(text),
    )
    .with_evidence("\u{ffff}".repeat(text), "\u{1}".repeat(text))
}

/// The messages that a function sends about findings.
pub(super) fn composed(findings: &[Finding], bucket: Option<&str>) -> Vec<FindingsMessage> {
    let stamp = Stamp::by_function("log-verifier", "2026-01-15T12:34:56Z".parse().unwrap());
    compose(findings, stamp, bucket)
}
