//! Objects that were deleted, and restored.

use crate::case::{
    ACCOUNT, Case, REGION, assert_all_clear, deleted, location, marked, only, written,
};
use trailseal::finding::{Finding, FindingKind, Scope, log_file};
use trailseal::names::deed::Deed;
use trailseal_tests::trail::tamper::digest as tamper_digest;
use trailseal_tests::trail::tamper::log as tamper_log;
use trailseal_tests::trail::{Object, TrailSpec};

const WHO: &str = "A principal of account 444455556666 deleted the log file at 2026-01-15T11:59:58Z from 198.51.100.7 (DeleteObject).";

#[tokio::test]
async fn a_log_file_that_a_delete_marker_hides_is_restored_by_its_removal() {
    let mut case = Case::new();
    let log = case.log_file(3);
    case.memory
        .mark_deleted(&log, "marker", "2026-01-15T11:59:58Z");
    let found = only(case.check(&log, marked()).await);
    assert_eq!(found.kind, FindingKind::ObjectDeleted);
    assert_eq!(found.object, location(&log));
    let scope = &found.scope;
    let trail = case.trail.spec.trail_arn();
    assert_eq!(scope.account.as_deref(), Some(ACCOUNT));
    assert_eq!(scope.region.as_deref(), Some(REGION));
    assert_eq!(scope.trail.as_deref(), Some(trail.as_str()));
    assert_eq!(
        found.message,
        format!(
            "{WHO} A delete marker hides it. Version v0 is intact: it is what CloudTrail signed."
        )
    );
    let listed = &case.digest(3).document.log_files;
    let listed = listed
        .iter()
        .find(|file| file.s3_object == log.key)
        .unwrap();
    let hash = &listed.hash_value;
    assert_eq!(found.expected, Some(format!("content with SHA-256 {hash}")));
    assert_eq!(
        found.actual.as_deref(),
        Some("a delete marker, version marker")
    );
    assert_eq!(
        found.digest.as_ref().unwrap().key,
        case.digest(3).object.key
    );
    assert_eq!(
        found.advice(),
        format!(
            "First, save the list of the object's versions (aws s3api list-object-versions). Then restore the object: `aws s3api delete-object --bucket {} --key {} --version-id marker`. Trailseal closes the incident when all of its objects are restored. Find out who did this: look for DeleteObject and DeleteObjects calls in S3 data events or S3 server access logs.",
            log.bucket, log.key
        )
    );
    // The same event again, and after a retry.
    let again = only(case.check(&log, marked()).await);
    assert_eq!(
        (again.id(), again.occurrence()),
        (found.id(), found.occurrence())
    );

    case.memory.delete_version(&log, "marker");
    let restored = case.check(&log, deleted()).await;
    assert_all_clear(&restored, &[&found]);
    assert_eq!(
        restored.all_clears[0].message,
        "The log file is in its place again, and is what CloudTrail signed."
    );
}

#[tokio::test]
async fn nothing_is_left_of_an_object_in_a_bucket_without_versions() {
    let mut case = Case::new();
    let log = case.log_file(3);
    case.memory.delete(&log);
    let found = only(case.check(&log, deleted()).await);
    assert_eq!(found.message, format!("{WHO} No other version is left."));
    assert_eq!(found.actual.as_deref(), Some("no such object"));
    assert_eq!(found.advice(), FindingKind::ObjectDeleted.advice());
    // It is copied back from a replica, and late.
    case.memory.put(log.clone());
    case.memory.written_at(&log, "2026-01-15T12:30:00Z");
    assert_all_clear(&case.check(&log, written()).await, &[&found]);
}

