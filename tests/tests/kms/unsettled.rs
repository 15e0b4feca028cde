//! The reason why a delivery is not settled is reported, and nothing waits forever.

use crate::case::{BUCKET, Case, KEY, Record, at, kinds, log_file, log_key, verdicts};
use crate::story::{digest, first_log, leave_out, recording, spec};
use crate::world::{World, assert_nothing, reported};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::future::ready;
use trailseal::check::pending::{self, PendingUpdate, Settlement};
use trailseal::finding::FindingKind::{DeliveryUnsettled, LogFileMissing, LogFileUnlisted};
use trailseal::finding::{Finding, Report, Verdict};
use trailseal::kms::rules::Rule;
use trailseal::world::{Cause, KeepEvidence};
use trailseal_tests::trail::{Backfill, BackfillLink, BucketChange, Object, TrailSpec};

/// Returns a trail whose log file of hour 3 was checked, and then deleted together with its entry
/// in the digest that was not delivered yet.
async fn deleted_before_its_digest() -> (World, Object) {
    let mut trail = spec().build();
    let log = first_log(&trail, 3);
    leave_out(&mut trail, 3, &log);
    let mut world = World::new(trail);
    let recorded = recording(&world.trail, &log).object.clone();
    assert_nothing(&world.look(&recorded).await);
    assert!(world.waits_for(&log));
    world.memory.delete(&log);
    (world, log)
}

/// Returns the folder in which the deliveries of the chain wait.
fn folder_of(world: &World) -> String {
    let name = world.waiting().into_keys().next().expect("a document");
    let (folder, _) = name.rsplit_once('/').expect("a folder");
    folder.to_owned()
}

fn document(key: &str, time: &str) -> String {
    json!({
        "schema": "trailseal.pending/1",
        "bucket": BUCKET,
        "recordedIn": format!("s3://{BUCKET}/planted"),
        "deliveries": [{"key": key, "eventId": "e", "time": time}],
    })
    .to_string()
}

/// Plants documents that never drain: each is about an object that exists and is in no digest.
async fn plant(world: &mut World, count: usize, time: &str) {
    let folder = folder_of(world);
    let stays = Object {
        key: "planted".to_owned(),
        ..first_log(&world.trail, 1)
    };
    world.memory.put(stays);
    let name: Timestamp = time.parse().unwrap();
    let name = name.strftime("%Y%m%dT%H%M%SZ");
    for number in 0..count {
        let key = format!("{folder}/{name}_{number:05}.json");
        let document = document("planted", time);
        (&world.memory).keep(&key, document).await.unwrap();
    }
}

fn only_finding(report: &Report) -> &Finding {
    let mut unsettled = report
        .findings
        .iter()
        .filter(|it| it.kind == DeliveryUnsettled);
    let finding = unsettled.next().unwrap_or_else(|| panic!("{report:#?}"));
    assert!(unsettled.next().is_none(), "{report:#?}");
    finding
}

/// A deleted log file is reported, regardless of how many old and new documents somebody plants.
#[tokio::test]
async fn thousands_of_hostile_documents_do_not_hide_a_deleted_log_file() {
    for (old, new) in [(20, 0), (510, 0), (6_000, 0), (0, 1_900), (12_000, 500)] {
        let (mut world, log) = deleted_before_its_digest().await;
        plant(&mut world, old, "2026-01-15T00:00:01Z").await;
        plant(&mut world, new, "2026-01-15T04:30:00Z").await;
        let report = world.settle(&digest(&world.trail, 4)).await;
        let missing = reported(&report.findings);
        assert!(
            missing.contains(&(LogFileMissing, log.key.as_str())),
            "{old} {new}: {missing:?}"
        );
        // The report says what is left.
        let is_left = old + new > 4_000;
        let said = missing.iter().any(|(kind, _)| *kind == DeliveryUnsettled);
        assert_eq!(said, is_left, "{old} {new}");
        if is_left {
            let left = only_finding(&report).actual.clone().unwrap();
            assert!(left.contains("documents of deliveries"), "{left}");
            assert_eq!(left.contains("than are listed"), old > 5_000, "{left}");
        }
        assert!(!world.waits_for(&log));
    }
}

