//! The core's verdicts on a trail, untouched and tampered with: exact findings, and the rest valid.
//!
//! Nothing here uses a network: the trail is from the generator, which knows nothing of the core,
//! and is in memory.

use jiff::SignedDuration;
use std::collections::BTreeSet;
use std::future::{pending, poll_fn, ready};
use std::task::Poll;
use trailseal::check::digest::DigestVerifier;
use trailseal::check::key_ring::KeyRing;
use trailseal::check::log_file::Progress;
use trailseal::finding::{Counts, Finding, FindingKind, Report, Verdict};
use trailseal::names::ids::TrailArn;
use trailseal::names::location::ObjectLocation;
use trailseal::names::places::Places;
use trailseal::trust::public_key::KeySet;
use trailseal::world::{Absence, Cause};
use trailseal_tests::memory::{Memory, places};
use trailseal_tests::trail::tamper::{digest as tamper_digest, log as tamper_log};
use trailseal_tests::trail::{
    Backfill, BackfillLink, BucketChange, DigestFile, Location, Object, ResponseStyle, Stop, Trail,
    TrailSpec, gzip, hostile,
};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";

fn half_a_day() -> TrailSpec {
    TrailSpec {
        hours: 8,
        ..TrailSpec::default()
    }
}

fn digests<'a>(memory: &'a Memory, places: &Places) -> DigestVerifier<&'a Memory, &'a Memory> {
    DigestVerifier::new(
        memory,
        KeyRing::new(memory, KeySet::default()),
        places.clone(),
    )
}

fn at(object: &Object) -> ObjectLocation {
    ObjectLocation::new(&object.bucket, &object.key)
}

async fn validate(trail: &Trail, memory: &Memory, object: &Object) -> Report {
    digests(memory, &places(trail)).validate(&at(object)).await
}

async fn verify(trail: &Trail, memory: &Memory, object: &Object) -> Progress {
    digests(memory, &places(trail))
        .verify_log_files(&at(object), 0, 8, pending())
        .await
}

/// The kind, the key of the object, and the window.
type Reported = (FindingKind, String, Option<(String, String)>);

/// Returns what a finding says, short enough to be written in a test.
fn reported(findings: &[Finding]) -> Vec<Reported> {
    findings
        .iter()
        .map(|finding| {
            let window = finding.window.map(|window| {
                let from = window.from.map_or("unknown".to_owned(), |t| t.to_string());
                (from, window.to.to_string())
            });
            (finding.kind, finding.object.key.clone(), window)
        })
        .collect()
}

#[track_caller]
fn assert_reported(report: &Report, expected: &[(FindingKind, &Object)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(kind, object)| (*kind, object.key.clone()))
        .collect();
    let reported: Vec<_> = reported(&report.findings)
        .into_iter()
        .map(|(kind, key, _)| (kind, key))
        .collect();
    assert_eq!(reported, expected, "{report:#?}");
    assert!(report.obstacles.is_empty(), "{:#?}", report.obstacles);
}

#[track_caller]
fn assert_window(report: &Report, kind: FindingKind, object: &Object, from: &str, to: &str) {
    assert_eq!(
        reported(&report.findings),
        [(
            kind,
            object.key.clone(),
            Some((from.to_owned(), to.to_owned()))
        )]
    );
    assert!(report.obstacles.is_empty(), "{:#?}", report.obstacles);
}

/// Checks that every digest and every log file of the trail is valid.
async fn assert_valid(trail: &Trail, memory: &Memory, except: &[&Object]) {
    for digest in &trail.digests {
        if except.contains(&&digest.object) {
            continue;
        }
        let report = validate(trail, memory, &digest.object).await;
        assert_eq!(report.verdict(), Verdict::Valid, "{report:#?}");
        assert_eq!(report.valid, 1);
        let progress = verify(trail, memory, &digest.object).await;
        assert_eq!(progress.report.verdict(), Verdict::Valid, "{progress:#?}");
        assert_eq!(progress.report.valid, digest.document.log_files.len());
        assert_eq!(progress.rest, None);
    }
}

fn hour(trail: &Trail, hour: u32) -> &DigestFile {
    trail.digest(ACCOUNT, REGION, hour)
}

#[tokio::test]
async fn an_untouched_trail_is_valid() {
    let specs = [
        half_a_day(),
        TrailSpec {
            prefix: Some("audit/AWSLogs".to_owned()),
            organization_id: Some("o-exampleorgid".to_owned()),
            accounts: vec![ACCOUNT.to_owned(), "444455556666".to_owned()],
            trail_name: "org_trail_us-east-1_x".to_owned(),
            regions: vec![REGION.to_owned(), "eu-central-1".to_owned()],
            offset_seconds: 1763,
            hours: 4,
            ..TrailSpec::default()
        },
        TrailSpec {
            home_region: "us-gov-west-1".to_owned(),
            regions: vec!["us-gov-west-1".to_owned(), "us-gov-east-1".to_owned()],
            hours: 3,
            ..TrailSpec::default()
        },
        TrailSpec {
            empty_hours: (2..6).collect(),
            ..half_a_day()
        },
        TrailSpec {
            bucket_change: Some(BucketChange {
                hour: 4,
                bucket: "amzn-s3-demo-bucket2".to_owned(),
            }),
            ..half_a_day()
        },
        TrailSpec {
            backfills: vec![Backfill {
                hour: 3,
                log_files: 2,
                generated_after_hours: 24 * 25,
                link: BackfillLink::Unlinked,
            }],
            ..half_a_day()
        },
        // Across a rotation of the keys, some of them published in SubjectPublicKeyInfo form.
        {
            let mut spec = TrailSpec {
                start: "2026-01-20T12:00:00Z".parse().unwrap(),
                hours: 24,
                log_files_per_hour: 0..=1,
                ..TrailSpec::default()
            };
            spec.keys.spki_periods = BTreeSet::from([1]);
            spec
        },
    ];
    for spec in specs {
        let trail = spec.build();
        let memory = Memory::of(&trail);
        assert_valid(&trail, &memory, &[]).await;
    }
}

#[tokio::test]
async fn a_wrong_log_file_is_distinguished_from_the_valid_ones() {
    use FindingKind::{LogFileMalformed, LogFileModified, LogFileTrailingData};
    type Attack = fn(&Object) -> Object;
    let attacks: [(Attack, FindingKind); 8] = [
        (tamper_log::modified, LogFileModified),
        (tamper_log::not_json, LogFileModified),
        (tamper_log::second_member, LogFileTrailingData),
        (tamper_log::junk_after, LogFileTrailingData),
        (tamper_log::cut_in_trailer, LogFileMalformed),
        (tamper_log::cut_in_half, LogFileMalformed),
        (tamper_log::not_gzip, LogFileMalformed),
        (tamper_log::empty, LogFileMalformed),
    ];
    let trail = TrailSpec {
        log_files_per_hour: 3..=3,
        ..half_a_day()
    }
    .build();
    let digest = hour(&trail, 5);
    let log = &trail.logs_of(digest)[1].object;
    for (attack, kind) in attacks {
        let mut memory = Memory::of(&trail);
        memory.put(attack(log));
        let progress = verify(&trail, &memory, &digest.object).await;
        assert_reported(&progress.report, &[(kind, log)]);
        assert_eq!(progress.report.valid, 2);
        let finding = &progress.report.findings[0];
        assert_eq!(
            finding.digest.as_ref().unwrap().key,
            digest.object.key,
            "{kind}"
        );
        assert!(
            finding
                .expected
                .as_ref()
                .unwrap()
                .ends_with(&trail.logs_of(digest)[1].sha256)
        );
    }
    // Compressed again, its content is the same: nothing was tampered with.
    let mut memory = Memory::of(&trail);
    memory.put(tamper_log::recompressed(log));
    assert_valid(&trail, &memory, &[]).await;
}

