//! What cannot be told, and what is not the trail's.

use crate::case::{Case, assert_ignored, deleted, location, marked, only, written};
use serde_json::json;
use trailseal::event::EventObjects;
use trailseal::finding::{FindingKind, Verdict};
use trailseal::world::Cause;
use trailseal_tests::trail::{Object, TrailSpec};

#[tokio::test]
async fn other_objects_are_ignored_without_a_request() {
    let case = Case::new();
    let log = case.log_file(3);
    for key in [
        "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/".to_owned(),
        "athena-results/CloudTrail/0b1f.csv".to_owned(),
        "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/notes.json.gz".to_owned(),
        "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/notes.json.gz".to_owned(),
        format!("{}.bak", log.key),
    ] {
        let other = Object { key, ..log.clone() };
        for deed in [marked(), deleted(), written()] {
            assert_ignored(&case.check(&other, deed).await);
        }
    }
    assert_eq!((case.memory.reads(), case.memory.lists()), (0, 0));
}

#[tokio::test]
async fn a_refusal_is_neither_valid_nor_a_deletion() {
    let mut case = Case::new();
    let log = case.log_file(3);
    case.memory.fail_versions(Cause::Denied("no".to_owned()));
    for deed in [deleted(), written()] {
        let mut report = case.check(&log, deed).await;
        assert_eq!(report.verdict(), Verdict::CannotTell, "{report:#?}");
        report.give_up();
        assert_eq!(report.findings[0].kind, FindingKind::ObjectUnreadableDenied);
    }
    let case = Case::new();
    case.memory
        .fail(&log, &Cause::Archived("GLACIER".to_owned()), 9);
    let mut report = case.check(&log, written()).await;
    assert_eq!(report.verdict(), Verdict::CannotTell);
    report.give_up();
    assert_eq!(report.findings[0].kind, FindingKind::ObjectArchived);
    // A digest that cannot be read for now proves nothing.
    let case = Case::new();
    let digest = case.digest(3).object.clone();
    case.memory
        .fail(&digest, &Cause::Unavailable("503".to_owned()), 9);
    assert_eq!(
        case.check(&log, written()).await.verdict(),
        Verdict::CannotTell
    );
    assert_eq!(
        case.check(&digest, written()).await.verdict(),
        Verdict::CannotTell
    );
}

/// A version that is archived is not called lost.
#[tokio::test]
async fn a_version_that_cannot_be_read_is_not_verified() {
    let mut case = Case::new();
    let log = case.log_file(3);
    case.memory
        .mark_deleted(&log, "marker", "2026-01-15T11:59:58Z");
    case.memory
        .fail(&log, &Cause::Archived("GLACIER".to_owned()), 9);
    let found = only(case.check(&log, marked()).await);
    let why = format!(
        "1 version is left. Trailseal does not know whether an intact version is among them: cannot read s3://{}/{}: it is archived: GLACIER.",
        log.bucket, log.key
    );
    assert!(found.message.ends_with(&why), "{}", found.message);
}

/// A person, or a relay, may name an object that never existed.
#[tokio::test]
async fn an_object_that_only_a_person_names_is_not_deleted() {
    let mut case = Case::new();
    let log = case.log_file(3);
    case.memory.delete(&log);
    let bare = json!({"bucket": log.bucket, "key": log.key});
    for mut named in [
        EventObjects::by(&bare),
        EventObjects::by_text(&bare.to_string()),
    ] {
        let report = case.check_named(named.created.remove(0)).await;
        assert_eq!(report.verdict(), Verdict::CannotTell, "{report:#?}");
    }
    // A delete marker shows that it existed.
    let mut case = Case::new();
    case.memory
        .mark_deleted(&log, "marker", "2026-01-15T11:59:58Z");
    let mut named = EventObjects::by(&bare);
    let found = only(case.check_named(named.created.remove(0)).await);
    assert!(
        found
            .message
            .starts_with("Somebody deleted the log file. A delete marker")
    );
}

/// S3 encodes keys in its notifications, and a relay may have decoded them.
#[tokio::test]
async fn the_reading_of_a_key_that_has_versions_counts() {
    let mut case = Case::of(TrailSpec {
        prefix: Some("team a+b".to_owned()),
        hours: 4,
        ..TrailSpec::default()
    });
    let log = case.log_file(3);
    case.memory
        .mark_deleted(&log, "marker", "2026-01-15T11:59:58Z");
    let encoded = log.key.replace('+', "%2B").replace(' ', "+");
    for key in [&encoded, &log.key] {
        let record = json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectRemoved:DeleteMarkerCreated",
            "s3": {"bucket": {"name": log.bucket}, "object": {"key": key}}}]});
        let named = EventObjects::by(&record).removed.remove(0);
        let found = only(case.check_named(named).await);
        assert_eq!(found.object, location(&log));
        assert!(
            found.message.contains("Version v0 is intact"),
            "{}",
            found.message
        );
    }
}

/// Junk with digest names does not make a log file look planted.
#[tokio::test]
async fn a_folder_full_of_digest_names_proves_nothing() {
    let mut case = Case::new();
    let log = case.log_file(3);
    let digest = case.digest(3).object.clone();
    let (stem, _) = digest.key.rsplit_once('_').unwrap();
    case.memory.delete(&digest);
    for second in 0..60 {
        let key = format!("{stem}_20260115T0205{second:02}Z.json.gz");
        case.memory.put(Object {
            key,
            ..digest.with_body(b"junk".to_vec())
        });
    }
    let before = case.memory.reads();
    let report = case.check(&log, written()).await;
    assert_eq!(report.verdict(), Verdict::CannotTell, "{report:#?}");
    assert!(case.memory.reads() - before <= 24);
    let before = case.memory.reads();
    case.memory.delete(&log);
    let found = only(case.check(&log, deleted()).await);
    assert_eq!(found.kind, FindingKind::ObjectDeleted);
    assert!(case.memory.reads() - before <= 24);
}