/// A delivery that can never be settled is removed, and the removal is reported, once for all of
/// them.
#[tokio::test]
async fn hostile_documents_are_removed() {
    let (mut world, _) = deleted_before_its_digest().await;
    plant(&mut world, 6_000, "2026-01-02T00:00:01Z").await;
    let mut ids = Vec::new();
    let mut given_up = 0;
    for hour in 5..=6 {
        let report = world.settle(&digest(&world.trail, hour)).await;
        let finding = report
            .findings
            .iter()
            .find(|it| it.counts_given_up())
            .unwrap_or_else(|| panic!("{report:#?}"));
        assert_eq!(finding.object.key, "planted");
        ids.push((finding.id(), finding.occurrence()));
        given_up += report.counts.deliveries_given_up;
    }
    assert_eq!(given_up, 6_000);
    assert_eq!(world.waiting().len(), 0);
    // One incident, in which each digest with which something was given up is an occurrence.
    assert_eq!(ids[0].0, ids[1].0);
    assert_ne!(ids[0].1, ids[1].1);
}

trait Reported {
    fn counts_given_up(&self) -> bool;
}

impl Reported for Finding {
    fn counts_given_up(&self) -> bool {
        self.kind == DeliveryUnsettled && self.message.contains("For three days")
    }
}

/// A log file that no digest lists, whose event arrives four days late.
#[tokio::test]
async fn a_delivery_too_late_to_be_settled_is_reported_and_not_valid() {
    let spec = TrailSpec {
        hours: 100,
        log_files_per_hour: 1..=1,
        ..spec()
    };
    let mut trail = spec.build();
    let log = first_log(&trail, 3);
    leave_out(&mut trail, 3, &log);
    let world = World::new(trail);
    world
        .look(&recording(&world.trail, &log).object.clone())
        .await;
    let report = world.settle(&digest(&world.trail, 100)).await;
    let finding = only_finding(&report);
    assert_eq!(finding.object.key, log.key);
    assert_eq!(finding.severity().as_str(), "medium");
    assert_eq!(report.counts.deliveries_given_up, 1);
    assert_eq!(report.verdict(), Verdict::Finding);
    assert!(!world.waits_for(&log));
    // A retry is the same occurrence of the same incident.
    world
        .look(&recording(&world.trail, &log).object.clone())
        .await;
    let again = world.settle(&digest(&world.trail, 100)).await;
    let again = only_finding(&again);
    assert_eq!(
        (again.id(), again.occurrence()),
        (finding.id(), finding.occurrence())
    );
    // Within three days it is found out: the digests are read that far back.
    world
        .look(&recording(&world.trail, &log).object.clone())
        .await;
    let report = world.settle(&digest(&world.trail, 70)).await;
    assert_eq!(
        reported(&report.findings),
        [(LogFileUnlisted, log.key.as_str())]
    );
}

/// As long as it is not known whether a delivery is listed, the verdict is not valid.
#[tokio::test]
async fn a_delivery_that_waits_for_an_unreadable_digest_is_not_valid() {
    let world = World::new(spec().build());
    assert_nothing(&world.look_at_all().await);
    let broken = digest(&world.trail, 4);
    let denied = Cause::Denied("s3:GetObject".to_owned());
    world.memory.fail(&broken, &denied, 1000);
    let report = world.settle(&digest(&world.trail, 5)).await;
    assert_eq!(reported(&report.findings), []);
    assert_eq!(report.obstacles.len(), 0, "the event does not go back");
    assert_eq!(report.verdict(), Verdict::CannotTell);
}

/// Deliveries that there is no time for wait for the next digest, and the report says so.
#[tokio::test]
async fn deliveries_without_time_left_are_reported_and_stay_pending() {
    let world = World::new(spec().build());
    assert_nothing(&world.look_at_all().await);
    let waiting = world.waiting();
    let last = digest(&world.trail, 14);
    let settlement = world.settlement_until(&last, ready(())).await;
    assert_eq!(settlement.updates, []);
    let said = only_finding(&settlement.report);
    let actual = said.actual.as_ref().unwrap();
    assert!(actual.contains("no time"), "{actual}");
    assert_eq!(said.object.key, last.key);
    assert_eq!(world.waiting(), waiting);
    assert_nothing(&world.settle(&last).await);
}

