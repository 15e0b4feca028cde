//! Stories of deliveries that wait for their digest.

use crate::case::at;
use crate::world::{World, assert_nothing, reported};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::BTreeSet;
use trailseal::finding::FindingKind::{DeliveryUnsettled, LogFileMissing, LogFileUnlisted};
use trailseal::world::{Cause, KeepEvidence};
use trailseal_tests::trail::{
    Backfill, BackfillLink, BucketChange, KmsSpec, LogFile, Object, Trail, TrailSpec,
};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

pub fn spec() -> TrailSpec {
    TrailSpec {
        hours: 14,
        log_files_per_hour: 2..=2,
        records_per_file: 1..=2,
        kms: Some(KmsSpec::new(KEY)),
        ..TrailSpec::default()
    }
}

pub fn digest(trail: &Trail, hour: u32) -> Object {
    trail.digest(ACCOUNT, REGION, hour).object.clone()
}

pub fn first_log(trail: &Trail, hour: i64) -> Object {
    let log = trail.log_files.iter().find(|log| log.hour == hour);
    log.expect("a log file").object.clone()
}

/// Returns the log file that records the delivery of another one.
pub fn recording<'a>(trail: &'a Trail, log: &Object) -> &'a LogFile {
    let records = |it: &&LogFile| {
        it.kms_events.iter().any(|event| {
            event.event_name == "GenerateDataKey"
                && event.about.as_ref().is_some_and(|at| at.key == log.key)
        })
    };
    trail
        .log_files
        .iter()
        .find(records)
        .expect("a delivery is recorded")
}

/// Returns a trail with one log file of hour 3 that no digest lists, although the log file exists.
pub fn unlisted() -> (World, Object) {
    let mut trail = spec().build();
    let log = first_log(&trail, 3);
    leave_out(&mut trail, 3, &log);
    (World::new(trail), log)
}

pub fn leave_out(trail: &mut Trail, hour: u32, log: &Object) {
    trail.rewrite(ACCOUNT, REGION, hour, |document| {
        document
            .log_files
            .retain(|entry| entry.s3_object != log.key);
    });
}

/// Returns the hours of the digests with which something is reported, and the findings.
async fn reported_by_hour(
    world: &World,
    hours: std::ops::RangeInclusive<u32>,
) -> Vec<(u32, String)> {
    let mut all = Vec::new();
    for hour in hours {
        let report = world.settle(&digest(&world.trail, hour)).await;
        assert!(report.obstacles.is_empty(), "{report:#?}");
        for (kind, key) in reported(&report.findings) {
            all.push((hour, format!("{kind} {key}")));
        }
    }
    all
}

#[tokio::test]
async fn a_log_file_deleted_before_its_digest_arrives_is_reported_at_the_first_check() {
    let trail = spec().build();
    let log = first_log(&trail, 3);
    let mut world = World::new(trail);
    world.memory.delete(&log);
    let recording = recording(&world.trail, &log).object.clone();
    let report = world.look(&recording).await;
    assert_eq!(
        reported(&report.findings),
        [(LogFileMissing, log.key.as_str())]
    );
    assert!(!world.waits_for(&log));
    // The digest lists it: the log-verifier reports the rest.
    assert_eq!(reported_by_hour(&world, 0..=14).await, []);
}

#[tokio::test]
async fn a_log_file_deleted_after_the_first_check_is_left_to_its_digest() {
    let trail = spec().build();
    let log = first_log(&trail, 3);
    let mut world = World::new(trail);
    assert_nothing(&world.look_at_all().await);
    world.memory.delete(&log);
    assert_eq!(reported_by_hour(&world, 0..=14).await, []);
}

