//! Rules 7 and 8: a delivered log file exists, and is encrypted as the trail encrypts.

use crate::case::{
    ACCOUNT, BUCKET, Case, DELIVERED, OBJECT_OF, OTHER_KEY, RECORDED, RESOURCE, Record, TRAIL,
    TRAIL_OF, arn_of, at, kinds, log_file, log_key, named, only, user, verdicts,
};
use trailseal::check::kms_events::KmsChecker;
use trailseal::finding::FindingKind::{KmsKeyMismatch, LogFileEncryptionChanged, LogFileMissing};
use trailseal::finding::Verdict;
use trailseal::kms::rules::Rule;
use trailseal::names::places::Storage;
use trailseal::world::{Absence, Cause};
use trailseal_tests::trail::Encryption;

#[tokio::test]
async fn a_deleted_log_file_is_missing_with_its_event_as_evidence() {
    let mut case = Case::new();
    let gone = log_key(1);
    let report = case
        .check(&[
            Record::delivery(),
            Record::delivery().id("e-gone").object(&gone),
        ])
        .await;
    let finding = only(&report);
    assert_eq!((finding.kind, &finding.object.key), (LogFileMissing, &gone));
    assert_eq!(
        finding.expected.as_deref(),
        Some(
            "the log file that the KMS call GenerateDataKey (event ID e-gone, 2026-01-15T12:04:31Z) shows being delivered"
        )
    );
    assert_eq!(finding.actual.as_deref(), Some("no such object"));
    assert!(finding.message.contains(RECORDED), "{}", finding.message);
    assert_eq!(finding.scope.account.as_deref(), Some(ACCOUNT));
    assert_eq!(finding.scope.trail.as_deref(), Some(TRAIL));
    // A reported delivery is not pending; the next one is.
    let waiting: Vec<_> = report
        .waiting
        .iter()
        .map(|it| it.object.key.as_str())
        .collect();
    assert_eq!(waiting, [DELIVERED]);
    assert_eq!(
        report.waiting[0].event_id,
        "7738554f-92ab-4e27-83e3-03354b1aa898"
    );
    assert_eq!(report.waiting[0].time.to_string(), "2026-01-15T12:04:31Z");
    // A delete marker proves more.
    let marked = log_file(DELIVERED, &[]);
    case.memory
        .fail(&marked, &Cause::Absent(Absence::DeleteMarker), 1);
    let report = case.check(&[Record::delivery()]).await;
    assert_eq!(only(&report).kind, LogFileMissing);
    assert!(
        only(&report)
            .actual
            .as_ref()
            .unwrap()
            .contains("delete marker")
    );
}

#[tokio::test]
async fn a_log_file_that_was_not_delivered_is_not_missing() {
    let gone = log_key(1);
    for record in [
        Record::delivery()
            .object(&gone)
            .refused()
            .by(user("mallory")),
        Record::read().object(&gone),
        Record::delivery().object("AWSLogs/111122223333/"),
        Record::delivery().with(OBJECT_OF, format!("arn:aws:s3:::{BUCKET}")),
        Record::delivery().object("AWSLogs/111122223333/CloudTrail/"),
        Record::delivery()
            .with(
                OBJECT_OF,
                arn_of(&gone).replace(BUCKET, "amzn-s3-demo-other"),
            )
            .without(TRAIL_OF),
    ] {
        let report = Case::new().check(&[record]).await;
        assert_eq!(kinds(&report), []);
        assert_eq!(verdicts(&report, Rule::Witness), []);
        assert_eq!(report.waiting, []);
    }
    // Objects arrive in a replica in any order.
    let mut case = Case::new();
    case.expected
        .places
        .log_buckets
        .push("amzn-s3-demo-replica".to_owned());
    case.expected.places.aliases = vec![(BUCKET.to_owned(), "amzn-s3-demo-replica".to_owned())];
    case.recorded.bucket = "amzn-s3-demo-replica".to_owned();
    let report = case.check(&[Record::delivery().object(&gone)]).await;
    assert_eq!((kinds(&report), report.waiting.len()), (vec![], 0));
}