/// The first alert says that the object can be restored.
#[tokio::test]
async fn the_loss_of_the_last_intact_version_is_another_occurrence() {
    let mut case = Case::new();
    let log = case.log_file(3);
    case.memory
        .mark_deleted(&log, "marker", "2026-01-15T11:59:58Z");
    let hidden = only(case.check(&log, marked()).await);
    case.memory.delete_version(&log, "v0");
    let lost = only(case.check(&log, deleted()).await);
    assert_eq!(
        lost.message,
        format!("{WHO} A delete marker hides it. No other version is left.")
    );
    assert_eq!(lost.id(), hidden.id());
    assert_ne!(lost.occurrence(), hidden.occurrence());
    case.memory
        .put_version(log.clone(), "v1", "2026-01-15T12:30:00Z");
    assert_all_clear(&case.check(&log, written()).await, &[&hidden, &lost]);
}

#[tokio::test]
async fn the_intact_version_is_found_among_others_and_copied_back() {
    let mut case = Case::new();
    let log = case.log_file(3);
    for (number, other) in [tamper_log::modified(&log), tamper_log::not_gzip(&log)]
        .into_iter()
        .enumerate()
    {
        let id = format!("foreign{number}");
        case.memory.put_version(other, &id, "2026-01-15T11:00:00Z");
    }
    case.memory
        .mark_deleted(&log, "marker", "2026-01-15T11:59:58Z");
    let found = only(case.check(&log, marked()).await);
    assert!(
        found
            .message
            .ends_with("Version v0 is intact: it is what CloudTrail signed.")
    );
    let copy = format!(
        "`aws s3api copy-object --bucket {bucket} --key {key} --copy-source '{bucket}/{key}?versionId=v0'`",
        bucket = log.bucket,
        key = log.key
    );
    assert!(found.advice().contains(&copy), "{}", found.advice());

    case.memory.delete_version(&log, "v0");
    let found = only(case.check(&log, deleted()).await);
    assert!(
        found
            .message
            .ends_with("2 versions are left, but none is what CloudTrail signed."),
        "{}",
        found.message
    );
    assert_eq!(found.advice(), FindingKind::ObjectDeleted.advice());
}

/// Only a few versions are read, the oldest first. What was not compared is not called lost.
#[tokio::test]
async fn the_number_of_versions_that_are_read_is_bounded() {
    let mut case = Case::new();
    let log = case.log_file(3);
    let other = tamper_log::modified(&log);
    for number in 0..20 {
        let id = format!("foreign{number}");
        case.memory
            .put_version(other.clone(), &id, "2026-01-15T11:00:00Z");
    }
    case.memory
        .mark_deleted(&log, "marker", "2026-01-15T11:59:58Z");
    let before = case.memory.reads();
    let found = only(case.check(&log, marked()).await);
    assert!(
        found.message.contains("Version v0 is intact"),
        "{}",
        found.message
    );
    assert!(case.memory.reads() - before <= 3);
    case.memory.delete_version(&log, "v0");
    let before = case.memory.reads();
    let found = only(case.check(&log, deleted()).await);
    assert!(
        found.message.ends_with(
            "20 versions are left. Trailseal does not know whether an intact version is among them: Trailseal compared only the oldest 5 of them."
        ),
        "{}",
        found.message
    );
    assert!(case.memory.reads() - before <= 8);
}

#[tokio::test]
async fn a_digest_is_restored_with_its_signature() {
    let mut case = Case::new();
    let digest = case.digest(3).object.clone();
    case.memory
        .mark_deleted(&digest, "marker", "2026-01-15T11:59:58Z");
    let found = only(case.check(&digest, marked()).await);
    assert_eq!(found.kind, FindingKind::ObjectDeleted);
    assert_eq!(
        found.message,
        format!(
            "{} A delete marker hides it. Version v0 is intact: it is what CloudTrail signed.",
            WHO.replace("log file", "digest")
        )
    );
    assert_eq!(
        found.expected.as_deref(),
        Some("the digest that CloudTrail signed")
    );
    assert!(found.advice().contains("aws s3api delete-object"));
    // A copy without its metadata is no restoration.
    let stripped = tamper_digest::without_metadata(&digest);
    case.memory
        .put_version(stripped, "v1", "2026-01-15T12:10:00Z");
    let overwritten = only(case.check(&digest, written()).await);
    assert_eq!(overwritten.kind, FindingKind::ObjectOverwritten);
    case.memory
        .put_version(digest.clone(), "v2", "2026-01-15T12:20:00Z");
    assert_all_clear(
        &case.check(&digest, written()).await,
        &[&found, &overwritten],
    );
}