#[tokio::test]
async fn a_log_file_that_no_digest_lists_is_reported_once_after_six_hours() {
    let (world, log) = unlisted();
    assert_nothing(&world.look_at_all().await);
    let delivered = log.delivered_at;
    let due = (0..=14).find(|hour| {
        let end = world
            .trail
            .digest(ACCOUNT, REGION, *hour)
            .document
            .digest_end_time
            .clone();
        let late = end.parse::<Timestamp>().unwrap().duration_since(delivered);
        late >= SignedDuration::from_hours(6)
    });
    let due = due.unwrap();
    assert_eq!(reported_by_hour(&world, 0..=due - 1).await, []);
    assert!(world.waits_for(&log));
    let settlement = world.settlement(&digest(&world.trail, due)).await;
    let [finding] = settlement.report.findings.as_slice() else {
        panic!("{:#?}", settlement.report);
    };
    assert_eq!(
        (finding.kind, &finding.object.key),
        (LogFileUnlisted, &log.key)
    );
    let recording = recording(&world.trail, &log);
    let event = recording.kms_events.iter().find(|event| {
        event.event_name == "GenerateDataKey"
            && event.about.as_ref().is_some_and(|at| at.key == log.key)
    });
    assert!(
        finding.message.contains(&event.unwrap().event_id),
        "{finding:#?}"
    );
    assert!(
        finding.message.contains(&recording.object.key),
        "{finding:#?}"
    );
    assert_eq!(
        finding.digest.as_ref().unwrap().key,
        digest(&world.trail, due).key
    );
    // A retry after a failed alert finds the same.
    let again = world.settlement(&digest(&world.trail, due)).await;
    assert_eq!(again.report.findings[0].id(), finding.id());
    assert_eq!(again.updates, settlement.updates);
    // After the alert was sent, it is not reported again, even if an update is made twice.
    for what in again.updates.into_iter().chain(settlement.updates) {
        what.run(&&world.memory).await.unwrap();
    }
    assert!(!world.waits_for(&log));
    assert_eq!(reported_by_hour(&world, due..=14).await, []);
    assert_eq!(reported_by_hour(&world, 0..=14).await, []);
}