#[tokio::test]
async fn a_deleted_log_file_is_missing() {
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    let log = &trail.logs_of(digest)[0].object;
    let mut memory = Memory::of(&trail);
    memory.delete(log);
    let progress = verify(&trail, &memory, &digest.object).await;
    assert_reported(&progress.report, &[(FindingKind::LogFileMissing, log)]);
}

#[tokio::test]
async fn a_gzip_bomb_is_malformed() {
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    let log = &trail.logs_of(digest)[0].object;
    let mut memory = Memory::of(&trail);
    memory.put(log.with_body(hostile::zeros_gzip(5 << 30)));
    let progress = verify(&trail, &memory, &digest.object).await;
    assert_reported(&progress.report, &[(FindingKind::LogFileMalformed, log)]);
    memory.put(digest.object.with_body(hostile::zeros_gzip(10 << 30)));
    let report = validate(&trail, &memory, &digest.object).await;
    assert_reported(&report, &[(FindingKind::DigestMalformed, &digest.object)]);
}

/// All are named, in a few runs, however little time each run has. None keeps the others from being
/// finished.
#[tokio::test]
async fn any_number_of_log_files_replaced_by_bombs_are_named() {
    let trail = TrailSpec {
        hours: 2,
        log_files_per_hour: 20..=20,
        records_per_file: 1..=1,
        ..TrailSpec::default()
    }
    .build();
    let digest = hour(&trail, 1);
    let logs = trail.logs_of(digest);
    let mut memory = Memory::of(&trail);
    let bomb = hostile::zeros_gzip(2 << 30);
    for log in &logs[..16] {
        memory.put(log.object.with_body(bomb.clone()));
    }
    let (mut first, mut named, mut goes) = (Some(0), BTreeSet::new(), 0);
    while let Some(from) = first {
        // Regardless of the machine's speed.
        let mut looks = 0;
        let stop = poll_fn(|context| {
            looks += 1;
            context.waker().wake_by_ref();
            if looks > 1700 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        });
        let progress = digests(&memory, &places(&trail))
            .verify_log_files(&at(&digest.object), from, 64, stop)
            .await;
        for finding in progress.report.findings {
            assert_eq!(finding.kind, FindingKind::LogFileMalformed);
            named.insert(finding.object.key);
        }
        goes += 1;
        if from == 0 {
            // These were not delayed by the bombs.
            assert!(progress.report.valid >= 4, "{}", progress.report.valid);
        }
        assert!(progress.rest.is_none_or(|rest| rest > from), "no progress");
        first = progress.rest;
    }
    assert!(goes > 1, "the bombs are too small to show anything");
    assert_eq!(named.len(), 16);
}

#[tokio::test]
async fn a_tampered_digest_is_reported_with_its_kind_of_tampering() {
    use FindingKind::{
        DigestAlgorithmUnsupported, DigestMalformed, DigestSignatureInvalid, DigestSignatureMissing,
    };
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    let other = hour(&trail, 4);
    let object = &digest.object;
    let attacks = [
        (
            tamper_digest::without_first_log(digest),
            DigestSignatureInvalid,
        ),
        (
            tamper_digest::without_metadata(object),
            DigestSignatureMissing,
        ),
        (
            tamper_digest::with_metadata_of(object, &other.object),
            DigestSignatureInvalid,
        ),
        (
            tamper_digest::non_hex_signature(object),
            DigestSignatureInvalid,
        ),
        (
            tamper_digest::short_signature(object),
            DigestSignatureInvalid,
        ),
        (
            tamper_digest::with_signature(object, ""),
            DigestSignatureInvalid,
        ),
        (
            tamper_digest::wrong_algorithm(object),
            DigestAlgorithmUnsupported,
        ),
        (tamper_log::second_member(object), DigestMalformed),
        (tamper_log::junk_after(object), DigestMalformed),
        (tamper_log::cut_in_trailer(object), DigestMalformed),
        (tamper_log::not_gzip(object), DigestMalformed),
        (tamper_log::not_json(object), DigestMalformed),
        (tamper_log::empty(object), DigestMalformed),
        (
            object.with_body(hostile::nested_json(100_000)),
            DigestMalformed,
        ),
        (
            hostile::digest_with_entries(digest, 1_000_000),
            DigestMalformed,
        ),
    ];
    for (tampered, kind) in attacks {
        let mut memory = Memory::of(&trail);
        memory.put(tampered);
        let report = validate(&trail, &memory, object).await;
        assert_reported(&report, &[(kind, object)]);
        assert_eq!(report.valid, 0);
        // Its list is not trusted, and its log files are not called valid.
        let progress = verify(&trail, &memory, object).await;
        assert_eq!(progress.report.verdict(), Verdict::Finding);
        assert_eq!(progress.report.valid, 0);
        assert_reported(&progress.report, &[(kind, object)]);
        // Its successor signed a different digest; the algorithm's name is in neither signature.
        let report = validate(&trail, &memory, &hour(&trail, 6).object).await;
        let reported = match kind {
            DigestAlgorithmUnsupported => kind,
            _ => FindingKind::DigestModified,
        };
        assert_reported(&report, &[(reported, object)]);
        // The digests around it stay valid.
        for untouched in [4, 7] {
            let report = validate(&trail, &memory, &hour(&trail, untouched).object).await;
            assert_eq!(report.verdict(), Verdict::Valid);
        }
    }
}

#[tokio::test]
async fn a_copied_digest_is_reported_as_moved() {
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    let seven = hour(&trail, 7).object.location();
    let misnamed = Location {
        key: digest.object.key.replace("/2026/01/15/", "/2026/01/16/"),
        ..digest.object.location()
    };
    for to in [seven, misnamed] {
        let copy = tamper_digest::copied_to(&digest.object, &to);
        let mut memory = Memory::of(&trail);
        memory.put(copy.clone());
        let report = validate(&trail, &memory, &copy).await;
        assert_reported(&report, &[(FindingKind::DigestMoved, &copy)]);
    }
    let elsewhere = Location {
        bucket: "amzn-s3-demo-bucket2".to_owned(),
        ..digest.object.location()
    };
    let copy = tamper_digest::copied_to(&digest.object, &elsewhere);
    let mut memory = Memory::of(&trail);
    memory.put(copy.clone());
    let mut places = places(&trail);
    places.log_buckets.push("amzn-s3-demo-bucket2".to_owned());
    let report = digests(&memory, &places).validate(&at(&copy)).await;
    assert_reported(&report, &[(FindingKind::DigestMoved, &copy)]);
}

#[tokio::test]
async fn a_replica_is_valid_under_the_originals_name() {
    let trail = half_a_day().build();
    let mut replica = Memory::default();
    replica.publish_keys(&trail);
    for object in trail.objects() {
        replica.put(Object {
            bucket: "replica".to_owned(),
            ..object.clone()
        });
    }
    let mut places = places(&trail);
    places.log_buckets = vec!["replica".to_owned()];
    places.aliases = vec![("amzn-s3-demo-bucket".to_owned(), "replica".to_owned())];
    let digests = digests(&replica, &places);
    for digest in &trail.digests {
        let at = ObjectLocation::new("replica", &digest.object.key);
        assert_eq!(digests.validate(&at).await.verdict(), Verdict::Valid);
        let progress = digests.verify_log_files(&at, 0, 8, pending()).await;
        assert_eq!(progress.report.verdict(), Verdict::Valid);
    }
}

