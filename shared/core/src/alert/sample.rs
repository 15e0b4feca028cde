//! Findings and times for tests.

use super::notice::Pace;
use super::sent_finding::SentFinding;
use crate::finding::Severity;
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
        advice: "a".to_owned(),
        detected_at: at(minute),
        function: "kms-context-checker".to_owned(),
        version: "0".to_owned(),
        occurrence: occurrence.to_owned(),
    }
}
