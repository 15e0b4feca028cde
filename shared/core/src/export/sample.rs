//! Changes for tests.

use super::change::{Change, ChangeState, ChangedIncident};
use super::home::Home;
use crate::alert::sent_finding::SentFinding;
use crate::finding::{DigestReference, Severity};
use crate::names::location::ObjectLocation;
use jiff::{SignedDuration, Timestamp};

const KEY: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz";
const DIGEST: &str = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_management-events_us-east-1_20260115T130000Z.json.gz";

pub(super) fn home() -> Home {
    Home::new("eu-west-1", "444455556666").unwrap()
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// A log file of the account 111122223333 is deleted.
pub(super) fn change(state: ChangeState) -> Change {
    let detected_at = at("2026-01-15T15:40:15Z");
    Change {
        finding: SentFinding {
            schema: "trailseal.finding/1".to_owned(),
            id: "5fb2d9bee4c7e53413a47c25cf3b6d52a61e2f1f2755c6f82f2c27ed806bc004".to_owned(),
            severity: Severity::Critical,
            kind: "object-deleted".to_owned(),
            account: Some("111122223333".to_owned()),
            region: Some("us-east-1".to_owned()),
            trail: Some("arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events".to_owned()),
            home_region: Some("us-east-1".to_owned()),
            object: ObjectLocation::new("amzn-s3-demo-bucket", KEY),
            digest: Some(DigestReference {
                bucket: "amzn-s3-demo-bucket".to_owned(),
                key: DIGEST.to_owned(),
                start_time: Some(at("2026-01-15T12:00:00Z")),
                end_time: Some(at("2026-01-15T13:00:00Z")),
            }),
            window: None,
            expected: Some("content with SHA-256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned()),
            actual: Some("a delete marker, version 1QW9g1Z99LUNbvaaYVpW9xDlOLU.qxgF".to_owned()),
            message: "A principal of account 444455556666 deleted the log file at 2026-01-15T15:40:12Z from 198.51.100.7 (DeleteObject). A delete marker hides it.".to_owned(),
            all_clear: false,
            ends_incident: false,
            advice: "First, restore the object: `aws s3api delete-object --bucket amzn-s3-demo-bucket`. Find out who did this.".to_owned(),
            detected_at,
            function: "deletion-monitor".to_owned(),
            version: "0.1.0".to_owned(),
            occurrence: "0f1e2d3c4b5a6978".to_owned(),
        },
        incident: ChangedIncident {
            state,
            first_seen: detected_at,
            last_seen: Some(detected_at),
            occurrences: 1,
            new: 1,
            last_alert: None,
            document: "s3://trailseal-evidencebucket-1abc2def3ghi/incidents/5fb2d9bee4c7e53413a47c25cf3b6d52a61e2f1f2755c6f82f2c27ed806bc004.json".to_owned(),
            waited: None,
        },
    }
}

/// The log file is back.
pub(super) fn all_clear() -> Change {
    let mut change = change(ChangeState::Closed);
    change.finding.all_clear = true;
    change.finding.ends_incident = true;
    change.finding.message = "The log file is back, as CloudTrail delivered it.".to_owned();
    change.finding.detected_at += SignedDuration::from_mins(20);
    change
}