/// An object that is deleted from an original is not read from its replica, nor from one replica
/// for another.
#[tokio::test]
async fn a_replica_does_not_replace_the_bucket_being_verified() {
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    let log = &trail.logs_of(digest)[0].object;
    let original = log.bucket.clone();
    let mut places = places(&trail);
    for replica in ["replica", "replica2"] {
        places.log_buckets.push(replica.to_owned());
        places.aliases.push((original.clone(), replica.to_owned()));
    }
    for bucket in [original.as_str(), "replica", "replica2"] {
        let mut memory = Memory::of(&trail);
        for object in trail.objects() {
            for replica in ["replica", "replica2"] {
                memory.put(Object {
                    bucket: replica.to_owned(),
                    ..object.clone()
                });
            }
        }
        let gone = Object {
            bucket: bucket.to_owned(),
            ..log.clone()
        };
        memory.delete(&gone);
        let at = ObjectLocation::new(bucket, &digest.object.key);
        let progress = digests(&memory, &places)
            .verify_log_files(&at, 0, 8, pending())
            .await;
        let mut report = progress.report;
        if bucket != original {
            // It may only not have been replicated yet: it is reported if it stays absent.
            assert_eq!(report.verdict(), Verdict::CannotTell);
            assert!(report.findings.is_empty());
            let obstacle = report.obstacles.pop().unwrap();
            report.findings.extend(obstacle.if_it_stays);
        }
        assert_reported(&report, &[(FindingKind::LogFileMissing, &gone)]);
        assert_eq!(report.findings[0].object.bucket, bucket);
    }
}

#[tokio::test]
async fn a_trail_with_the_times_and_orders_of_real_ones_is_valid() {
    let trail = TrailSpec::as_captured().build();
    let memory = Memory::of(&trail);
    for digest in &trail.digests {
        let report = validate(&trail, &memory, &digest.object).await;
        assert_eq!(report.verdict(), Verdict::Valid, "{report:#?}");
        let progress = verify(&trail, &memory, &digest.object).await;
        assert_reported(&progress.report, &[]);
        assert_eq!(progress.report.valid, trail.logs_of(digest).len());
    }
}

#[tokio::test]
async fn a_digest_signed_by_no_key_of_cloudtrail_is_reported() {
    use FindingKind::{DigestKeyUnknown, DigestSignatureInvalid};
    use tamper_digest::ClaimedKey;
    let trail = TrailSpec {
        regions: vec![REGION.to_owned(), "eu-west-1".to_owned()],
        ..half_a_day()
    }
    .build();
    let digest = hour(&trail, 5);
    let forgeries = [
        (
            tamper_digest::signed_by_rogue(digest, ClaimedKey::Own, |_| {}),
            DigestKeyUnknown,
        ),
        (
            tamper_digest::signed_by_rogue(digest, ClaimedKey::Genuine, |_| {}),
            DigestSignatureInvalid,
        ),
        (
            tamper_digest::signed_by_region(&trail, digest, "eu-west-1"),
            DigestKeyUnknown,
        ),
    ];
    for (forged, kind) in forgeries {
        let mut memory = Memory::of(&trail);
        memory.put(forged.object.clone());
        let report = validate(&trail, &memory, &forged.object).await;
        assert_reported(&report, &[(kind, &forged.object)]);
    }
}

#[tokio::test]
async fn a_digest_signed_with_a_key_of_another_time_is_reported_and_its_list_is_used() {
    use FindingKind::{DigestKeyOutOfPeriod, LogFileMissing};
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    for signed in [
        tamper_digest::signed_after_validity(&trail, digest),
        tamper_digest::signed_before_validity(&trail, digest),
    ] {
        let mut memory = Memory::of(&trail);
        memory.put(signed.object.clone());
        let report = validate(&trail, &memory, &signed.object).await;
        assert_reported(&report, &[(DigestKeyOutOfPeriod, &signed.object)]);
        assert_eq!(report.valid, 1);
        let finding = &report.findings[0];
        assert_eq!(finding.severity().as_str(), "medium");
        let actual = finding.actual.as_deref().unwrap();
        assert!(actual.contains(&signed.signer.fingerprint), "{actual}");

        let log = trail.logs_of(digest)[0];
        memory.delete(&log.object);
        let progress = verify(&trail, &memory, &signed.object).await;
        assert_reported(
            &progress.report,
            &[
                (DigestKeyOutOfPeriod, &signed.object),
                (LogFileMissing, &log.object),
            ],
        );
        let others = trail.logs_of(digest).len() - 1;
        assert_eq!(progress.report.valid, others);
        assert!(progress.digest.is_some());
    }
}

#[tokio::test]
async fn a_wrong_signature_by_a_key_of_another_time_is_invalid() {
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    let signed = tamper_digest::signed_after_validity(&trail, digest);
    let mut object = signed.object.clone();
    object.metadata.clone_from(&digest.object.metadata);
    let mut memory = Memory::of(&trail);
    memory.put(object.clone());
    let expected = [(FindingKind::DigestSignatureInvalid, &object)];
    let report = validate(&trail, &memory, &object).await;
    assert_reported(&report, &expected);
    let progress = verify(&trail, &memory, &object).await;
    assert_reported(&progress.report, &expected);
    assert!(progress.digest.is_none());
}

fn saved_keys(trail: &Trail) -> KeySet {
    let (from, to) = trail.time_span();
    let saved = trail
        .spec
        .keys
        .list_public_keys_response(REGION, from, to, ResponseStyle::CliV2)
        .to_string();
    KeySet::from_saved_response(saved.as_bytes()).unwrap()
}

#[tokio::test]
async fn pinned_keys_are_used_if_cloudtrail_refuses() {
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    let pinned = saved_keys(&trail);
    for fault in [
        Cause::Denied("the Region is not opted into".to_owned()),
        Cause::Unavailable("throttled".to_owned()),
    ] {
        let mut memory = Memory::of(&trail);
        memory.fail_keys(fault);
        let report = validate(&trail, &memory, &digest.object).await;
        assert_eq!(report.verdict(), Verdict::CannotTell);
        let ring = KeyRing::new(&memory, pinned.clone());
        let report = DigestVerifier::new(&memory, ring, places(&trail))
            .validate(&at(&digest.object))
            .await;
        assert_eq!(report.verdict(), Verdict::Valid);
    }
}

#[tokio::test]
async fn pinned_keys_of_functions_count_only_where_cloudtrail_refuses() {
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    let pinned = saved_keys(&trail);
    let validate = async |memory: &Memory| {
        let ring = KeyRing::new(memory, pinned.clone()).pinned_where_refused();
        DigestVerifier::new(memory, ring, places(&trail))
            .validate(&at(&digest.object))
            .await
    };
    for (fault, verdict) in [
        (Cause::Denied("no".to_owned()), Verdict::Valid),
        (Cause::RegionDisabled("no".to_owned()), Verdict::Valid),
        (
            Cause::Unavailable("throttled".to_owned()),
            Verdict::CannotTell,
        ),
        (Cause::Failed("nonsense".to_owned()), Verdict::CannotTell),
    ] {
        let mut memory = Memory::of(&trail);
        memory.fail_keys(fault.clone());
        let report = validate(&memory).await;
        assert_eq!(report.verdict(), verdict, "{fault}");
    }
    // CloudTrail answers, and has no such key: the writer of the pinned keys does not know better.
    let mut memory = Memory::of(&trail);
    memory.forget_keys();
    let report = validate(&memory).await;
    let reported: Vec<_> = report.findings.iter().map(|finding| finding.kind).collect();
    assert!(
        reported.contains(&FindingKind::DigestKeyUnknown),
        "{reported:?}"
    );
    assert_eq!(report.valid, 0);
}