/// Somebody plants more objects with names of backfill digests than are read.
#[tokio::test]
async fn too_many_backfill_digests_are_reported() {
    let spec = TrailSpec {
        backfills: vec![Backfill {
            hour: 3,
            log_files: 1,
            generated_after_hours: 2,
            link: BackfillLink::Unlinked,
        }],
        ..spec()
    };
    let mut trail = spec.build();
    let log = first_log(&trail, 5);
    leave_out(&mut trail, 5, &log);
    let mut world = World::new(trail);
    world
        .look(&recording(&world.trail, &log).object.clone())
        .await;
    let backfill = world
        .trail
        .backfill("111122223333", "us-east-1", 3)
        .object
        .clone();
    for number in 0..130 {
        let name = format!("T02{:02}{:02}Z_backfill", number / 60, number % 60);
        world.memory.put(Object {
            key: backfill.key.replace("T030000Z_backfill", &name),
            ..backfill.clone()
        });
    }
    let report = world.settle(&digest(&world.trail, 13)).await;
    let said = only_finding(&report).actual.clone().unwrap();
    assert!(said.contains("backfill"), "{said}");
    assert!(world.waits_for(&log));
}

/// No name of a log file makes a delivery wait for a time that never arrives.
#[tokio::test]
async fn no_delivery_waits_for_a_future_time() {
    let mut case = Case::new();
    let ahead = |key: &str| {
        key.replace("2026/01/15", "2099/01/15")
            .replace("_20260115", "_20990115")
    };
    case.recorded.key = ahead(&case.recorded.key);
    let key = ahead(&log_key(1));
    case.memory.put(log_file(&key, &[]));
    let record = Record::delivery()
        .object(&key)
        .with("/eventTime", "2099-01-15T12:04:31Z");
    let report = case.check(&[record]).await;
    assert_eq!(report.waiting.len(), 1);
    let now: Timestamp = "2026-01-15T12:16:00Z".parse().unwrap();
    let times = |report: &[trailseal::kms::review::RecordedDelivery]| -> Vec<Timestamp> {
        report.iter().map(|it| it.time).collect()
    };
    assert_eq!(
        times(&report.waiting)[0].to_string(),
        "2099-01-15T12:04:31Z"
    );
    let memory = trailseal_tests::memory::Memory::default();
    pending::keep(&&memory, &at(&case.recorded), report.waiting, now)
        .await
        .unwrap();
    let names: Vec<String> = memory.evidence("pending/").into_keys().collect();
    let [name] = names.as_slice() else {
        panic!("{names:?}");
    };
    assert!(name.contains("20260115T121600Z_"), "{name}");
}

/// A log file may be checked days after its delivery: its message was parked, and sent again.
#[tokio::test]
async fn deliveries_in_a_log_file_of_days_ago_do_not_wait_and_are_counted() {
    let case = Case::new();
    let waiting = Case::new().check(&[Record::delivery()]).await.waiting;
    let delivered = waiting[0].time;
    let keep_after = async |hours: i64| {
        let memory = trailseal_tests::memory::Memory::default();
        let now = delivered + SignedDuration::from_hours(hours);
        let mut waiting = waiting.clone();
        let mut early = waiting[0].clone();
        early.time = "-000009-01-01T00:00:00Z".parse().unwrap();
        waiting.push(early);
        let report = pending::keep(&&memory, &at(&case.recorded), waiting, now)
            .await
            .unwrap();
        (memory.evidence("pending/").len(), report)
    };
    let (kept, report) = keep_after(1).await;
    assert_eq!((kept, report.counts.deliveries_too_old), (1, 1));
    // A digest that ends up to two hours later would give it up.
    for hours in [71, 100] {
        let (kept, report) = keep_after(hours).await;
        assert_eq!(kept, 0, "{hours}");
        assert_eq!(report.counts.deliveries_too_old, 2);
        assert_eq!(report.rules["witness"].cannot_tell, 2);
        assert_eq!(report.verdict(), Verdict::CannotTell);
        assert_nothing(&report);
    }
    let memory = trailseal_tests::memory::Memory::default();
    let report = pending::keep(&&memory, &at(&case.recorded), waiting.clone(), delivered)
        .await
        .unwrap();
    assert_eq!(report.verdict(), Verdict::Ignored);
}

