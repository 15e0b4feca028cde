//! Objects that were written again, or planted.

use crate::case::{Case, assert_all_clear, assert_ignored, deleted, only, written};
use trailseal::finding::{FindingKind, Verdict};
use trailseal_tests::trail::tamper::digest::{self as tamper_digest, ClaimedKey};
use trailseal_tests::trail::tamper::log as tamper_log;
use trailseal_tests::trail::{Backfill, BackfillLink, Object, TrailSpec};

const WHO: &str = "A principal of account 444455556666 overwrote this log file at 2026-01-15T11:59:58Z from 198.51.100.7 (PutObject).";

#[tokio::test]
async fn other_content_over_a_log_file_is_found_and_restored() {
    let mut case = Case::new();
    let log = case.log_file(3);
    let other = tamper_log::modified(&log);
    case.memory
        .put_version(other, "foreign", "2026-01-15T11:59:58Z");
    let found = only(case.check(&log, written()).await);
    assert_eq!(found.kind, FindingKind::ObjectOverwritten);
    assert_eq!(
        found.message,
        format!("{WHO} Version v0 is intact: it is what CloudTrail signed.")
    );
    let (expected, actual) = (
        found.expected.clone().unwrap(),
        found.actual.clone().unwrap(),
    );
    assert!(expected.starts_with("content with SHA-256 "), "{expected}");
    assert!(
        actual.starts_with("content with SHA-256 ") && actual != expected,
        "{actual}"
    );
    assert!(found.advice().contains("`aws s3api copy-object --bucket "));
    assert!(found.advice().contains("versionId=v0'`."));
    // The advice is followed.
    case.memory
        .put_version(log.clone(), "v1", "2026-01-15T12:10:00Z");
    assert_all_clear(&case.check(&log, written()).await, &[&found]);
}

/// S3 keeps no version, and only the date shows that the object was written again.
#[tokio::test]
async fn other_content_in_a_bucket_without_versions_is_found() {
    let mut case = Case::new();
    let log = case.log_file(3);
    case.memory.put(tamper_log::second_member(&log));
    let found = only(case.check(&log, written()).await);
    assert_eq!(found.kind, FindingKind::ObjectOverwritten);
    assert_eq!(found.message, format!("{WHO} No other version is left."));
    assert_eq!(found.advice(), FindingKind::ObjectOverwritten.advice());
}

/// Other bytes with the same content, too: CloudTrail hashes the content.
#[tokio::test]
async fn the_same_content_is_no_finding() {
    let mut case = Case::new();
    let log = case.log_file(3);
    for (number, same) in [log.clone(), tamper_log::recompressed(&log)]
        .into_iter()
        .enumerate()
    {
        let id = format!("copy{number}");
        case.memory.put_version(same, &id, "2026-01-15T11:59:58Z");
        assert_all_clear(&case.check(&log, written()).await, &[]);
    }
}

/// Nobody can know from here how S3 names CloudTrail in its events.
#[tokio::test]
async fn a_file_that_was_just_delivered_is_never_a_finding() {
    let mut case = Case::new().at("2026-01-15T05:40:00Z");
    case.without_digests_after(5);
    let log = case.log_file(6);
    let mut report = case.check(&log, written()).await;
    assert!(report.findings.is_empty() && report.all_clears.is_empty());
    assert_eq!(report.verdict(), Verdict::CannotTell);
    assert_eq!(
        report.obstacles[0].error.to_string(),
        format!(
            "cannot find a digest that lists s3://{}/{}: it does not exist (no such object)",
            log.bucket, log.key
        )
    );
    // If its digest does not arrive, the file is left to the functions that wait for the digest.
    report.give_up();
    assert_ignored(&report);
    assert!(report.obstacles.is_empty());
    // Its digest arrives.
    case.memory.put(case.digest(6).object.clone());
    let report = case.check(&log, written()).await;
    assert_all_clear(&report, &[]);
    // The bucket keeps no versions: it may have been overwritten before.
    assert_eq!(report.all_clears.len(), 4);
    // A bucket that does shows that nothing happened to the file before, and there is nothing to
    // end.
    let delivered = log.delivered_at.to_string();
    case.memory.delete(&log);
    case.memory.put_version(log.clone(), "v1", &delivered);
    let report = case.check(&log, written()).await;
    assert_all_clear(&report, &[]);
    assert_eq!(report.all_clears.len(), 0);
    // So is a new digest.
    let report = case.check(&case.digest(6).object, written()).await;
    assert_all_clear(&report, &[]);
}

/// Two versions, or a date that does not fit: it is kept until it is known.
#[tokio::test]
async fn a_write_over_a_file_that_no_digest_lists_yet_is_not_dropped() {
    let mut case = Case::new().at("2026-01-15T05:40:00Z");
    case.without_digests_after(5);
    let log = case.log_file(6);
    let other = tamper_log::modified(&log);
    case.memory
        .put_version(other, "foreign", "2026-01-15T05:39:58Z");
    let mut report = case.check(&log, written()).await;
    assert_eq!(report.verdict(), Verdict::CannotTell);
    report.give_up();
    assert_eq!(
        (report.obstacles.len(), report.verdict()),
        (1, Verdict::CannotTell)
    );
    case.memory.put(case.digest(6).object.clone());
    let found = only(case.check(&log, written()).await);
    assert_eq!(found.kind, FindingKind::ObjectOverwritten);
    assert!(
        found.message.contains("Version v0 is intact"),
        "{}",
        found.message
    );
}