/// Within seconds, and not when the digest arrives.
#[tokio::test]
async fn a_deletion_before_the_digest_is_reported_at_once() {
    let mut case = Case::new().at("2026-01-15T05:40:00Z");
    let log = case.log_file(6);
    case.without_digests_after(5);
    case.memory
        .mark_deleted(&log, "marker", "2026-01-15T05:39:58Z");
    let found = only(case.check(&log, marked()).await);
    assert_eq!(found.kind, FindingKind::ObjectDeleted);
    assert!(
        found.message.ends_with(
            "A delete marker hides it. 1 version is left. Trailseal does not know whether an intact version is among them: no digest lists the log file yet."
        ),
        "{}",
        found.message
    );
    assert!(
        found
            .advice()
            .contains("--version-id marker`. After that, verify the day")
    );
    assert_eq!(found.digest, None);
}

#[tokio::test]
async fn a_deletion_is_reported_although_its_digest_is_deleted_too() {
    let mut case = Case::new();
    let log = case.log_file(3);
    for digest in &case.trail.digests {
        case.memory
            .mark_deleted(&digest.object, "m", "2026-01-15T11:59:00Z");
    }
    case.memory
        .mark_deleted(&log, "marker", "2026-01-15T11:59:58Z");
    let found = only(case.check(&log, marked()).await);
    assert!(
        found.message.contains("not every digest of the hours from"),
        "{}",
        found.message
    );
}

/// Somebody who removes a planted file restores the bucket.
#[tokio::test]
async fn the_deletion_of_a_planted_file_ends_its_incident() {
    let mut case = Case::new();
    let mut planted = case.log_file(3);
    planted.key = planted.key.replace(".json.gz", "planted.json.gz");
    case.memory.put(planted.clone());
    let found = only(case.check(&planted, written()).await);
    assert_eq!(found.kind, FindingKind::LogFileUnlisted);
    assert!(
        found
            .message
            .starts_with("A principal of account 444455556666 wrote this file at")
    );
    // The same incident as that of any other function.
    let others = log_file::unlisted(Scope::default(), location(&planted));
    let same = |it: &Finding| (it.id(), it.occurrence());
    assert_eq!(same(&found), same(&others));
    case.memory.delete(&planted);
    let report = case.check(&planted, deleted()).await;
    assert!(report.findings.is_empty(), "{report:#?}");
    assert_eq!(report.all_clears.len(), 1);
    assert_eq!(same(&report.all_clears[0]), same(&found));
}

/// A name of a later time is not CloudTrail's, whatever the digests say.
#[tokio::test]
async fn a_planted_file_with_a_name_of_the_future_is_not_a_log_file() {
    let mut case = Case::new();
    let mut planted = case.log_file(3);
    let time = planted.key.split('_').nth(3).unwrap().to_owned();
    for (later, expected) in [
        ("20260115T1259Z", FindingKind::ObjectDeleted),
        ("20260115T1301Z", FindingKind::LogFileUnlisted),
    ] {
        planted.key = planted.key.replace(&time, later);
        case.memory.put(planted.clone());
        case.memory.delete(&planted);
        let mut report = case.check(&planted, deleted()).await;
        let said: Vec<_> = report.findings.drain(..).chain(report.all_clears).collect();
        assert_eq!(said.len(), 1, "{said:#?}");
        assert_eq!(said[0].kind, expected);
        planted.key = planted.key.replace(later, &time);
    }
}