#[tokio::test]
async fn a_log_file_that_could_not_be_read_is_neither_present_nor_missing() {
    for (cause, stays) in [
        (Cause::Denied("s3:GetObject".to_owned()), true),
        (Cause::Unavailable("SlowDown".to_owned()), false),
    ] {
        let mut case = Case::new();
        case.memory.fail(&log_file(DELIVERED, &[]), &cause, 1);
        let report = case.check(&[Record::delivery()]).await;
        assert_eq!(report.report.findings, []);
        assert_eq!(report.report.verdict(), Verdict::CannotTell);
        assert_eq!(report.report.obstacles[0].if_it_stays.is_some(), stays);
        assert_eq!(verdicts(&report, Rule::Witness), [Verdict::CannotTell]);
    }
}

#[tokio::test]
async fn a_delivery_has_the_time_of_its_event_unless_that_is_absurd() {
    for (time, expected) in [
        ("2026-01-15T12:04:31Z", "2026-01-15T12:04:31Z"),
        ("2026-01-14T12:04:31Z", "2026-01-15T12:05:00Z"),
        ("9999-12-30T00:00:00Z", "2026-01-15T12:05:00Z"),
        ("0001-01-01T00:00:00Z", "2026-01-15T12:05:00Z"),
        ("yesterday", "2026-01-15T12:05:00Z"),
    ] {
        let report = Case::new()
            .check(&[Record::delivery().with("/eventTime", time)])
            .await;
        assert_eq!(report.waiting[0].time.to_string(), expected, "{time}");
    }
}

/// The writer of a log file chooses the names and the times in it: no time is later than the log
/// file's own.
#[tokio::test]
async fn a_delivery_is_not_dated_after_the_log_file_that_records_it() {
    for (name, time, expected, ahead) in [
        // In the minute of the name, and minutes after it.
        (
            "20260115T1215Z",
            "2026-01-15T12:15:59Z",
            "2026-01-15T12:15:59Z",
            0,
        ),
        (
            "20260115T1215Z",
            "2026-01-15T12:30:00Z",
            "2026-01-15T12:30:00Z",
            0,
        ),
        (
            "20260115T1215Z",
            "2026-01-15T12:30:01Z",
            "2026-01-15T12:15:00Z",
            1,
        ),
        // The delivered log file's own name.
        (
            "20260115T2359Z",
            "2026-01-15T12:04:31Z",
            "2026-01-15T12:04:31Z",
            0,
        ),
        (
            "20260115T2359Z",
            "2026-01-15T23:58:00Z",
            "2026-01-15T12:15:00Z",
            1,
        ),
        ("20260115T2359Z", "yesterday", "2026-01-15T12:15:00Z", 1),
    ] {
        let key = DELIVERED.replace("20260115T1205Z", name);
        let mut case = Case::new();
        case.memory.put(log_file(&key, &[]));
        let record = Record::delivery().object(&key).with("/eventTime", time);
        let report = case.check(&[record]).await;
        assert_eq!(kinds(&report), []);
        assert_eq!(
            report.waiting[0].time.to_string(),
            expected,
            "{name} {time}"
        );
        let counted = report.report.counts.deliveries_dated_ahead;
        assert_eq!(counted, ahead, "{name} {time}");
    }
}

#[tokio::test]
async fn a_log_file_under_another_key_or_no_key_is_reported() {
    for (encryption, actual) in [
        (Encryption::S3, "AES256"),
        (Encryption::Kms(OTHER_KEY.to_owned()), OTHER_KEY),
    ] {
        // The log file itself, even without any KMS event.
        let mut case = Case::new();
        case.recorded.encryption = encryption.clone();
        let report = case.check(&[]).await;
        let finding = only(&report);
        assert_eq!(
            (finding.kind, finding.object.key.as_str()),
            (LogFileEncryptionChanged, RECORDED)
        );
        assert!(
            finding.actual.as_ref().unwrap().contains(actual),
            "{finding:#?}"
        );
        // Without configured keys, nothing says what the encryption should be.
        case.expected.key_arns.clear();
        assert_eq!(kinds(&case.check(&[]).await), []);
    }
    // A delivery's event says that the trail uses a key.
    for mut case in [Case::new(), Case::unconfigured()] {
        let mut object = log_file(DELIVERED, &[]);
        object.encryption = Encryption::S3;
        case.memory.put(object);
        let report = case.check(&[Record::delivery()]).await;
        assert_eq!(only(&report).kind, LogFileEncryptionChanged);
        assert_eq!(only(&report).object.key, DELIVERED);
        assert_eq!(report.waiting.len(), 1);
    }
    // Under another key: that is the subject of rule 3.
    let mut case = Case::new();
    let mut object = log_file(DELIVERED, &[]);
    object.encryption = Encryption::Kms(OTHER_KEY.to_owned());
    case.memory.put(object);
    assert_eq!(case.kinds(Record::delivery()).await, [KmsKeyMismatch]);
}