#[tokio::test]
async fn a_pinned_key_of_another_time_is_not_reported_while_cloudtrail_is_unavailable() {
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    let signed = tamper_digest::signed_after_validity(&trail, digest);
    let (from, to) = trail.time_span();
    let from = from
        .saturating_sub(SignedDuration::from_hours(24 * 30))
        .unwrap();
    let saved = trail
        .spec
        .keys
        .list_public_keys_response(REGION, from, to, ResponseStyle::CliV2)
        .to_string();
    let pinned = KeySet::from_saved_response(saved.as_bytes()).unwrap();
    let mut memory = Memory::of(&trail);
    memory.put(signed.object.clone());
    memory.fail_keys(Cause::Unavailable("throttled".to_owned()));
    for is_function in [false, true] {
        let mut ring = KeyRing::new(&memory, pinned.clone());
        if is_function {
            ring = ring.pinned_where_refused();
        }
        let report = DigestVerifier::new(&memory, ring, places(&trail))
            .validate(&at(&signed.object))
            .await;
        assert_eq!(report.verdict(), Verdict::CannotTell);
        assert!(report.findings.is_empty());
        let obstacle = &report.obstacles[0];
        let stays = obstacle.if_it_stays.as_ref().map(|finding| finding.kind);
        assert_ne!(stays, Some(FindingKind::DigestKeyUnknown));
    }
}

#[tokio::test]
async fn one_deleted_digest_is_missing_with_its_hour() {
    let trail = half_a_day().build();
    let mut memory = Memory::of(&trail);
    let gone = &hour(&trail, 4).object;
    memory.delete(gone);
    let report = validate(&trail, &memory, &hour(&trail, 5).object).await;
    assert_window(
        &report,
        FindingKind::DigestMissing,
        gone,
        "2026-01-15T03:00:00Z",
        "2026-01-15T04:00:00Z",
    );
    assert_eq!(
        report.findings[0].digest.as_ref().unwrap().key,
        hour(&trail, 5).object.key
    );
}

#[tokio::test]
async fn three_digests_deleted_in_a_row_are_one_finding_with_their_whole_window() {
    let trail = TrailSpec {
        // Across the end of a day, a month and a year.
        start: "2025-12-31T20:00:00Z".parse().unwrap(),
        hours: 8,
        ..TrailSpec::default()
    }
    .build();
    let mut memory = Memory::of(&trail);
    for gone in [3, 4, 5] {
        memory.delete(&hour(&trail, gone).object);
    }
    let report = validate(&trail, &memory, &hour(&trail, 6).object).await;
    assert_window(
        &report,
        FindingKind::DigestMissing,
        &hour(&trail, 5).object,
        "2025-12-31T22:00:00Z",
        "2026-01-01T01:00:00Z",
    );
    assert!(
        report.findings[0]
            .message
            .starts_with("3 consecutive hourly digests"),
        "{}",
        report.findings[0].message
    );
    assert!(memory.lists() <= 10, "{} listings", memory.lists());
}

#[tokio::test]
async fn the_start_of_the_window_is_unknown_without_any_earlier_digest() {
    let trail = half_a_day().build();
    let mut memory = Memory::of(&trail);
    for gone in 0..5 {
        memory.delete(&hour(&trail, gone).object);
    }
    let report = validate(&trail, &memory, &hour(&trail, 5).object).await;
    assert_window(
        &report,
        FindingKind::DigestMissing,
        &hour(&trail, 4).object,
        "unknown",
        "2026-01-15T04:00:00Z",
    );
}

#[tokio::test]
async fn a_planted_digest_does_not_shorten_the_window() {
    let trail = half_a_day().build();
    let mut memory = Memory::of(&trail);
    for gone in [3, 4, 5] {
        memory.delete(&hour(&trail, gone).object);
    }
    let forged =
        tamper_digest::signed_by_rogue(hour(&trail, 4), tamper_digest::ClaimedKey::Own, |_| {});
    memory.put(forged.object);
    let report = validate(&trail, &memory, &hour(&trail, 6).object).await;
    assert_window(
        &report,
        FindingKind::DigestMissing,
        &hour(&trail, 5).object,
        "2026-01-15T02:00:00Z",
        "2026-01-15T05:00:00Z",
    );
}

#[tokio::test]
async fn a_digest_deleted_before_its_event_arrives_is_missing() {
    let trail = half_a_day().build();
    let mut memory = Memory::of(&trail);
    let newest = &hour(&trail, 8).object;
    memory.delete(newest);
    let report = validate(&trail, &memory, newest).await;
    assert_window(
        &report,
        FindingKind::DigestMissing,
        newest,
        "2026-01-15T07:00:00Z",
        "2026-01-15T08:00:00Z",
    );
}

#[tokio::test]
async fn a_chain_after_a_stop_is_reported_as_restarted_with_the_uncovered_window() {
    let trail = TrailSpec {
        hours: 20,
        stops: vec![Stop {
            last_hour: 6,
            restart_hour: Some(15),
        }],
        ..TrailSpec::default()
    }
    .build();
    let memory = Memory::of(&trail);
    let restarted = &hour(&trail, 15).object;
    let report = validate(&trail, &memory, restarted).await;
    assert_window(
        &report,
        FindingKind::ChainRestarted,
        restarted,
        "2026-01-15T06:00:00Z",
        "2026-01-15T14:00:00Z",
    );
    assert_eq!(report.valid, 1);
    assert_valid(&trail, &memory, &[restarted]).await;
}

/// Everything of a chain was deleted, and logging was started again: for the bucket, it is a new
/// trail. For somebody who watches it, it is news.
#[tokio::test]
async fn only_the_first_digest_of_a_new_chain_is_reported() {
    let trail = half_a_day().build();
    let memory = Memory::of(&trail);
    let digests = digests(&memory, &places(&trail));
    for digest in &trail.digests {
        let report = digests.validate_delivered(&at(&digest.object)).await.report;
        if digest.hour == 0 {
            assert_reported(&report, &[(FindingKind::ChainStarted, &digest.object)]);
            assert_eq!(report.findings[0].severity().as_str(), "low");
            assert_eq!(report.findings[0].scope.region.as_deref(), Some(REGION));
        } else {
            assert_eq!(report.verdict(), Verdict::Valid, "{report:#?}");
        }
        assert_eq!(report.valid, 1);
        // The command checks what exists, and reports in its own way what does not.
        let report = digests.validate(&at(&digest.object)).await;
        assert_eq!(report.verdict(), Verdict::Valid, "{report:#?}");
    }
    // Its digests were deleted, and logging was started again under the same name.
    let restarting = TrailSpec {
        hours: 20,
        stops: vec![Stop {
            last_hour: 6,
            restart_hour: Some(15),
        }],
        ..TrailSpec::default()
    }
    .build();
    let restarted = &hour(&restarting, 15).object;
    for (kept, expected) in [
        (0, FindingKind::ChainStarted),
        (1, FindingKind::ChainRestarted),
    ] {
        let mut memory = Memory::of(&restarting);
        for digest in &restarting.digests {
            if digest.hour < 15 && digest.hour >= kept {
                memory.delete(&digest.object);
            }
        }
        let report = self::digests(&memory, &places(&restarting))
            .validate_delivered(&at(restarted))
            .await
            .report;
        assert_reported(&report, &[(expected, restarted)]);
    }
}