/// A log file that was deleted three days ago is not settled again by its redriven event.
#[tokio::test]
async fn a_log_file_that_is_redriven_after_three_days_gives_up_no_delivery() {
    let spec = TrailSpec {
        hours: 80,
        log_files_per_hour: 1..=1,
        ..spec()
    };
    let mut world = World::new(spec.build());
    let recorded = recording(&world.trail, &first_log(&world.trail, 3))
        .object
        .clone();
    let late = Object {
        delivered_at: digest(&world.trail, 78).delivered_at,
        ..recorded
    };
    world.memory.put(late.clone());
    let report = world.look(&late).await;
    assert_nothing(&report);
    assert!(report.counts.deliveries_too_old > 0);
    assert_eq!(report.verdict(), Verdict::CannotTell);
    for hour in [79, 80] {
        assert_nothing(&world.settle(&digest(&world.trail, hour)).await);
    }
}

/// Returns a document of these deliveries and of large ones at `time`.
fn of_20_mib(number: usize, mut deliveries: Vec<Value>, time: &str) -> String {
    deliveries.extend((0..20).map(|large| {
        let key = format!("{number}-{large}-{}", "k".repeat(1024 * 1024));
        json!({"key": key, "eventId": "e", "time": time})
    }));
    json!({
        "schema": "trailseal.pending/1",
        "bucket": BUCKET,
        "recordedIn": format!("s3://{BUCKET}/planted"),
        "deliveries": deliveries,
    })
    .to_string()
}

/// Later digests do not look in the old place.
#[tokio::test]
async fn oversized_pending_documents_of_a_trail_move_with_it() {
    let spec = TrailSpec {
        bucket_change: Some(BucketChange {
            hour: 4,
            bucket: "amzn-s3-demo-bucket2".to_owned(),
        }),
        ..spec()
    };
    let world = World::new(spec.build());
    let log = first_log(&world.trail, 2);
    world
        .look(&recording(&world.trail, &log).object.clone())
        .await;
    let folder = folder_of(&world);
    for number in 0..4 {
        let document = of_20_mib(number, Vec::new(), "2026-01-15T03:55:00Z");
        let name = format!("{folder}/20260115T035500Z_{number}.json");
        (&world.memory).keep(&name, document).await.unwrap();
    }
    let settlement = world.settlement(&digest(&world.trail, 4)).await;
    let wholes = settlement.updates.iter();
    let wholes = wholes.filter(|what| matches!(what, PendingUpdate::MoveWhole(..)));
    assert_eq!(wholes.count(), 1);
    for what in settlement.updates {
        what.run(&&world.memory).await.unwrap();
    }
    assert!(world.memory.evidence(&folder).is_empty());
    let moved = world.memory.evidence("pending/");
    let sizes: Vec<usize> = moved.values().map(String::len).collect();
    assert_eq!(sizes.len(), 4);
    assert!(
        sizes.iter().all(|size| *size > 20 * 1024 * 1024),
        "{sizes:?}"
    );
}