/// The events of one delivery may name several keys: each is compared with the log file's.
#[tokio::test]
async fn each_key_that_is_named_for_a_delivery_counts() {
    let mut case = Case::new();
    case.expected.key_arns.push(OTHER_KEY.to_owned());
    case.memory
        .describe(OTHER_KEY, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "Enabled");
    let ours = Record::delivery().id("ours");
    let others = Record::delivery().with(RESOURCE, OTHER_KEY).id("others");
    case.memory.put(log_file(&log_key(1), &[]));
    let another = Record::delivery().object(&log_key(1));
    for [first, second] in [[ours.clone(), others.clone()], [others, ours]] {
        let report = case.check(&[another.clone(), first, second]).await;
        let finding = only(&report);
        assert_eq!(finding.kind, KmsKeyMismatch);
        assert!(finding.message.contains("others"), "{}", finding.message);
        assert_eq!(report.waiting.len(), 2);
    }
}

/// Somebody who changes the trail's key changes every log file from then on.
#[tokio::test]
async fn log_files_of_one_folder_under_one_other_key_are_one_incident() {
    let mut found = Vec::new();
    for (key, encryption) in [
        (RECORDED.to_owned(), Encryption::S3),
        (log_key(1), Encryption::S3),
        (log_key(1), Encryption::Kms(OTHER_KEY.to_owned())),
        (RECORDED.replace("us-east-1", "us-west-2"), Encryption::S3),
    ] {
        let mut case = Case::new();
        case.recorded.key = key;
        case.recorded.encryption = encryption;
        let report = case.check(&[]).await;
        assert_eq!(only(&report).kind, LogFileEncryptionChanged);
        assert_eq!(only(&report).object.key, case.recorded.key);
        found.push(only(&report).clone());
    }
    assert_eq!(found[0].id(), found[1].id());
    assert_ne!(found[0].occurrence(), found[1].occurrence());
    assert_ne!(found[1].id(), found[2].id());
    assert_ne!(found[0].id(), found[3].id());
    // Regardless of the number of deliveries that one log file shows.
    let mut case = Case::new();
    let mut records = Vec::new();
    for number in 0..60 {
        let mut object = log_file(&log_key(number), &[]);
        object.encryption = Encryption::S3;
        case.memory.put(object);
        let record = Record::delivery().object(&log_key(number));
        records.push(record.id(&format!("event-{number}")));
    }
    let report = case.check(&records).await;
    assert_eq!(only(&report).id(), found[0].id());
    assert!(only(&report).message.contains("And 59 more like it"));
}

#[tokio::test]
async fn the_encryption_of_digests_replicas_and_copies_is_not_checked() {
    let mut case = Case::new();
    let digest = named(
        "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_management-events_us-east-1_20260115T120000Z.json.gz",
    );
    case.memory.put(digest.clone());
    let checker = KmsChecker::new(&case.memory, &case.memory, case.expected.clone());
    let report = checker.check(&at(&digest)).await.report;
    assert_eq!(
        (report.verdict(), report.rules.len()),
        (Verdict::Ignored, 0)
    );

    let mut case = Case::new();
    case.recorded.encryption = Encryption::S3;
    case.recorded.bucket = "amzn-s3-demo-replica".to_owned();
    case.expected
        .places
        .log_buckets
        .push("amzn-s3-demo-replica".to_owned());
    case.expected.places.aliases = vec![(BUCKET.to_owned(), "amzn-s3-demo-replica".to_owned())];
    assert_eq!(kinds(&case.check(&[]).await), []);
    let mut case = Case::new();
    case.recorded.encryption = Encryption::S3;
    case.expected.places.storage = Storage::BareCopy;
    assert_eq!(kinds(&case.check(&[]).await), []);
    let report = case.check(&[Record::delivery()]).await;
    assert_eq!(kinds(&report), []);
    assert_eq!(verdicts(&report, Rule::Witness), [Verdict::CannotTell]);
}