/// Nothing that an event says makes a finding look like something else.
#[tokio::test]
async fn an_unknown_or_hostile_requester_is_quoted() {
    let mut case = Case::new();
    let log = case.log_file(3);
    case.memory.delete(&log);
    let action = deleted().action;
    for (requester, starts) in [
        (None, "Somebody deleted the log file. No other"),
        (
            Some("AIDAJDPLRKLG7UEXAMPLE"),
            "AIDAJDPLRKLG7UEXAMPLE deleted the log file.",
        ),
        (
            Some("s3.amazonaws.com"),
            "s3.amazonaws.com deleted the log file.",
        ),
    ] {
        let deed = Deed {
            requester: requester.map(str::to_owned),
            ..Deed::new(action)
        };
        let found = only(case.check(&log, deed).await);
        assert!(found.message.starts_with(starts), "{}", found.message);
    }
    // A deletion of which nothing is known is one.
    let unknown = Deed::new(trailseal::names::deed::ObjectAction::Removed {
        how: None,
        by_lifecycle: false,
    });
    assert_eq!(
        only(case.check(&log, unknown).await).kind,
        FindingKind::ObjectDeleted
    );
}

/// The event is about a write, and the object was deleted since then: its writer did not do it.
#[tokio::test]
async fn the_writer_of_an_object_is_not_accused_of_its_deletion() {
    let mut case = Case::new();
    let log = case.log_file(3);
    case.memory.delete(&log);
    let found = only(case.check(&log, written()).await);
    assert_eq!(
        found.message,
        "Somebody deleted the log file. No other version is left."
    );
    // Nor is somebody who deletes an earlier version of a planted file its writer.
    let mut planted = case.log_file(3);
    planted.key = planted.key.replace(".json.gz", "planted.json.gz");
    case.memory
        .put_version(planted.clone(), "v1", "2026-01-15T11:00:00Z");
    let found = only(case.check(&planted, deleted()).await);
    assert_eq!(found.kind, FindingKind::LogFileUnlisted);
    assert!(
        found.message.starts_with("Somebody wrote this file. "),
        "{}",
        found.message
    );
}

/// A trail with a prefix, an organization and a replica.
#[tokio::test]
async fn objects_are_found_in_every_folder() {
    for (spec, prefix) in [
        (
            TrailSpec {
                hours: 4,
                prefix: Some("team a+b".to_owned()),
                ..TrailSpec::default()
            },
            "'team a+b/AWSLogs/",
        ),
        (
            TrailSpec {
                hours: 4,
                organization_id: Some("o-exampleorgid".to_owned()),
                ..TrailSpec::default()
            },
            "AWSLogs/o-exampleorgid/",
        ),
    ] {
        let mut case = Case::of(spec);
        let log = case.log_file(3);
        case.memory
            .mark_deleted(&log, "marker", "2026-01-15T11:59:58Z");
        let found = only(case.check(&log, marked()).await);
        assert!(
            found.message.contains("Version v0 is intact"),
            "{}",
            found.message
        );
        let key = format!("--key {prefix}");
        assert!(found.advice().contains(&key), "{}", found.advice());
    }
    let mut case = Case::new();
    let original = case.trail.spec.bucket.clone();
    let replica = "amzn-s3-demo-replica".to_owned();
    let objects: Vec<Object> = case.trail.objects().into_iter().cloned().collect();
    for object in objects {
        case.memory.put(Object {
            bucket: replica.clone(),
            ..object
        });
    }
    case.places.aliases = vec![(original, replica.clone())];
    let log = Object {
        bucket: replica,
        ..case.log_file(3)
    };
    case.memory
        .mark_deleted(&log, "marker", "2026-01-15T11:59:58Z");
    let found = only(case.check(&log, marked()).await);
    assert!(
        found.message.contains("Version v0 is intact"),
        "{}",
        found.message
    );
}
