//! Objects that a lifecycle rule deleted.

use crate::case::{Case, assert_ignored, expired, location, only};
use trailseal::finding::FindingKind;
use trailseal::names::deed::Removal::{Marker, Permanent};

#[tokio::test]
async fn an_expiration_within_the_retention_weakens_the_guard_of_the_bucket() {
    for how in [Marker, Permanent] {
        let mut case = Case::new();
        case.retention_days = Some(90);
        let log = case.log_file(3);
        match how {
            Marker => case
                .memory
                .mark_deleted(&log, "marker", "2026-01-15T11:59:58Z"),
            Permanent => case.memory.delete(&log),
        }
        let found = only(case.check(&log, expired(how)).await);
        assert_eq!(found.kind, FindingKind::BucketGuardWeakened);
        assert_eq!(found.object, location(&log));
        let time = found
            .message
            .strip_prefix("An S3 Lifecycle rule deleted the log file of 2026-01-15T02:");
        let (left, restore) = match how {
            Marker => (
                "Version v0 is intact: it is what CloudTrail signed.",
                " Then restore the object: `aws s3api delete-object",
            ),
            Permanent => ("No other version is left.", " Find out who added the rule"),
        };
        let rest = format!(
            ", although you keep log files for 90 days. The rule deletes more files every day. {left}"
        );
        assert!(time.unwrap().ends_with(&rest), "{}", found.message);
        assert!(found.advice().starts_with("First, disable the rule:"));
        assert!(found.advice().contains(restore), "{}", found.advice());
        // One incident for the bucket, and each file is an occurrence.
        let other = case.log_file(4);
        case.memory.delete(&other);
        let other = only(case.check(&other, expired(Permanent)).await);
        assert_eq!(other.id(), found.id());
        assert_ne!(other.occurrence(), found.occurrence());
        let digest = case.digest(4).object.clone();
        case.memory.delete(&digest);
        let digest = only(case.check(&digest, expired(Permanent)).await);
        assert_eq!((digest.kind, digest.id()), (found.kind, found.id()));
    }
}

/// It happens every day, to thousands of files.
#[tokio::test]
async fn an_expected_expiration_is_one_occurrence_for_a_bucket_and_costs_one_request() {
    for (days, now, message) in [
        (
            Some(90),
            "2026-04-16T00:00:00Z",
            "They are older than the 90 days for which you keep them.",
        ),
        (
            None,
            "2026-01-16T00:00:00Z",
            "Trailseal does not know for how long you keep them.",
        ),
    ] {
        let mut case = Case::new().at(now);
        case.retention_days = days;
        let mut ids = std::collections::BTreeSet::new();
        for object in [
            case.log_file(3),
            case.log_file(5),
            case.digest(3).object.clone(),
        ] {
            case.memory.delete(&object);
            let before = (case.memory.reads(), case.memory.lists());
            let mut deed = expired(Permanent);
            deed.time = Some(now.parse().unwrap());
            let found = only(case.check(&object, deed).await);
            assert_eq!(found.kind, FindingKind::ObjectExpired);
            assert!(found.message.ends_with(message), "{}", found.message);
            let after = (case.memory.reads(), case.memory.lists());
            assert_eq!(after, (before.0, before.1 + 1));
            ids.insert((found.id().to_string(), found.occurrence().to_string()));
        }
        assert_eq!(ids.len(), 1);
    }
}

/// The age counts from the time in the name to the time of the deletion.
#[tokio::test]
async fn the_retention_is_counted_to_the_day() {
    for (now, kind) in [
        ("2026-04-15T01:59:59Z", FindingKind::BucketGuardWeakened),
        ("2026-04-15T03:00:00Z", FindingKind::ObjectExpired),
    ] {
        let mut case = Case::new().at("2026-05-01T00:00:00Z");
        case.retention_days = Some(90);
        let log = case.log_file(3);
        case.memory.delete(&log);
        let mut deed = expired(Permanent);
        deed.time = Some(now.parse().unwrap());
        assert_eq!(only(case.check(&log, deed).await).kind, kind, "{now}");
    }
}

#[tokio::test]
async fn the_expiration_of_an_earlier_version_does_nothing_to_the_object() {
    let mut case = Case::new();
    case.retention_days = Some(90);
    let log = case.log_file(3);
    case.memory
        .put_version(log.clone(), "v1", "2026-01-15T11:00:00Z");
    case.memory.delete_version(&log, "v0");
    assert_ignored(&case.check(&log, expired(Permanent)).await);
}