/// A chain of an unexpected trail is reported, once for each chain, and is still verified.
#[tokio::test]
async fn digests_of_an_unexpected_trail_are_reported() {
    use FindingKind::{ChainStarted, DigestTrailUnexpected};
    let organization = TrailSpec {
        organization_id: Some("o-exampleorgid".to_owned()),
        accounts: vec![ACCOUNT.to_owned(), "444455556666".to_owned()],
        hours: 2,
        ..TrailSpec::default()
    };
    let arn = |account: &str, name: &str, region: &str| {
        TrailArn::parse(&format!(
            "arn:aws:cloudtrail:{region}:{account}:trail/{name}"
        ))
        .unwrap()
    };
    let own = arn(ACCOUNT, "management-events", REGION);
    for (spec, trails, is_expected) in [
        (half_a_day(), vec![], true),
        (half_a_day(), vec![own.clone()], true),
        (half_a_day(), vec![arn(ACCOUNT, "other", REGION)], false),
        (
            half_a_day(),
            vec![arn(ACCOUNT, "other", REGION), own.clone()],
            true,
        ),
        (
            half_a_day(),
            vec![arn("444455556666", "management-events", REGION)],
            false,
        ),
        (
            half_a_day(),
            vec![arn(ACCOUNT, "management-events", "us-west-2")],
            false,
        ),
        // A trail of all Regions has one home Region, and a chain in each Region.
        (
            TrailSpec {
                regions: vec![REGION.to_owned(), "eu-central-1".to_owned()],
                hours: 2,
                ..TrailSpec::default()
            },
            vec![own.clone()],
            true,
        ),
        // An organization trail's ARN names the management account, and not a member.
        (organization.clone(), vec![own], true),
        (
            organization.clone(),
            vec![arn("999999999999", "management-events", REGION)],
            true,
        ),
        (organization, vec![arn(ACCOUNT, "other", REGION)], false),
    ] {
        let trail = spec.build();
        let memory = Memory::of(&trail);
        let mut places = places(&trail);
        places.trails.clone_from(&trails);
        let mut ids = BTreeSet::new();
        let mut chains = BTreeSet::new();
        for digest in &trail.digests {
            let report = digests(&memory, &places)
                .validate_delivered(&at(&digest.object))
                .await
                .report;
            assert_eq!(report.valid, 1);
            let mut expected = Vec::new();
            if !is_expected {
                expected.push((DigestTrailUnexpected, &digest.object));
                ids.insert((
                    report.findings[0].id().to_string(),
                    report.findings[0].occurrence().to_string(),
                ));
                assert_eq!(report.findings[0].severity().as_str(), "high");
            }
            if digest.hour == 0 {
                expected.push((ChainStarted, &digest.object));
            }
            chains.insert((digest.account.clone(), digest.region.clone()));
            assert_reported(&report, &expected);
        }
        let incidents = if is_expected { 0 } else { chains.len() };
        assert_eq!(ids.len(), incidents, "{trails:?}");
    }
}

/// A replica has the original's name, and is the same incident; a digest that CloudTrail did not
/// sign belongs to no trail.
#[tokio::test]
async fn a_trail_is_reported_as_unexpected_once_and_only_by_a_signed_digest() {
    let trail = half_a_day().build();
    let mut replica = Memory::default();
    replica.publish_keys(&trail);
    for object in trail.objects() {
        replica.put(Object {
            bucket: "replica".to_owned(),
            ..object.clone()
        });
    }
    let mut places = places(&trail);
    places.log_buckets.push("replica".to_owned());
    places.aliases = vec![("amzn-s3-demo-bucket".to_owned(), "replica".to_owned())];
    let digest = hour(&trail, 3);
    let copy = ObjectLocation::new("replica", &digest.object.key);
    let expected = digests(&replica, &places)
        .validate_delivered(&copy)
        .await
        .report;
    assert_eq!(expected.verdict(), Verdict::Valid, "{expected:#?}");
    let other = "arn:aws:cloudtrail:us-east-1:111122223333:trail/other";
    places.trails = vec![TrailArn::parse(other).unwrap()];
    let there = digests(&replica, &places)
        .validate_delivered(&copy)
        .await
        .report;
    let memory = Memory::of(&trail);
    let here = digests(&memory, &places)
        .validate_delivered(&at(&digest.object))
        .await
        .report;
    assert_eq!(there.findings[0].kind, FindingKind::DigestTrailUnexpected);
    assert_eq!(there.findings[0].id(), here.findings[0].id());
    let mut memory = Memory::of(&trail);
    memory.put(tamper_digest::without_metadata(&digest.object));
    let report = digests(&memory, &places)
        .validate_delivered(&at(&digest.object))
        .await
        .report;
    assert_reported(
        &report,
        &[(FindingKind::DigestSignatureMissing, &digest.object)],
    );
}

/// Anybody who can write to the bucket can plant any number of digests before a restarted chain.
#[tokio::test]
async fn planted_digests_neither_hide_a_restart_nor_report_a_chain_as_missing() {
    let trail = TrailSpec {
        hours: 20,
        stops: vec![Stop {
            last_hour: 6,
            restart_hour: Some(15),
        }],
        ..TrailSpec::default()
    }
    .build();
    let planted = |memory: &mut Memory, count: u32, before: &str| {
        for second in 0..count {
            let object = &hour(&trail, 5).object;
            let to = Location {
                key: object
                    .key
                    .replace("T050000Z", &format!("{before}{:02}Z", 10 + second % 50)),
                ..object.location()
            };
            memory.put(tamper_log::empty(&tamper_digest::copied_to(object, &to)));
        }
    };
    let restarted = &hour(&trail, 15).object;
    for (count, from) in [
        (31, "2026-01-15T06:00:00Z"),
        (32, "unknown"),
        (45, "unknown"),
    ] {
        let mut memory = Memory::of(&trail);
        planted(&mut memory, count, "T1030");
        let report = validate(&trail, &memory, restarted).await;
        assert_window(
            &report,
            FindingKind::ChainRestarted,
            restarted,
            from,
            "2026-01-15T14:00:00Z",
        );
        memory.delete(&hour(&trail, 16).object);
        planted(&mut memory, count, "T1530");
        let report = validate(&trail, &memory, &hour(&trail, 17).object).await;
        assert_eq!(report.findings.len(), 1);
        assert!(!report.findings[0].message.contains("every earlier digest"));
        // The report says that there are more than are tried.
        let actual = report.findings[0].actual.as_ref().unwrap();
        assert_eq!(actual.contains("there are more"), count > 31, "{actual}");
    }
}

/// Nor does a digest that can never be read: the restart is reported when it stays unreadable.
#[tokio::test]
async fn an_archived_digest_does_not_hide_a_restart() {
    let trail = TrailSpec {
        hours: 16,
        stops: vec![Stop {
            last_hour: 6,
            restart_hour: Some(15),
        }],
        ..TrailSpec::default()
    }
    .build();
    let memory = Memory::of(&trail);
    let archived = Cause::Archived("GLACIER".to_owned());
    memory.fail(&hour(&trail, 6).object, &archived, 1);
    let restarted = &hour(&trail, 15).object;
    let mut report = validate(&trail, &memory, restarted).await;
    assert_eq!(report.verdict(), Verdict::CannotTell);
    let stays = report.obstacles.drain(..);
    let kinds: Vec<_> = stays
        .filter_map(|obstacle| obstacle.if_it_stays)
        .map(|finding| (finding.kind, finding.object.key))
        .collect();
    assert_eq!(
        kinds,
        [
            (
                FindingKind::ObjectArchived,
                hour(&trail, 6).object.key.clone()
            ),
            (FindingKind::ChainRestarted, restarted.key.clone()),
        ]
    );
    // After it can be read, the window is known.
    let report = validate(&trail, &memory, restarted).await;
    assert_window(
        &report,
        FindingKind::ChainRestarted,
        restarted,
        "2026-01-15T06:00:00Z",
        "2026-01-15T14:00:00Z",
    );
}