#[tokio::test]
async fn a_log_file_that_a_backfill_digest_lists_is_listed() {
    let spec = TrailSpec {
        backfills: vec![Backfill {
            hour: 3,
            log_files: 2,
            generated_after_hours: 2,
            link: BackfillLink::Unlinked,
        }],
        ..spec()
    };
    let world = World::new(spec.clone().build());
    assert_nothing(&world.look_at_all().await);
    assert_nothing(&world.settle_all().await);
    // Nor if the day has many digests before it.
    let mut late = TrailSpec {
        hours: 22,
        ..spec.clone()
    };
    late.backfills[0].hour = 13;
    let world = World::new(late.build());
    assert_nothing(&world.look_at_all().await);
    assert_nothing(&world.settle_all().await);
    // Without it, they are not.
    let mut world = World::new(spec.build());
    assert_nothing(&world.look_at_all().await);
    let backfill = world.trail.backfill(ACCOUNT, REGION, 3).clone();
    world.memory.delete(&backfill.object);
    let mut listed: Vec<_> = backfill
        .document
        .log_files
        .iter()
        .map(|it| it.s3_object.clone())
        .collect();
    listed.retain(|key| {
        let mut events = world.trail.log_files.iter().flat_map(|log| &log.kms_events);
        events.any(|event| event.about.as_ref().is_some_and(|at| at.key == *key))
    });
    let mut reported: Vec<_> = reported_by_hour(&world, 0..=14)
        .await
        .into_iter()
        .map(|(_, reported)| reported)
        .collect();
    let mut expected: Vec<_> = listed
        .iter()
        .map(|key| format!("{LogFileUnlisted} {key}"))
        .collect();
    reported.sort();
    expected.sort();
    assert_eq!((reported.len(), reported), (2, expected));
    // An unsigned digest lists nothing; an unreadable one may list anything.
    for (fault, expected) in [
        (None, 2),
        (Some(Cause::Denied("s3:ListBucket".to_owned())), 2),
    ] {
        let mut forged = backfill.object.clone();
        forged.metadata.clear();
        let mut world = World::new(world.trail.clone());
        if let Some(cause) = &fault {
            world.memory.fail(&forged, cause, 100);
        }
        world.memory.put(forged);
        world.look_at_all().await;
        assert_eq!(
            reported_by_hour(&world, 0..=14).await.len(),
            expected,
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn an_unlisted_log_file_that_is_deleted_later_is_missing() {
    let (mut world, log) = unlisted();
    assert_nothing(&world.look_at_all().await);
    assert_eq!(reported_by_hour(&world, 0..=5).await, []);
    world.memory.delete(&log);
    assert_eq!(
        reported_by_hour(&world, 6..=14).await,
        [(6, format!("{LogFileMissing} {}", log.key))]
    );
    assert!(!world.waits_for(&log));
}

#[tokio::test]
async fn an_event_that_arrives_after_its_digest_is_settled_by_a_later_digest() {
    for hours in [5..=6, 13..=14] {
        let (before, last) = (*hours.start(), *hours.end());
        let world = World::new(spec().build());
        assert_eq!(reported_by_hour(&world, 0..=before).await, []);
        assert_nothing(&world.look_at_all().await);
        let log = first_log(&world.trail, 3);
        assert!(world.waits_for(&log));
        assert_eq!(reported_by_hour(&world, last..=last).await, []);
        assert!(!world.waits_for(&log));
    }
    // Late, and listed by no digest.
    let (world, log) = unlisted();
    assert_eq!(reported_by_hour(&world, 0..=13).await, []);
    assert_nothing(&world.look_at_all().await);
    assert_eq!(
        reported_by_hour(&world, 14..=14).await,
        [(14, format!("{LogFileUnlisted} {}", log.key))]
    );
}

#[tokio::test]
async fn a_delivery_in_a_gap_of_the_chain_is_not_unlisted() {
    let mut trail = spec().build();
    let log = first_log(&trail, 5);
    let start = log.delivered_at + SignedDuration::from_secs(1);
    trail.rewrite(ACCOUNT, REGION, 5, |document| {
        document
            .log_files
            .retain(|entry| entry.s3_object != log.key);
        document.digest_start_time = start.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    });
    let mut world = World::new(trail);
    assert_nothing(&world.look_at_all().await);
    assert_eq!(reported_by_hour(&world, 0..=13).await, []);
    assert!(world.waits_for(&log));
    world.memory.delete(&log);
    assert_eq!(
        reported_by_hour(&world, 14..=14).await,
        [(14, format!("{LogFileMissing} {}", log.key))]
    );
}

#[tokio::test]
async fn nothing_is_unlisted_after_an_unreadable_digest() {
    for is_gone in [true, false] {
        let mut world = World::new(spec().build());
        let log = first_log(&world.trail, 3);
        assert_nothing(&world.look_at_all().await);
        let broken = digest(&world.trail, 4);
        if is_gone {
            world.memory.delete(&broken);
        } else {
            world
                .memory
                .fail(&broken, &Cause::Denied("kms:Decrypt".to_owned()), 1000);
        }
        for hour in 5..=13 {
            let report = world.settle(&digest(&world.trail, hour)).await;
            assert_eq!(report.findings, [], "hour {hour}");
        }
        assert!(world.waits_for(&log));
        // The attacker also deleted the digest that lists it.
        world.memory.delete(&log);
        let report = world.settle(&digest(&world.trail, 14)).await;
        assert_eq!(
            reported(&report.findings),
            [(LogFileMissing, log.key.as_str())]
        );
        assert!(!world.waits_for(&log));
    }
}

#[tokio::test]
async fn a_delivery_that_cannot_be_settled_is_given_up_after_three_days() {
    let mut world = World::new(
        TrailSpec {
            hours: 82,
            log_files_per_hour: 1..=1,
            ..spec()
        }
        .build(),
    );
    let log = first_log(&world.trail, 3);
    assert_nothing(&world.look_at_all().await);
    world.memory.delete(&digest(&world.trail, 4));
    let mut given_up = Vec::new();
    let mut ids = BTreeSet::new();
    for hour in 5..=82 {
        let report = world.settle(&digest(&world.trail, hour)).await;
        let expected = if report.counts.deliveries_given_up > 0 {
            given_up.push(hour);
            vec![DeliveryUnsettled]
        } else {
            vec![]
        };
        let kinds: Vec<_> = report.findings.iter().map(|it| it.kind).collect();
        assert_eq!(kinds, expected, "hour {hour}");
        for finding in &report.findings {
            ids.insert(finding.id().to_string());
            assert!(
                world
                    .trail
                    .log_files
                    .iter()
                    .any(|log| log.object.key == finding.object.key)
            );
        }
    }
    assert!(
        !given_up.is_empty() && given_up.iter().all(|hour| *hour >= 73),
        "{given_up:?}"
    );
    // One incident for each chain, regardless of the number of findings.
    assert_eq!(ids.len(), 1);
    assert!(!world.waits_for(&log));
}

#[tokio::test]
async fn two_trails_in_one_folder_do_not_settle_each_others_deliveries() {
    let second = TrailSpec {
        seed: 2,
        trail_name: "second-trail".to_owned(),
        ..spec()
    }
    .build();
    let mut trail = spec().build();
    let log = first_log(&trail, 3);
    leave_out(&mut trail, 3, &log);
    let mut world = World::new(trail);
    for object in second.objects() {
        world.memory.put(object.clone());
    }
    world.memory.publish_keys(&second);
    let other = World::new(second.clone());
    world
        .expected
        .places
        .trails
        .extend(other.expected.places.trails);
    assert_nothing(&world.look_at_all().await);
    for log in &second.log_files {
        assert_nothing(&world.look(&log.object).await);
    }
    let documents = world.waiting();
    assert!(documents.keys().any(|name| name.contains("/second-trail/")));
    let mut findings = Vec::new();
    for hour in 0..=14 {
        for trail in [&second, &world.trail] {
            let report = world.settle(&digest(trail, hour)).await;
            findings.extend(
                report
                    .findings
                    .into_iter()
                    .map(|it| (it.kind, it.object.key)),
            );
        }
    }
    // A log file that the first one leaves out stays unlisted, and none of the second one is
    // unlisted.
    assert_eq!(findings, [(LogFileUnlisted, log.key)]);
}

#[tokio::test]
async fn pending_deliveries_of_a_trail_move_with_it() {
    let moving = TrailSpec {
        bucket_change: Some(BucketChange {
            hour: 4,
            bucket: "amzn-s3-demo-bucket2".to_owned(),
        }),
        log_files_per_hour: 4..=4,
        ..spec()
    };
    let world = World::new(moving.clone().build());
    assert_nothing(&world.look_at_all().await);
    assert_eq!(reported_by_hour(&world, 0..=14).await, []);
    // Nothing is left in the old place.
    let last = world
        .trail
        .digest(ACCOUNT, REGION, 14)
        .document
        .digest_end_time
        .clone();
    let recent = last.parse::<Timestamp>().unwrap() - SignedDuration::from_mins(75);
    for (name, deliveries) in world.waiting() {
        assert!(
            deliveries.iter().any(|(_, time)| *time >= recent),
            "{name} {deliveries:?}"
        );
    }
    // The last log file in the old bucket is listed by no digest.
    let mut trail = moving.build();
    let in_old_bucket =
        |log: &&LogFile| log.hour == 4 && log.object.bucket == "amzn-s3-demo-bucket";
    let log = trail
        .log_files
        .iter()
        .rev()
        .find(in_old_bucket)
        .unwrap()
        .object
        .clone();
    leave_out(&mut trail, 4, &log);
    let world = World::new(trail);
    assert_nothing(&world.look_at_all().await);
    let reported = reported_by_hour(&world, 0..=14).await;
    let [(hour, what)] = reported.as_slice() else {
        panic!("{reported:?}");
    };
    assert_eq!(*what, format!("{LogFileUnlisted} {}", log.key));
    assert!((9..=11).contains(hour), "{reported:?}");
    assert!(!world.waits_for(&log));
}

/// Anybody who can write there can write anything.
#[tokio::test]
async fn invalid_documents_do_not_delay_the_others() {
    let world = World::new(spec().build());
    assert_nothing(&world.look_at_all().await);
    let name = world.waiting().into_keys().next().unwrap();
    let (folder, _) = name.rsplit_once('/').unwrap();
    let document = |time: &str, key: &str| {
        json!({
            "schema": "trailseal.pending/1",
            "bucket": "amzn-s3-demo-bucket",
            "recordedIn": "s3://amzn-s3-demo-bucket/x",
            "deliveries": [{"key": key, "eventId": "e", "time": time}],
        })
    };
    let time = "2026-01-15T01:00:00Z";
    let mut odd = vec![
        ("0", "not json".to_owned(), true),
        ("1", "[]".to_owned(), true),
        ("2", "x".repeat(33 * 1024 * 1024), false),
        ("3", document("yesterday", "k").to_string(), true),
        (
            "4",
            json!({"schema": "trailseal.pending/1"}).to_string(),
            true,
        ),
        (
            "5",
            document(time, "k")
                .to_string()
                .replace("pending/1", "pending/2"),
            false,
        ),
        (
            "6",
            document("9999-12-30T00:00:00Z", "k").to_string(),
            false,
        ),
        (
            "7",
            document(time, &digest(&world.trail, 1).key).to_string(),
            true,
        ),
    ];
    let mut empty = document(time, "k");
    empty["deliveries"] = json!([]);
    odd.push(("8", empty.to_string(), true));
    for (number, document, _) in &odd {
        let name = format!("{folder}/20260115T000000Z_{number}.json");
        (&world.memory).keep(&name, document.clone()).await.unwrap();
    }
    for name in [
        "unnamed.json",
        "20269999T000000Z_x.json",
        "20260115T000000Z.json",
        "",
    ] {
        let name = format!("{folder}/{name}");
        (&world.memory).keep(&name, "{}".to_owned()).await.unwrap();
    }
    for hour in 0..=14 {
        let report = world.settle(&digest(&world.trail, hour)).await;
        // The document that names a digest says that CloudTrail delivered a digest.
        let findings = report
            .findings
            .iter()
            .filter(|it| !it.object.key.contains("Digest"));
        assert_eq!(findings.count(), 0, "{report:#?}");
    }
    let left = world.memory.evidence(folder);
    for (number, _, is_removed) in odd {
        let name = format!("{folder}/20260115T000000Z_{number}.json");
        assert_eq!(left.contains_key(&name), !is_removed, "{number}");
    }
    let log = first_log(&world.trail, 3);
    assert!(!left.values().any(|document| document.contains(&log.key)));
}

#[tokio::test]
async fn one_digest_settles_a_bounded_number_of_documents_and_the_next_one_the_rest() {
    let world = World::new(TrailSpec { hours: 4, ..spec() }.build());
    assert_nothing(&world.look_at_all().await);
    let (name, document) = world
        .memory
        .evidence("pending/")
        .into_iter()
        .next()
        .unwrap();
    let (folder, _) = name.rsplit_once('/').unwrap();
    for number in 0..9_000 {
        let name = format!("{folder}/20260115T000001Z_{number:04}.json");
        (&world.memory).keep(&name, document.clone()).await.unwrap();
    }
    let last = digest(&world.trail, 4);
    for left in [5_000, 1_000, 0] {
        let settlement = world.settlement(&last).await;
        assert!(settlement.updates.len() <= 4_000);
        // The report says that there is more.
        let findings = settlement.report.findings.iter();
        let kinds: Vec<_> = findings.map(|it| it.kind).collect();
        let expected = if left > 0 {
            vec![DeliveryUnsettled]
        } else {
            vec![]
        };
        assert_eq!(kinds, expected, "{:#?}", settlement.report);
        for what in settlement.updates {
            what.run(&&world.memory).await.unwrap();
        }
        let copies = world
            .memory
            .evidence(&format!("{folder}/20260115T000001Z_"));
        assert!(copies.len() <= left + 20, "{} of {left}", copies.len());
    }
}

#[tokio::test]
async fn the_log_files_checked_for_one_digest_are_bounded() {
    let world = World::new(spec().build());
    assert_nothing(&world.look_at_all().await);
    let name = world.waiting().into_keys().next().unwrap();
    let (folder, _) = name.rsplit_once('/').unwrap();
    let deliveries: Vec<_> = (0..5_000)
        .map(|number| json!({"key": format!("gone/{number}"), "eventId": "e", "time": "2026-01-15T01:00:00Z"}))
        .collect();
    let document = json!({
        "schema": "trailseal.pending/1",
        "bucket": "amzn-s3-demo-bucket",
        "recordedIn": "s3://amzn-s3-demo-bucket/x",
        "deliveries": deliveries,
    });
    let name = format!("{folder}/20260115T000000Z_many.json");
    (&world.memory)
        .keep(&name, document.to_string())
        .await
        .unwrap();
    let mut numbers = Vec::new();
    for hour in 3..=6 {
        let report = world.settle(&digest(&world.trail, hour)).await;
        let (missing, said): (Vec<_>, Vec<_>) = report
            .findings
            .iter()
            .partition(|it| it.kind == LogFileMissing);
        let said: Vec<_> = said.iter().map(|it| it.kind).collect();
        let expected = if hour < 5 {
            vec![DeliveryUnsettled]
        } else {
            vec![]
        };
        assert_eq!(said, expected, "hour {hour}");
        numbers.push(missing.len());
    }
    assert_eq!(numbers, [2_000, 2_000, 1_000, 0]);
    assert!(!world.memory.evidence(folder).contains_key(&name));
}

/// The log files of a backfill digest are settled with the hourly digests.
#[tokio::test]
async fn only_hourly_digests_settle_deliveries() {
    let spec = TrailSpec {
        backfills: vec![Backfill {
            hour: 3,
            log_files: 1,
            generated_after_hours: 2,
            link: BackfillLink::Unlinked,
        }],
        ..spec()
    };
    let world = World::new(spec.build());
    assert_nothing(&world.look_at_all().await);
    let backfill = world.trail.backfill(ACCOUNT, REGION, 3).object.clone();
    let before = world.waiting();
    let settlement = world.settlement(&backfill).await;
    assert_eq!(
        (settlement.updates, settlement.report.findings),
        (vec![], vec![])
    );
    assert_eq!(world.waiting(), before);
    assert_eq!(at(&backfill).key, backfill.key);
}
