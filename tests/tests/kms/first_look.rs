//! The first check of the log files of generated trails.

use crate::case::at;
use trailseal::check::kms_events::KmsChecker;
use trailseal::finding::{FindingKind, Report, Verdict};
use trailseal::kms::expected::Expected;
use trailseal_tests::memory::{Memory, places};
use trailseal_tests::trail::tamper::log as tamper_log;
use trailseal_tests::trail::{
    KmsAnomaly, KmsAnomalyKind, KmsSpec, Object, Trail, TrailSpec, hostile,
};

const KEY_ARN: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn half_a_day() -> TrailSpec {
    TrailSpec {
        hours: 8,
        ..TrailSpec::default()
    }
}

#[track_caller]
fn assert_reported(report: &Report, expected: &[(FindingKind, &Object)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(kind, object)| (*kind, object.key.as_str()))
        .collect();
    assert_eq!(
        crate::world::reported(&report.findings),
        expected,
        "{report:#?}"
    );
    assert!(report.obstacles.is_empty(), "{:#?}", report.obstacles);
}

fn with_kms(anomalies: &[KmsAnomalyKind]) -> Trail {
    let mut kms = KmsSpec::new(KEY_ARN);
    kms.anomalies = anomalies
        .iter()
        .map(|kind| KmsAnomaly {
            hour: 3,
            kind: *kind,
        })
        .collect();
    TrailSpec {
        kms: Some(kms),
        ..half_a_day()
    }
    .build()
}

async fn check_kms(trail: &Trail, memory: &Memory, object: &Object) -> Report {
    let kms = trail.spec.kms.as_ref();
    let expected = Expected {
        places: places(trail),
        key_arns: kms.map(|kms| kms.key_arn.clone()).into_iter().collect(),
        ..Expected::default()
    };
    let checker = KmsChecker::new(memory, memory, expected);
    checker.check(&at(object)).await.report
}

#[tokio::test]
async fn the_kms_calls_of_an_untouched_trail_agree() {
    for bucket_key in [false, true] {
        let mut trail = with_kms(&[]);
        let mut kms = trail.spec.kms.clone().unwrap();
        kms.bucket_key = bucket_key;
        trail = TrailSpec {
            kms: Some(kms),
            ..half_a_day()
        }
        .build();
        let mut memory = Memory::of(&trail);
        memory.describe(KEY_ARN, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "Enabled");
        let alias = trail.spec.kms.as_ref().unwrap().alias.clone();
        memory.describe(&alias, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "Enabled");
        let mut calls = 0;
        for log in &trail.log_files {
            calls += log.kms_events.len();
            let report = check_kms(&trail, &memory, &log.object).await;
            assert_eq!(report.verdict(), Verdict::Valid, "{report:#?}");
        }
        assert!(calls > 5, "the trail records KMS calls");
    }
}

#[tokio::test]
async fn kms_calls_that_do_not_agree_are_reported() {
    use FindingKind::{KmsContextMismatch, KmsDeliveryDenied, KmsForeignCaller, KmsKeyMismatch};
    for (anomaly, kind) in [
        (KmsAnomalyKind::WrongTrail, KmsContextMismatch),
        (KmsAnomalyKind::WrongBucket, KmsContextMismatch),
        (KmsAnomalyKind::WrongKeyInEvent, KmsKeyMismatch),
        (KmsAnomalyKind::WrongKeyOnObject, KmsKeyMismatch),
        (KmsAnomalyKind::Denied, KmsDeliveryDenied),
        (KmsAnomalyKind::ForeignCaller, KmsForeignCaller),
    ] {
        let trail = with_kms(&[anomaly]);
        let mut memory = Memory::of(&trail);
        let kms = trail.spec.kms.as_ref().unwrap();
        for key in [KEY_ARN, &kms.alias, &kms.other_key_arn()] {
            memory.describe(key, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "Enabled");
        }
        let (log, _) = trail.kms_anomaly(anomaly);
        let report = check_kms(&trail, &memory, &log.object).await;
        let kinds: Vec<_> = report.findings.iter().map(|f| f.kind).collect();
        assert_eq!(kinds, [kind], "{anomaly:?}: {report:#?}");
    }
}

/// The functions may describe only the configured keys: an unknown key is reported without a
/// request.
#[tokio::test]
async fn an_unknown_key_is_reported_even_if_it_cannot_be_described() {
    let trail = with_kms(&[KmsAnomalyKind::WrongKeyInEvent]);
    let mut memory = Memory::of(&trail);
    memory.describe(KEY_ARN, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "Enabled");
    let alias = trail.spec.kms.as_ref().unwrap().alias.clone();
    memory.describe(&alias, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "Enabled");
    let (log, _) = trail.kms_anomaly(KmsAnomalyKind::WrongKeyInEvent);
    let report = check_kms(&trail, &memory, &log.object).await;
    let kinds: Vec<_> = report.findings.iter().map(|f| f.kind).collect();
    assert_eq!(kinds, [FindingKind::KmsKeyMismatch], "{report:#?}");
}

#[tokio::test]
async fn a_key_that_cannot_encrypt_log_files_is_reported_once() {
    let trail = with_kms(&[]);
    let log = trail
        .log_files
        .iter()
        .max_by_key(|log| log.kms_events.len())
        .unwrap();
    for (spec, usage, state) in [
        ("RSA_2048", "ENCRYPT_DECRYPT", "Enabled"),
        ("RSA_2048", "SIGN_VERIFY", "Enabled"),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "Disabled"),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "PendingDeletion"),
    ] {
        let mut memory = Memory::of(&trail);
        memory.describe(KEY_ARN, spec, usage, state);
        let report = check_kms(&trail, &memory, &log.object).await;
        assert_reported(&report, &[(FindingKind::KmsKeyUnusable, &log.object)]);
        let scope = &report.findings[0].scope;
        assert_eq!(scope.region.as_deref(), Some(log.region.as_str()));
        assert_eq!(scope.trail, Some(trail.spec.trail_arn()));
    }
    // A key that no longer exists.
    let report = check_kms(&trail, &Memory::of(&trail), &log.object).await;
    assert_reported(&report, &[(FindingKind::KmsKeyUnusable, &log.object)]);
}

#[tokio::test]
async fn an_object_that_is_not_a_log_file_is_ignored() {
    let trail = half_a_day().build();
    let mut memory = Memory::of(&trail);
    for object in trail.extras() {
        memory.put(object.clone());
        let report = check_kms(&trail, &memory, &object).await;
        assert_eq!((report.verdict(), report.valid), (Verdict::Ignored, 0));
    }
}

#[tokio::test]
async fn a_planted_object_is_reported_before_its_digest_arrives() {
    let trail = half_a_day().build();
    let log = &trail.log_files[0].object;
    for (planted, kind) in [
        (
            tamper_log::second_member(log),
            FindingKind::LogFileTrailingData,
        ),
        (tamper_log::cut_in_half(log), FindingKind::LogFileMalformed),
        (tamper_log::not_gzip(log), FindingKind::LogFileMalformed),
        (tamper_log::not_json(log), FindingKind::LogFileMalformed),
        (
            log.with_body(hostile::zeros_gzip(10 << 30)),
            FindingKind::LogFileMalformed,
        ),
    ] {
        let mut memory = Memory::of(&trail);
        memory.put(planted);
        let report = check_kms(&trail, &memory, log).await;
        assert_reported(&report, &[(kind, log)]);
    }
}