/// The data held until the findings are sent is limited, and nothing is lost because of the limit.
#[tokio::test]
async fn documents_too_large_to_merge_stay_unchanged() {
    let (world, log) = deleted_before_its_digest().await;
    let folder = folder_of(&world);
    // In each, one deleted log file, and others of the next hour.
    for number in 0..4 {
        let gone = json!({
            "key": format!("gone/{number}"), "eventId": "e", "time": "2026-01-15T03:30:00Z",
        });
        let document = of_20_mib(number, vec![gone], "2026-01-15T04:30:00Z");
        let name = format!("{folder}/20260115T033000Z_{number}.json");
        (&world.memory).keep(&name, document).await.unwrap();
    }
    let last = digest(&world.trail, 4);
    let settlement = world.settlement(&last).await;
    let rewritten = |settlement: &Settlement| -> (usize, usize) {
        let kept = settlement.updates.iter().filter_map(|what| match what {
            PendingUpdate::Keep(_, document) => Some(document.len()),
            _ => None,
        });
        (kept.clone().count(), kept.sum())
    };
    let (count, bytes) = rewritten(&settlement);
    assert_eq!(count, 3);
    assert!(bytes <= 64 * 1024 * 1024, "{bytes}");
    let missing = |report: &Report| -> Vec<_> {
        let findings = report.findings.iter();
        let missing = findings.filter(|it| it.kind == LogFileMissing && it.object.key != log.key);
        missing.map(|it| (it.id(), it.occurrence())).collect()
    };
    let first = missing(&settlement.report);
    assert_eq!(first.len(), 4);
    let said = only_finding(&settlement.report).actual.clone().unwrap();
    assert!(
        said.starts_with("1 documents of deliveries, settled in part"),
        "{said}"
    );
    for what in settlement.updates {
        what.run(&&world.memory).await.unwrap();
    }
    // The same again, which is not new; and now there is room for it.
    let again = world.settlement(&last).await;
    let second = missing(&again.report);
    assert_eq!(second.len(), 1);
    assert!(first.contains(&second[0]));
    assert_eq!(rewritten(&again).0, 1);
    assert!(
        again
            .report
            .findings
            .iter()
            .all(|it| it.kind != DeliveryUnsettled)
    );
}

/// Many deliveries are kept in documents that can be read again.
#[tokio::test]
async fn each_document_has_at_most_a_thousand_deliveries() {
    let report = Case::new().check(&[Record::delivery()]).await;
    let waiting: Vec<_> = (0..2_500)
        .map(|number| {
            let mut waiting = report.waiting[0].clone();
            waiting.object.key = log_key(number);
            waiting.time += SignedDuration::from_secs(i64::try_from(number).unwrap());
            waiting
        })
        .collect();
    let memory = trailseal_tests::memory::Memory::default();
    let recorded = at(&Case::new().recorded);
    let now: Timestamp = "2026-01-16T00:00:00Z".parse().unwrap();
    for _ in 0..2 {
        pending::keep(&&memory, &recorded, waiting.clone(), now)
            .await
            .unwrap();
        let documents = memory.evidence("pending/");
        let sizes: Vec<usize> = documents
            .values()
            .map(|document| {
                let document: Value = serde_json::from_str(document).unwrap();
                document["deliveries"].as_array().unwrap().len()
            })
            .collect();
        assert_eq!(sizes, [1_000, 1_000, 500]);
    }
}

/// The policy of another account's key cannot be read from here: that does not concern the log
/// file.
#[tokio::test]
async fn an_unreadable_policy_of_another_accounts_key_leaves_a_receipt_valid() {
    for (owner, expected, verdict) in [
        (Some("444455556666"), Verdict::Ignored, Verdict::Valid),
        (
            Some("111122223333"),
            Verdict::CannotTell,
            Verdict::CannotTell,
        ),
        (None, Verdict::CannotTell, Verdict::CannotTell),
    ] {
        let mut case = Case::new();
        let denied = Cause::Denied("kms:GetKeyPolicy".to_owned());
        case.memory.set_policy(KEY, Err(denied));
        case.expected.places.bucket_owner =
            owner.map(|owner| trailseal::names::ids::AccountId::new(owner).unwrap());
        let report = case.check(&[Record::delivery()]).await;
        assert_eq!(kinds(&report), []);
        assert_eq!(
            verdicts(&report, Rule::KeyHealth),
            [Verdict::Valid, expected]
        );
        assert_eq!(report.report.verdict(), verdict, "{owner:?}");
        let counted = report.report.counts.key_policies_of_other_accounts;
        assert_eq!(counted > 0, verdict == Verdict::Valid);
    }
}