/// A digest's error may quote what an attacker wrote, at any length.
#[tokio::test]
async fn a_finding_quotes_only_short_text() {
    let trail = half_a_day().build();
    let digest = &hour(&trail, 5).object;
    let inflated = format!(r#"{{"logFiles":"{}"}}"#, "A".repeat(10_000_000));
    let mut memory = Memory::of(&trail);
    memory.put(digest.with_body(gzip::compress(inflated.as_bytes())));
    let report = validate(&trail, &memory, digest).await;
    assert_reported(&report, &[(FindingKind::DigestMalformed, digest)]);
    assert!(format!("{:?}", report.findings).len() < 20_000);
}

#[tokio::test]
async fn a_digest_deleted_before_its_log_files_are_verified_is_missing() {
    let trail = half_a_day().build();
    let digest = &hour(&trail, 5).object;
    let mut memory = Memory::of(&trail);
    memory.delete(digest);
    for first in [0, 1] {
        let report = digests(&memory, &places(&trail))
            .verify_log_files(&at(digest), first, 8, pending())
            .await
            .report;
        assert_reported(&report, &[(FindingKind::DigestMissing, digest)]);
    }
}

#[tokio::test]
async fn resuming_after_the_end_of_a_digest_is_not_valid() {
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    let memory = Memory::of(&trail);
    let listed = digest.document.log_files.len();
    for first in [listed, 99] {
        let report = digests(&memory, &places(&trail))
            .verify_log_files(&at(&digest.object), first, 8, pending())
            .await
            .report;
        assert_eq!(report.verdict(), Verdict::CannotTell);
    }
}

/// The times that an unsigned digest claims lead nowhere.
#[tokio::test]
async fn a_digest_of_absurd_times_is_a_finding() {
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    for (start, end) in [
        ("0001-01-01T00:00:00Z", "2026-01-15T05:00:00Z"),
        ("2026-01-15T04:00:00Z", "9998-01-15T05:00:00Z"),
    ] {
        let forged = tamper_digest::edited(digest, |document| {
            start.clone_into(&mut document.digest_start_time);
            end.clone_into(&mut document.digest_end_time);
        });
        let mut memory = Memory::of(&trail);
        memory.put(forged);
        let report = validate(&trail, &memory, &digest.object).await;
        assert_reported(
            &report,
            &[(FindingKind::DigestSignatureInvalid, &digest.object)],
        );
    }
}

#[tokio::test]
async fn a_digest_that_does_not_continue_its_predecessor_is_reported() {
    let trail = TrailSpec {
        accounts: vec![ACCOUNT.to_owned(), "444455556666".to_owned()],
        ..half_a_day()
    }
    .build();
    let digest = hour(&trail, 5);
    let gap = tamper_digest::chain_gap(digest, "2026-01-15T04:20:00Z");
    let mut memory = Memory::of(&trail);
    memory.put(gap.object.clone());
    let report = validate(&trail, &memory, &gap.object).await;
    assert_window(
        &report,
        FindingKind::ChainGap,
        &gap.object,
        "2026-01-15T04:00:00Z",
        "2026-01-15T04:20:00Z",
    );
    let wrong_hash = tamper_digest::wrong_previous_hash(digest);
    memory.put(wrong_hash.object.clone());
    let report = validate(&trail, &memory, &wrong_hash.object).await;
    assert_reported(
        &report,
        &[(FindingKind::DigestModified, &hour(&trail, 4).object)],
    );
    let foreign =
        tamper_digest::foreign_predecessor(digest, trail.digest("444455556666", REGION, 4));
    memory.put(foreign.object.clone());
    let report = validate(&trail, &memory, &foreign.object).await;
    assert_reported(&report, &[(FindingKind::DigestMalformed, &foreign.object)]);
    let later = tamper_digest::foreign_predecessor(digest, hour(&trail, 6));
    memory.put(later.object.clone());
    let report = validate(&trail, &memory, &later.object).await;
    assert_reported(&report, &[(FindingKind::DigestMalformed, &later.object)]);
    let restarted = tamper_digest::restarted(digest);
    memory.put(restarted.object.clone());
    let report = validate(&trail, &memory, &restarted.object).await;
    assert_reported(&report, &[(FindingKind::ChainRestarted, &restarted.object)]);
}

#[tokio::test]
async fn backfill_digests_are_validated_apart_from_the_hourly_chain() {
    let trail = TrailSpec {
        backfills: vec![Backfill {
            hour: 3,
            log_files: 2,
            generated_after_hours: 30,
            link: BackfillLink::Unlinked,
        }],
        ..half_a_day()
    }
    .build();
    let backfill = trail.backfill(ACCOUNT, REGION, 3);
    let mut memory = Memory::of(&trail);
    // The deleted hourly digest does not concern a backfill digest.
    memory.delete(&hour(&trail, 2).object);
    let report = validate(&trail, &memory, &backfill.object).await;
    assert_eq!((report.verdict(), report.valid), (Verdict::Valid, 1));

    memory.put(tamper_digest::without_first_log(backfill));
    let report = validate(&trail, &memory, &backfill.object).await;
    assert_reported(
        &report,
        &[(FindingKind::DigestSignatureInvalid, &backfill.object)],
    );
    let mut undated = backfill.object.clone();
    undated
        .metadata
        .remove("backfill-generation-timestamp")
        .unwrap();
    memory.put(undated);
    let report = validate(&trail, &memory, &backfill.object).await;
    assert_reported(&report, &[(FindingKind::DigestMalformed, &backfill.object)]);
}

#[tokio::test]
async fn an_object_that_is_not_a_digest_is_ignored() {
    let trail = half_a_day().build();
    let mut memory = Memory::of(&trail);
    for object in trail.extras() {
        memory.put(object.clone());
        let report = validate(&trail, &memory, &object).await;
        assert_eq!((report.verdict(), report.valid), (Verdict::Ignored, 0));
        let report = verify(&trail, &memory, &object).await.report;
        assert_eq!((report.verdict(), report.valid), (Verdict::Ignored, 0));
    }
    let log = &trail.log_files[0].object;
    let report = validate(&trail, &memory, log).await;
    assert_eq!((report.verdict(), report.valid), (Verdict::Ignored, 0));
}

#[tokio::test]
async fn an_unreadable_object_is_neither_valid_nor_tampered_with() {
    let trail = TrailSpec {
        log_files_per_hour: 3..=3,
        ..half_a_day()
    }
    .build();
    let digest = hour(&trail, 5);
    let log = &trail.logs_of(digest)[1].object;
    for (cause, kind) in [
        (
            Cause::Denied("kms:Decrypt".to_owned()),
            Some(FindingKind::ObjectUnreadableDenied),
        ),
        (
            Cause::Archived("GLACIER".to_owned()),
            Some(FindingKind::ObjectArchived),
        ),
        (Cause::Unavailable("SlowDown".to_owned()), None),
        (Cause::Failed("nonsense".to_owned()), None),
    ] {
        let memory = Memory::of(&trail);
        memory.fail(log, &cause, 10);
        let report = verify(&trail, &memory, &digest.object).await.report;
        assert_eq!(report.verdict(), Verdict::CannotTell);
        assert_eq!((report.valid, report.obstacles.len()), (2, 1));
        let stays = report.obstacles[0].if_it_stays.as_ref();
        assert_eq!(
            stays.map(|f| (f.kind, &f.object.key)),
            kind.map(|k| (k, &log.key))
        );

        for unreadable in [&digest.object, &hour(&trail, 4).object] {
            let memory = Memory::of(&trail);
            memory.fail(unreadable, &cause, 10);
            let report = validate(&trail, &memory, &digest.object).await;
            assert_eq!(report.verdict(), Verdict::CannotTell);
            assert_eq!(report.obstacles.len(), 1);
            assert_eq!(
                report.obstacles[0]
                    .if_it_stays
                    .as_ref()
                    .map(|f| &f.object.key),
                kind.map(|_| &unreadable.key)
            );
        }
    }
}

#[tokio::test]
async fn a_log_file_is_read_again_when_the_connection_breaks() {
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    let memory = Memory::of(&trail);
    let broken = Cause::Unavailable("connection reset".to_owned());
    memory.fail(&trail.logs_of(digest)[0].object, &broken, 2);
    let report = verify(&trail, &memory, &digest.object).await.report;
    assert_eq!(report.verdict(), Verdict::Valid);
}

#[tokio::test]
async fn a_missing_digest_is_reported_even_if_the_bucket_cannot_be_listed() {
    let trail = half_a_day().build();
    let mut memory = Memory::of(&trail);
    memory.delete(&hour(&trail, 4).object);
    memory.fail(&hour(&trail, 3).object, &Cause::Denied("no".to_owned()), 10);
    let report = validate(&trail, &memory, &hour(&trail, 5).object).await;
    assert_eq!(
        reported(&report.findings),
        [(
            FindingKind::DigestMissing,
            hour(&trail, 4).object.key.clone(),
            Some(("unknown".to_owned(), "2026-01-15T04:00:00Z".to_owned()))
        )]
    );
    assert_eq!(report.obstacles.len(), 1);
}

#[tokio::test]
async fn when_time_runs_out_the_rest_is_reported_and_can_be_resumed() {
    let trail = TrailSpec::large(300).build();
    let digest = hour(&trail, 1);
    let mut memory = Memory::of(&trail);
    let log = &trail.logs_of(digest)[250].object;
    memory.delete(log);
    let digests = digests(&memory, &places(&trail));
    let location = at(&digest.object);
    let stopped = digests.verify_log_files(&location, 0, 8, ready(())).await;
    assert_eq!((stopped.rest, stopped.report.valid), (Some(0), 0));
    // In portions, as a queue would deliver them.
    let mut first = 0;
    let mut report = Report::default();
    let mut counts = Counts::default();
    for _ in 0..20 {
        let countdown = {
            let memory = &memory;
            let until = memory.reads() + 60;
            std::future::poll_fn(move |context| {
                if memory.reads() >= until {
                    return std::task::Poll::Ready(());
                }
                context.waker().wake_by_ref();
                std::task::Poll::Pending
            })
        };
        let progress = digests
            .verify_log_files(&location, first, 8, countdown)
            .await;
        // Each log file counts once, in the part that it belongs to.
        let tally = progress.log_files.unwrap();
        assert_eq!((tally.listed, tally.from), (300, first));
        assert_eq!(tally.until, progress.rest.unwrap_or(300));
        let counted = usize::try_from(tally.counts.total()).unwrap();
        assert_eq!(counted, tally.until - tally.from);
        counts.merge(tally.counts);
        report.absorb(progress.report);
        match progress.rest {
            Some(rest) => {
                assert!(rest > first, "no progress at {rest}");
                first = rest;
            }
            None => break,
        }
    }
    assert!(report.valid >= 299);
    assert_reported(&report, &[(FindingKind::LogFileMissing, log)]);
    let expected = Counts {
        valid: 299,
        finding: 1,
        cannot_tell: 0,
    };
    assert_eq!(counts, expected);
}

#[tokio::test]
async fn a_digest_of_ten_thousand_log_files_is_verified_at_once() {
    let trail = TrailSpec::large(10_000).build();
    let memory = Memory::of(&trail);
    let digest = hour(&trail, 1);
    let progress = verify(&trail, &memory, &digest.object).await;
    assert_eq!((progress.report.valid, progress.rest), (10_000, None));
    // One request for each file, and one for the digest.
    assert_eq!(memory.reads(), 10_001);
}

#[tokio::test]
async fn a_missing_bucket_is_reported_like_a_missing_object() {
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    let mut memory = Memory::default();
    memory.publish_keys(&trail);
    memory.put(digest.object.clone());
    let gone = Cause::Absent(Absence::NoBucket);
    for log in trail.logs_of(digest) {
        memory.fail(&log.object, &gone, 1);
    }
    let report = verify(&trail, &memory, &digest.object).await.report;
    assert_eq!(report.findings.len(), digest.document.log_files.len());
    assert!(
        report
            .findings
            .iter()
            .all(|f| f.kind == FindingKind::LogFileMissing)
    );
}

/// Makes an object unreadable, with these headers.
fn archive(memory: &mut Memory, object: &Object, written: Option<&str>) {
    let archived = Cause::Archived("InvalidObjectState".to_owned());
    memory.fail(object, &archived, 10);
    if let Some(written) = written {
        memory.written_at(object, written);
    }
}

#[track_caller]
fn assert_archived(report: &Report, object: &Object) {
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert_eq!(report.verdict(), Verdict::CannotTell);
    let stays = report.obstacles.iter().map(|o| o.if_it_stays.as_ref());
    let stays: Vec<_> = stays
        .map(|finding| finding.map(|f| (f.kind, f.object.key.as_str())))
        .collect();
    assert_eq!(stays, [Some((FindingKind::ObjectArchived, &*object.key))]);
}

/// Somebody who overwrites a log file puts it into an archive class, so that nobody can compare it.
#[tokio::test]
async fn a_log_file_replaced_by_an_archived_one_is_modified() {
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    let log = &trail.logs_of(digest)[0].object;
    // The digest lists what was delivered until 05:00.
    for (written, modified) in [
        (None, false),
        (Some("2026-01-15T05:15:00Z"), false),
        (Some("2026-01-15T05:15:01Z"), true),
        (Some("2026-11-27T12:00:00Z"), true),
    ] {
        let mut memory = Memory::of(&trail);
        archive(&mut memory, log, written);
        let report = verify(&trail, &memory, &digest.object).await.report;
        assert_eq!(report.valid, digest.document.log_files.len() - 1);
        if modified {
            assert_reported(&report, &[(FindingKind::LogFileModified, log)]);
            let finding = &report.findings[0];
            let actual = finding.actual.as_deref().unwrap();
            assert!(actual.contains(written.unwrap()), "{actual}");
            let listed_in = finding.digest.as_ref().unwrap();
            assert_eq!(listed_in.key, digest.object.key);
        } else {
            assert_archived(&report, log);
        }
    }
}

#[tokio::test]
async fn a_digest_replaced_by_an_archived_one_is_modified() {
    let trail = half_a_day().build();
    let (digest, next) = (hour(&trail, 5), hour(&trail, 6));
    let mut signed_otherwise = digest.object.clone();
    let signature = "00".repeat(256);
    let metadata = &mut signed_otherwise.metadata;
    metadata.insert("signature".to_owned(), signature).unwrap();
    let mut unsigned = digest.object.clone();
    unsigned.metadata.clear();
    // The object, when it was written, and whether its own event and its successor's report it.
    for (object, written, by_itself, by_successor) in [
        (&digest.object, None, false, false),
        // Its successor was delivered at 06:30.
        (&digest.object, Some("2026-01-15T08:30:00Z"), false, false),
        (&digest.object, Some("2026-01-15T08:30:01Z"), false, true),
        (&signed_otherwise, None, false, true),
        (&unsigned, None, true, true),
    ] {
        let mut memory = Memory::of(&trail);
        memory.put(object.clone());
        archive(&mut memory, object, written);
        let modified = [(FindingKind::DigestModified, object)];
        let report = validate(&trail, &memory, object).await;
        let files = verify(&trail, &memory, object).await.report;
        for report in [report, files] {
            if by_itself {
                assert_reported(&report, &modified);
            } else {
                assert_archived(&report, object);
            }
        }
        let report = validate(&trail, &memory, &next.object).await;
        if by_successor {
            assert_reported(&report, &modified);
        } else {
            assert_archived(&report, object);
        }
    }
}

/// If CloudTrail delivers late, a digest is late together with its successor.
#[tokio::test]
async fn a_late_digest_that_was_archived_is_not_modified() {
    let trail = half_a_day().build();
    let (digest, next) = (&hour(&trail, 5).object, &hour(&trail, 6).object);
    let mut memory = Memory::of(&trail);
    archive(&mut memory, digest, Some("2026-01-15T11:30:00Z"));
    memory.written_at(next, "2026-01-15T11:31:00Z");
    for at in [digest, next] {
        assert_archived(&validate(&trail, &memory, at).await, digest);
    }
}

/// A fast attacker overwrites an object before its digest is late.
#[tokio::test]
async fn an_object_archived_on_the_day_it_was_written_was_replaced() {
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    let log = &trail.logs_of(digest)[0].object;
    for (now, modified) in [
        ("2026-01-15T05:40:00Z", true),
        ("2026-01-15T23:54:59Z", true),
        // A lifecycle rule moves objects from midnight UTC on, and clocks differ.
        ("2026-01-15T23:55:00Z", false),
        ("2026-01-16T00:00:00Z", false),
    ] {
        let mut memory = Memory::of(&trail);
        memory.asked_at(now);
        archive(&mut memory, log, Some("2026-01-15T05:10:00Z"));
        let files = verify(&trail, &memory, &digest.object).await.report;
        archive(&mut memory, &digest.object, Some("2026-01-15T05:10:00Z"));
        let own = validate(&trail, &memory, &digest.object).await;
        let next = validate(&trail, &memory, &hour(&trail, 6).object).await;
        for (report, kind, object) in [
            (files, FindingKind::LogFileModified, log),
            (own, FindingKind::DigestModified, &digest.object),
            (next, FindingKind::DigestModified, &digest.object),
        ] {
            if modified {
                assert_reported(&report, &[(kind, object)]);
            } else {
                assert_archived(&report, object);
            }
        }
    }
}

/// A replaced digest verifies nothing, and does not hide a restart until somebody restores it.
#[tokio::test]
async fn a_replaced_digest_does_not_hide_a_restart() {
    let trail = TrailSpec {
        hours: 16,
        stops: vec![Stop {
            last_hour: 6,
            restart_hour: Some(15),
        }],
        ..TrailSpec::default()
    }
    .build();
    let mut memory = Memory::of(&trail);
    let last = &hour(&trail, 6).object;
    archive(&mut memory, last, Some("2026-01-15T14:30:00Z"));
    let restarted = &hour(&trail, 15).object;
    // On the next day, a rule may have archived it: the restart is reported if it stays archived.
    memory.asked_at("2026-01-16T15:30:00Z");
    let report = validate(&trail, &memory, restarted).await;
    assert_eq!(report.verdict(), Verdict::CannotTell);
    let stays = report
        .obstacles
        .iter()
        .filter_map(|o| o.if_it_stays.as_ref());
    let stays: Vec<_> = stays.map(|f| (f.kind, f.object.key.as_str())).collect();
    assert_eq!(
        stays,
        [
            (FindingKind::ObjectArchived, &*last.key),
            (FindingKind::ChainRestarted, &*restarted.key),
        ]
    );
    memory.asked_at("2026-01-15T15:30:00Z");
    let report = validate(&trail, &memory, restarted).await;
    assert_window(
        &report,
        FindingKind::ChainRestarted,
        restarted,
        "2026-01-15T05:00:00Z",
        "2026-01-15T14:00:00Z",
    );
}

#[tokio::test]
async fn an_archived_object_without_readable_headers_could_not_be_verified() {
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    let log = &trail.logs_of(digest)[0].object;
    let late = Some("2026-11-27T12:00:00Z");
    // A refused request for them is reported, and throttling passes.
    for (cause, kind) in [
        (
            Cause::Denied("no".to_owned()),
            Some(FindingKind::ObjectUnreadableDenied),
        ),
        (Cause::Unavailable("SlowDown".to_owned()), None),
    ] {
        let mut memory = Memory::of(&trail);
        for object in [log, &digest.object] {
            archive(&mut memory, object, late);
            memory.fail_headers(object, cause.clone());
        }
        let own = validate(&trail, &memory, &digest.object).await;
        let next = validate(&trail, &memory, &hour(&trail, 6).object).await;
        let mut memory = Memory::of(&trail);
        archive(&mut memory, log, late);
        memory.fail_headers(log, cause);
        let files = verify(&trail, &memory, &digest.object).await.report;
        for report in [own, next, files] {
            assert_eq!(report.verdict(), Verdict::CannotTell);
            let stays = report.obstacles[0].if_it_stays.as_ref();
            assert_eq!(stays.map(|finding| finding.kind), kind);
        }
    }
}

/// The times of a replica's objects show when they were copied, if S3 did not replicate them.
#[tokio::test]
async fn a_replica_may_be_newer_than_its_original() {
    let trail = half_a_day().build();
    let mut replica = Memory::default();
    replica.publish_keys(&trail);
    let copy = |object: &Object| Object {
        bucket: "replica".to_owned(),
        ..object.clone()
    };
    for object in trail.objects() {
        replica.put(copy(object));
    }
    let mut places = places(&trail);
    places.log_buckets = vec!["replica".to_owned()];
    places.aliases = vec![("amzn-s3-demo-bucket".to_owned(), "replica".to_owned())];
    let digest = hour(&trail, 5);
    let log = copy(&trail.logs_of(digest)[0].object);
    let before = copy(&hour(&trail, 4).object);
    for object in [&log, &before] {
        archive(&mut replica, object, Some("2026-11-27T12:00:00Z"));
    }
    replica.asked_at("2026-11-27T12:30:00Z");
    let digests = digests(&replica, &places);
    let at = ObjectLocation::new("replica", &digest.object.key);
    assert_archived(&digests.validate(&at).await, &before);
    let progress = digests.verify_log_files(&at, 0, 8, pending()).await;
    assert_archived(&progress.report, &log);
}

/// A backfill digest lists what was delivered until it was generated.
#[tokio::test]
async fn log_files_of_a_backfill_digest_may_be_as_new_as_the_digest() {
    let trail = TrailSpec {
        backfills: vec![Backfill {
            hour: 3,
            log_files: 2,
            generated_after_hours: 30,
            link: BackfillLink::Unlinked,
        }],
        ..half_a_day()
    }
    .build();
    let backfill = trail.backfill(ACCOUNT, REGION, 3);
    let generated = &backfill.object.metadata["backfill-generation-timestamp"];
    let generated: jiff::Timestamp = generated.parse().unwrap();
    let log = &trail.logs_of(backfill)[0].object;
    for (minutes, modified) in [(15, false), (16, true)] {
        let written = generated + jiff::SignedDuration::from_mins(minutes);
        let mut memory = Memory::of(&trail);
        archive(&mut memory, log, Some(&written.to_string()));
        let report = verify(&trail, &memory, &backfill.object).await.report;
        if modified {
            assert_reported(&report, &[(FindingKind::LogFileModified, log)]);
        } else {
            assert_archived(&report, log);
        }
    }
}

/// Both functions say of the object that they read what it is, whoever wrote it.
#[tokio::test]
async fn the_facts_about_a_digest_are_those_of_the_object_that_was_read() {
    let trail = half_a_day().build();
    let digest = hour(&trail, 5);
    let object = &digest.object;
    let junk = gzip::compress(b"junk");
    let unsigned = tamper_digest::without_metadata(object);
    for (instead, is_signed, is_digest, is_gzip) in [
        (object.clone(), true, true, true),
        (unsigned, false, true, true),
        (object.with_body(junk), false, false, true),
        (object.with_body(&b"junk"[..]), false, false, false),
    ] {
        let mut memory = Memory::of(&trail);
        memory.put(instead);
        let verifier = digests(&memory, &places(&trail));
        let validated = verifier.validate_delivered(&at(object)).await.seen.unwrap();
        let progress = verifier
            .verify_log_files(&at(object), 0, 8, pending())
            .await;
        assert_eq!(progress.seen, Some(validated.clone()));
        assert_eq!(progress.log_files.is_some(), is_signed);
        assert_eq!(validated.is_signed, is_signed);
        assert_eq!(validated.version_id.as_deref(), Some("1"));
        assert!(validated.e_tag.is_some());
        assert_eq!(validated.sha256.is_some(), is_gzip);
        let stated = validated.stated.map(|stated| {
            assert_eq!(validated.sha256.unwrap().to_string(), digest.sealed.sha256);
            (stated.key_fingerprint, stated.log_files)
        });
        let expected = (
            digest.document.digest_public_key_fingerprint.clone(),
            digest.document.log_files.len(),
        );
        assert_eq!(stated, is_digest.then_some(expected));
    }
    let mut memory = Memory::of(&trail);
    memory.delete(object);
    let verifier = digests(&memory, &places(&trail));
    assert_eq!(verifier.validate_delivered(&at(object)).await.seen, None);
}