#[tokio::test]
async fn a_planted_file_is_found_when_the_digests_of_its_time_exist() {
    for (now, expected) in [
        ("2026-01-15T05:30:00Z", None),
        ("2026-01-15T05:50:00Z", None),
        ("2026-01-15T06:59:59Z", Some(FindingKind::LogFileUnlisted)),
    ] {
        let mut case = Case::new().at(now);
        let time = case.now;
        let mut planted = case.log_file(6);
        planted.key = planted.key.replace(".json.gz", "planted.json.gz");
        planted.delivered_at = "2026-01-15T05:30:00Z".parse().unwrap();
        let name = planted.key.clone();
        let minute = name.split('_').nth(3).unwrap();
        planted.key = name.replace(minute, "20260115T0530Z");
        case.memory.put(planted.clone());
        let arrived = case
            .trail
            .digests
            .iter()
            .filter(|d| d.object.delivered_at > time);
        let late: Vec<Object> = arrived.map(|digest| digest.object.clone()).collect();
        for digest in &late {
            case.memory.delete(digest);
        }
        let report = case.check(&planted, written()).await;
        match expected {
            None => assert_eq!(report.verdict(), Verdict::CannotTell, "{now} {report:#?}"),
            Some(kind) => assert_eq!(only(report).kind, kind, "{now}"),
        }
    }
}

/// The range of a starting digest is the hour before log file validation was enabled.
#[tokio::test]
async fn a_file_from_before_validation_was_enabled_is_not_planted() {
    let mut case = Case::new();
    let mut early = case.log_file(1);
    early.delivered_at = "2026-01-14T23:40:00Z".parse().unwrap();
    let minute = early.key.split('_').nth(3).unwrap().to_owned();
    early.key = early.key.replace(&minute, "20260114T2340Z");
    early.key = early.key.replace("2026/01/15", "2026/01/14");
    case.memory.put(early.clone());
    let report = case.check(&early, written()).await;
    assert_eq!(report.verdict(), Verdict::CannotTell, "{report:#?}");
}

#[tokio::test]
async fn a_backfill_digest_lists_a_file_as_well() {
    let case = Case::of(TrailSpec {
        hours: 6,
        backfills: vec![Backfill {
            hour: 3,
            log_files: 2,
            generated_after_hours: 30,
            link: BackfillLink::Unlinked,
        }],
        ..TrailSpec::default()
    });
    let backfill = case.trail.backfill("111122223333", "us-east-1", 3);
    let log = case.trail.logs_of(backfill)[0].object.clone();
    assert_all_clear(&case.check(&log, written()).await, &[]);
}

/// Evidence of an overwrite is removed, or the only intact version under a foreign one.
#[tokio::test]
async fn the_deletion_of_an_earlier_version_is_judged_by_what_is_current() {
    let mut case = Case::new();
    let log = case.log_file(3);
    let other = tamper_log::modified(&log);
    case.memory
        .put_version(other, "foreign", "2026-01-15T11:00:00Z");
    let overwritten = only(case.check(&log, written()).await);
    case.memory.delete_version(&log, "v0");
    let lost = only(case.check(&log, deleted()).await);
    assert_eq!(
        lost.message,
        "A principal of account 444455556666 deleted a version of this log file, and the current version is not what CloudTrail delivered at 2026-01-15T11:59:58Z from 198.51.100.7 (DeleteObject). No other version is left."
    );
    assert_eq!(lost.id(), overwritten.id());
    assert_ne!(lost.occurrence(), overwritten.occurrence());
    // An earlier version under an intact one.
    case.memory
        .put_version(log.clone(), "v1", "2026-01-15T12:10:00Z");
    case.memory.delete_version(&log, "foreign");
    assert_all_clear(&case.check(&log, deleted()).await, &[&overwritten, &lost]);
}

#[tokio::test]
async fn a_digest_that_is_overwritten_is_found() {
    let forged = |case: &Case| {
        tamper_digest::signed_by_rogue(case.digest(3), ClaimedKey::Own, |document| {
            document.log_files.clear();
        })
        .object
    };
    let mut case = Case::new();
    let digest = case.digest(3).object.clone();
    let other = forged(&case);
    case.memory
        .put_version(other.clone(), "foreign", "2026-01-15T11:59:58Z");
    let found = only(case.check(&digest, written()).await);
    assert_eq!(found.kind, FindingKind::ObjectOverwritten);
    assert_eq!(
        found.message,
        format!(
            "{} Version v0 is intact: it is what CloudTrail signed.",
            WHO.replace("log file", "digest")
        )
    );
    // Without versions, long after its time.
    let mut case = Case::new();
    case.memory.put(other.clone());
    case.memory.written_at(&other, "2026-01-15T11:59:58Z");
    let found = only(case.check(&digest, written()).await);
    assert_eq!(found.kind, FindingKind::ObjectOverwritten);
    // A new object that CloudTrail did not sign is the digest-validator's.
    case.memory.written_at(&other, "2026-01-15T03:10:00Z");
    assert_ignored(&case.check(&digest, written()).await);
}
