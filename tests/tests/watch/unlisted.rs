//! Log files that no digest lists, found without any event.

use crate::stage::{ACCOUNT, Found, REGION, Stage, after, small};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, HashSet};
use std::ops::RangeInclusive;
use trailseal::check::chain_end::Ended;
use trailseal::check::changed::ChangeMonitor;
use trailseal::finding::Finding;
use trailseal::names::event_object::EventObject;
use trailseal::names::location::ObjectLocation;
use trailseal::world::Cause;
use trailseal_tests::trail::{
    Backfill, BackfillLink, BucketChange, Object, Stop, Trail, TrailSpec,
};

const KIND: &str = "log-file-unlisted";

const FOLDER: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/";

fn days(hours: u32) -> TrailSpec {
    TrailSpec { hours, ..small() }
}

/// Returns a file with this key, with the content of a log file.
fn file(stage: &Stage, key: &str) -> Object {
    Object {
        key: key.to_owned(),
        ..stage.trail.log_files[0].object.clone()
    }
}

/// Returns a file that is named like a log file of a time.
fn planted(stage: &Stage, time: Timestamp, unique: &str) -> Object {
    let (day, minute) = (time.strftime("%Y/%m/%d"), time.strftime("%Y%m%dT%H%MZ"));
    let name = format!("{ACCOUNT}_CloudTrail_{REGION}_{minute}_{unique}.json.gz");
    file(stage, &format!("{FOLDER}{day}/{name}"))
}

/// Makes a round 35 minutes after the end of an hour, in which everything arrived and was verified.
async fn hour(stage: &mut Stage, hour: u32) -> Found {
    let now = after(stage.end(hour), 35);
    stage.pass(now).await;
    stage.round(now).await
}

/// Makes the rounds of some hours. Returns the hours and objects of what they found.
async fn hours(stage: &mut Stage, of: RangeInclusive<u32>) -> Vec<(u32, String)> {
    hours_with(stage, of, &[]).await
}

/// Makes the rounds of some hours, of which somebody writes these objects. Returns the hours and
/// objects of what they found.
async fn hours_with(
    stage: &mut Stage,
    of: RangeInclusive<u32>,
    written: &[(u32, &Object)],
) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    for number in of {
        for (_, object) in written.iter().filter(|(hour, _)| *hour == number) {
            stage.memory.put((*object).clone());
        }
        let round = hour(stage, number).await;
        let unlisted = round
            .findings
            .iter()
            .filter(|one| one.kind.as_str() == KIND);
        found.extend(unlisted.map(|one| (number, one.object.key.clone())));
    }
    found
}

#[tokio::test]
async fn nothing_is_found_in_a_trail_that_nobody_touched() {
    let mut captured = TrailSpec::as_captured();
    captured.hours = 72;
    captured.records_per_file = 1..=1;
    captured.empty_hours = (30..34).collect();
    for spec in [captured, days(72)] {
        let mut stage = Stage::of(spec);
        for number in 0..=72 {
            let found = hour(&mut stage, number).await;
            found.assert_quiet(&format!("hour {number}"));
            let totals = found.totals;
            let counts = (totals.unlisted, totals.unproven, totals.incomplete);
            assert_eq!(counts, (0, 0, 0), "hour {number}");
            let memory = &stage.remembered[ACCOUNT];
            assert!(memory.open.is_empty(), "hour {number}: {memory:#?}");
            // It is compared six hours later.
            if number > 6 {
                let place = format!("s3://amzn-s3-demo-bucket/{FOLDER}");
                let to = after(stage.end(number - 6), 35);
                let to = Timestamp::from_second(to.as_second() / 60 * 60).unwrap();
                assert_eq!(memory.compared.get(&place), Some(&to));
            }
        }
    }
}

#[tokio::test]
async fn a_planted_file_is_found_once_after_six_hours() {
    let mut stage = Stage::of(days(40));
    let object = planted(&stage, after(stage.end(10), 5), "PlantedPlanted00");
    // It is there before its time, or after it: only the time in its name matters.
    for at in [8, 14] {
        let mut stage = Stage::of(days(40));
        assert_eq!(hours(&mut stage, 1..=at).await, []);
        stage.memory.put(object.clone());
        let found = hours(&mut stage, at + 1..=40).await;
        assert_eq!(found, [(16, object.key.clone())], "planted at {at}");
    }
    assert_eq!(hours(&mut stage, 1..=15).await, []);
    stage.memory.put(object.clone());
    let found = hour(&mut stage, 16).await;
    assert_eq!(found.totals.unlisted, 1);
    let [finding] = found.findings.as_slice() else {
        panic!("{found:#?}")
    };
    assert_eq!(finding.severity().as_str(), "high");
    assert_eq!(finding.scope.region.as_deref(), Some(REGION));
    assert_eq!(
        finding.scope.trail.as_deref(),
        Some(&*stage.trail.spec.trail_arn())
    );
    let by_event = by_event(&stage, &object, after(stage.end(16), 35)).await;
    assert_eq!(finding.id(), by_event.id());
    assert_eq!(finding.occurrence(), by_event.occurrence());
}

/// Returns what `deletion-monitor` finds when S3 reports the object.
async fn by_event(stage: &Stage, object: &Object, now: Timestamp) -> Finding {
    let monitor = ChangeMonitor::new(stage.verifier(), None);
    let at = ObjectLocation::new(&object.bucket, &object.key);
    let report = monitor.check(&EventObject::new(at), now).await;
    report.findings.into_iter().next().unwrap()
}

#[tokio::test]
async fn a_file_that_a_later_digest_lists_is_not_planted() {
    let mut stage = Stage::of(days(30));
    // What is delivered in the last minutes of an hour may be in the next digest.
    let mut moved = None;
    stage.trail.rewrite(ACCOUNT, REGION, 9, |document| {
        document
            .log_files
            .sort_by(|a, b| a.s3_object.cmp(&b.s3_object));
        moved = document.log_files.pop();
    });
    let moved = moved.unwrap();
    let key = moved.s3_object.clone();
    stage.trail.rewrite(ACCOUNT, REGION, 10, |document| {
        document.log_files.push(moved.clone());
    });
    assert_eq!(hours(&mut stage, 1..=30).await, []);
    // Otherwise it is.
    let mut stage = Stage::of(days(30));
    stage.trail.rewrite(ACCOUNT, REGION, 9, |document| {
        document.log_files.retain(|entry| entry.s3_object != key);
    });
    let found = hours(&mut stage, 1..=30).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1, key);
}

/// The range of a starting digest is the hour before log file validation was enabled, and it lists
/// nothing. Files of that hour are genuine.
#[tokio::test]
async fn log_files_from_before_validation_was_enabled_are_not_planted() {
    let mut stage = Stage::of(days(60));
    for minutes in [-50, -20, -3] {
        let object = planted(&stage, after(stage.end(0), minutes), "BeforeValidation");
        stage.memory.put(object);
    }
    for number in 0..=60 {
        let totals = hour(&mut stage, number).await.totals;
        let counts = (totals.unlisted, totals.unproven, totals.incomplete);
        assert_eq!(counts, (0, 0, 0), "hour {number}");
        let open = &stage.remembered[ACCOUNT].open;
        assert!(open.is_empty(), "hour {number}: {open:#?}");
    }
}

/// Logging starts again. Nobody knows who delivered a file of the hour before that.
#[tokio::test]
async fn a_starting_digest_proves_nothing_about_the_hour_before() {
    let mut stage = Stage::of(TrailSpec {
        stops: vec![Stop {
            last_hour: 10,
            restart_hour: Some(14),
        }],
        ..days(70)
    });
    let object = planted(&stage, after(stage.end(14), -20), "PlantedPlanted00");
    let mut unproven = 0;
    for number in (1..=10).chain(14..=70) {
        if number == 14 {
            stage.memory.put(object.clone());
        }
        let found = hour(&mut stage, number).await;
        assert_eq!(found.totals.unlisted, 0, "hour {number}");
        unproven += found.totals.unproven;
    }
    assert_eq!(unproven, 1);
}

/// The digest of an hour is gone. Its log files are not accused, a planted one is found when the
/// digest is restored, and what is planted later is found as always.
#[tokio::test]
async fn log_files_without_their_digest_are_not_planted() {
    for restored in [Some(24), None] {
        let mut stage = Stage::of(days(72));
        let digest = stage.digest(10).object.clone();
        let in_hole = planted(&stage, after(stage.end(9), 20), "PlantedPlanted00");
        let later = planted(&stage, after(stage.end(14), 5), "PlantedPlanted01");
        assert_eq!(hours(&mut stage, 1..=10).await, []);
        stage.memory.delete(&digest);
        stage.memory.put(in_hole.clone());
        let found = hours_with(&mut stage, 11..=24, &[(14, &later)]).await;
        assert_eq!(found, [(20, later.key.clone())]);
        let open = &stage.remembered[ACCOUNT].open;
        assert_eq!(open.len(), 1, "{open:#?}");
        // A log file may be delivered two hours after the time in its name, and a quarter of an hour
        // before it.
        let (from, to) = (stage.end(7), after(stage.end(10), 15));
        let stretches: Vec<_> = open.values().flatten().collect();
        assert_eq!(stretches.len(), 1, "{open:#?}");
        assert!(
            stretches[0].from >= from && stretches[0].to <= to,
            "{open:#?}"
        );
        if restored.is_some() {
            stage.memory.put(digest);
            let found = hours(&mut stage, 25..=72).await;
            assert_eq!(found, [(25, in_hole.key.clone())]);
            assert!(stage.remembered[ACCOUNT].open.is_empty());
            continue;
        }
        let mut unproven = 0;
        for number in 25..=72 {
            let found = hour(&mut stage, number).await;
            assert_eq!(found.found(), [], "hour {number}");
            unproven += found.totals.unproven;
            let is_open = !stage.remembered[ACCOUNT].open.is_empty();
            assert_eq!(is_open, number < 54, "hour {number}");
        }
        // The two log files of the hour, and the planted one.
        assert_eq!(unproven, 3);
    }
}

/// A log file is delivered just before the end of an hour, and the time in its name is in the next
/// one. The digest that lists it is gone.
#[tokio::test]
async fn a_file_with_a_later_name_is_not_planted_if_its_digest_is_gone() {
    let mut stage = Stage::of(days(60));
    let early = planted(&stage, after(stage.end(10), 5), "EarlyEarlyEarly0");
    let mut entry = stage.digest(10).document.log_files[0].clone();
    entry.s3_object.clone_from(&early.key);
    stage.trail.rewrite(ACCOUNT, REGION, 10, |document| {
        document.log_files.push(entry.clone());
    });
    let digest = stage.digest(10).object.clone();
    assert_eq!(hours_with(&mut stage, 1..=10, &[(10, &early)]).await, []);
    stage.memory.delete(&digest);
    assert_eq!(hours(&mut stage, 11..=30).await, []);
    assert!(!stage.remembered[ACCOUNT].open.is_empty());
    stage.memory.put(digest);
    assert_eq!(hours(&mut stage, 31..=31).await, []);
    assert!(stage.remembered[ACCOUNT].open.is_empty());
}

/// A digest that is not CloudTrail's proves nothing.
#[tokio::test]
async fn an_edited_digest_lists_nothing_and_proves_nothing() {
    let mut stage = Stage::of(days(30));
    assert_eq!(hours(&mut stage, 1..=10).await, []);
    let digest = stage.digest(10).object.clone();
    let other = stage.digest(9).object.body.clone();
    stage.memory.put(digest.with_body(other));
    assert_eq!(hours(&mut stage, 11..=30).await, []);
    assert!(!stage.remembered[ACCOUNT].open.is_empty());
    // Neither does one that cannot be read.
    stage.memory.put(digest.clone());
    let throttled = Cause::Unavailable("SlowDown".to_owned());
    stage.memory.fail(&digest, &throttled, 1);
    let now = after(stage.end(30), 40);
    assert_eq!(stage.round(now).await.found(), []);
    assert!(!stage.remembered[ACCOUNT].open.is_empty());
    assert_eq!(stage.round(after(now, 1)).await.found(), []);
    assert!(stage.remembered[ACCOUNT].open.is_empty());
}

#[tokio::test]
async fn a_backfill_digest_counts() {
    let spec = TrailSpec {
        backfills: vec![Backfill {
            hour: 9,
            log_files: 2,
            generated_after_hours: 3,
            link: BackfillLink::Unlinked,
        }],
        ..days(30)
    };
    let mut stage = Stage::of(spec.clone());
    assert_eq!(hours(&mut stage, 1..=30).await, []);
    let mut stage = Stage::of(spec);
    let backfill = stage.trail.backfill(ACCOUNT, REGION, 9);
    let listed: BTreeSet<String> = stage
        .trail
        .logs_of(backfill)
        .iter()
        .map(|log| log.object.key.clone())
        .collect();
    let backfill = backfill.object.clone();
    assert_eq!(hours(&mut stage, 1..=10).await, []);
    stage.memory.delete(&backfill);
    let found = hours(&mut stage, 11..=30).await;
    let keys: BTreeSet<String> = found.into_iter().map(|(_, key)| key).collect();
    assert_eq!((listed.len(), keys), (2, listed));
}

/// Delivers what another trail delivers to the same place in an hour, and verifies it.
async fn deliver_other(stage: &mut Stage, other: &Trail, hour: u32, with_digest: bool) {
    let digest = other.digest(ACCOUNT, REGION, hour);
    for log in other.logs_of(digest) {
        stage.memory.put(log.object.clone());
    }
    if with_digest {
        let now = after(stage.end(hour), 30);
        stage.memory.put(digest.object.clone());
        stage.validate(&digest.object, now).await;
        stage.verify(&digest.object, now).await;
    }
}

fn data_events() -> Trail {
    let spec = TrailSpec {
        trail_name: "data-events".to_owned(),
        seed: 7,
        ..days(40)
    };
    spec.build()
}

#[tokio::test]
async fn every_trail_of_a_folder_counts() {
    let other = data_events();
    // The other trail's digest of hour 12 is gone.
    for is_gone in [false, true] {
        let mut stage = Stage::of(days(40));
        stage.places.trails.clear();
        stage.memory.publish_keys(&other);
        let object = planted(&stage, after(stage.end(11), 5), "PlantedPlanted00");
        let mut found = Vec::new();
        for number in 0..=40 {
            deliver_other(&mut stage, &other, number, true).await;
            if number == 13 && is_gone {
                let digest = other.digest(ACCOUNT, REGION, 12).object.clone();
                stage.memory.delete(&digest);
            }
            found.extend(hours_with(&mut stage, number..=number, &[(11, &object)]).await);
        }
        let expected = [(17, object.key)];
        assert_eq!(found, if is_gone { &[][..] } else { &expected[..] });
    }
}

/// The digests of one of two trails stop arriving, or are all deleted. Its log files are not
/// accused, because it may still deliver.
#[tokio::test]
async fn a_silent_trail_may_have_delivered_a_file() {
    let other = data_events();
    let mut stage = Stage::of(days(40));
    stage.places.trails.clear();
    stage.memory.publish_keys(&other);
    for number in 0..=40 {
        deliver_other(&mut stage, &other, number, number < 8).await;
        let found = hours(&mut stage, number..=number).await;
        assert_eq!(found, [], "hour {number}");
    }
    assert!(!stage.remembered[ACCOUNT].open.is_empty());
    // It was ended on purpose: nobody delivers these files.
    let ended = format!("data-events@{}", stage.end(7));
    stage.settings.ended = vec![Ended::parse(&ended, str::parse::<Timestamp>).unwrap()];
    let found = stage.round(after(stage.end(40), 40)).await;
    assert_eq!(found.totals.overdue, 0);
    // Two an hour, from two hours after the end to six hours before now.
    let files = found.totals.unlisted;
    assert!((48..=54).contains(&files), "{files}");
    // Its last log files may be in no digest.
    let open = stage.remembered[ACCOUNT].open.values().flatten();
    let open: Vec<Timestamp> = open.map(|stretch| stretch.to).collect();
    assert_eq!(open, [stage.end(9)]);
}

#[tokio::test]
async fn a_new_trail_in_the_folder_is_known_by_its_digests() {
    let other = data_events();
    let mut stage = Stage::of(days(40));
    stage.memory.publish_keys(&other);
    for number in 0..=40 {
        if number >= 10 {
            deliver_other(&mut stage, &other, number, false).await;
            // No event about them arrives. One of them is gone.
            if number != 20 {
                let digest = other.digest(ACCOUNT, REGION, number).object.clone();
                stage.memory.put(digest);
            }
        }
        let found = hours(&mut stage, number..=number).await;
        assert_eq!(found, [], "hour {number}");
    }
}

const REPLICA: &str = "amzn-s3-demo-replica";

/// Replicates what the trail delivers in an hour, and verifies the replica.
async fn replicate(stage: &mut Stage, hour: u32, with_digest: bool) {
    let replica = |object: &Object| Object {
        bucket: REPLICA.to_owned(),
        ..object.clone()
    };
    let digest = stage.digest(hour);
    let logs: Vec<Object> = stage
        .trail
        .logs_of(digest)
        .iter()
        .map(|log| replica(&log.object))
        .collect();
    let digest = replica(&digest.object);
    for log in logs {
        stage.memory.put(log);
    }
    if with_digest {
        let now = after(stage.end(hour), 30);
        stage.memory.put(digest.clone());
        stage.validate(&digest, now).await;
        stage.verify(&digest, now).await;
    }
}

/// The replica of a digest is missing. The log files of its hour are accused in the original bucket
/// only, and those of other hours in both.
#[tokio::test]
async fn a_bucket_proves_nothing_about_its_replica() {
    let mut stage = Stage::of(days(40));
    stage.places.log_buckets.push(REPLICA.to_owned());
    let original = stage.trail.spec.bucket.clone();
    stage.places.aliases.push((original, REPLICA.to_owned()));
    let in_original = planted(&stage, after(stage.end(9), 20), "PlantedPlanted00");
    let in_replica = Object {
        bucket: REPLICA.to_owned(),
        ..planted(&stage, after(stage.end(20), 5), "PlantedPlanted01")
    };
    let written = [(9, &in_original), (20, &in_replica)];
    let mut found = Vec::new();
    for number in 0..=40 {
        replicate(&mut stage, number, number != 10).await;
        found.extend(hours_with(&mut stage, number..=number, &written).await);
    }
    assert_eq!(found, [(15, in_original.key), (26, in_replica.key)]);
    let places: Vec<&String> = stage.remembered[ACCOUNT].open.keys().collect();
    assert_eq!(places, [&format!("s3://{REPLICA}/{FOLDER}")]);
}

/// Many files are found, and few are reported one by one.
#[tokio::test]
async fn many_planted_files_are_reported_together() {
    let mut stage = Stage::of(days(20));
    let time = after(stage.end(9), 5);
    assert_eq!(hours(&mut stage, 1..=10).await, []);
    for number in 0..60 {
        let object = planted(&stage, time, &format!("Planted{number:02}"));
        stage.memory.put(object);
    }
    assert_eq!(hours(&mut stage, 11..=14).await, []);
    let found = hour(&mut stage, 15).await;
    assert_eq!(found.totals.unlisted, 60);
    assert_eq!(found.findings.len(), 51);
    let ids: HashSet<_> = found.findings.iter().map(Finding::id).collect();
    assert_eq!(ids.len(), 51);
    let more = found.findings.last().unwrap();
    assert!(more.object.key.contains("Planted50"), "{more:#?}");
    let folder = format!("s3://amzn-s3-demo-bucket/{FOLDER}");
    assert_eq!(
        more.message,
        format!(
            "No digest lists 10 files in a folder of log files, besides those that are reported one by one. The digests of their time exist. The object named here is one of them. To find all of them, verify the folder (trailseal verify {folder} --unlisted)."
        )
    );
    assert_eq!(hours(&mut stage, 16..=20).await, []);
}

/// A page has ten keys here, and a round lists fifty pages of a folder.
#[tokio::test]
async fn a_flood_is_compared_over_several_rounds() {
    let mut stage = Stage::of(days(30));
    let start = stage.end(9);
    assert_eq!(hours(&mut stage, 1..=13).await, []);
    for minute in 0..120 {
        for number in 0..12 {
            let object = planted(&stage, after(start, minute), &format!("Planted{number}"));
            stage.memory.put(object);
        }
    }
    let last = planted(&stage, after(stage.end(13), 5), "PlantedPlanted00");
    stage.memory.put(last.clone());
    let (mut unlisted, mut incomplete, mut keys) = (0, 0, BTreeSet::new());
    for number in 14..=30 {
        let lists = stage.memory.lists();
        let found = hour(&mut stage, number).await;
        unlisted += found.totals.unlisted;
        incomplete += found.totals.incomplete;
        keys.extend(found.found().into_iter().map(|(_, key)| key));
        let lists = stage.memory.lists() - lists;
        assert!(lists <= 70, "hour {number}: {lists}");
    }
    // The files of the minute at which a round ends are found twice.
    let all = 12 * 120 + 1;
    assert!(
        (all..all + 12 * incomplete + 1).contains(&unlisted),
        "{unlisted}"
    );
    assert!((1..=4).contains(&incomplete), "{incomplete}");
    assert!(keys.contains(&last.key));
}

/// The round is some seconds after the start of a minute, and the pages of a listing end within that
/// minute.
#[tokio::test]
async fn the_minute_at_which_a_round_ends_is_compared() {
    for page in [1, 2, 3, 10] {
        let mut stage = Stage::of(TrailSpec {
            offset_seconds: 30,
            ..days(20)
        });
        stage.memory.set_page(page);
        let time = after(stage.end(9), 35);
        let minute = Timestamp::from_second(time.as_second() / 60 * 60).unwrap();
        assert_eq!(hours(&mut stage, 1..=12).await, []);
        let mut keys = BTreeSet::new();
        for number in 0..8 {
            let object = planted(&stage, minute, &format!("Planted{number}"));
            keys.insert(object.key.clone());
            stage.memory.put(object);
        }
        let found = hours(&mut stage, 13..=20).await;
        let found: BTreeSet<String> = found.into_iter().map(|(_, key)| key).collect();
        assert_eq!(found, keys, "{page} keys on a page");
    }
}

/// Puts objects with the names of digests of a Region into the bucket: of the trail, with other times
/// than its digests have, or of other trails.
fn plant_digests(stage: &mut Stage, region: &str, of_trail: bool) {
    let end = stage.end(10);
    let name = |time: Timestamp| time.strftime("%Y%m%dT%H%M%SZ").to_string();
    let digest = stage.trail.digest(ACCOUNT, region, 10).object.clone();
    for number in 1..=320 {
        let mut junk = digest.clone();
        junk.key = if of_trail {
            let time = end + SignedDuration::from_secs(number);
            junk.key.replace(&name(end), &name(time))
        } else {
            let other = format!("trail-{number}");
            junk.key.replace("management-events", &other)
        };
        assert_ne!(junk.key, digest.key);
        stage.memory.put(junk);
    }
}

/// A file is planted, and so are many objects with the names of digests.
#[tokio::test]
async fn many_planted_digests_do_not_hide_a_planted_file() {
    for of_trail in [false, true] {
        let mut stage = Stage::of(days(20));
        stage.memory.set_page(1000);
        assert_eq!(hours(&mut stage, 1..=10).await, []);
        plant_digests(&mut stage, REGION, of_trail);
        let object = planted(&stage, after(stage.end(10), 5), "PlantedPlanted00");
        stage.memory.put(object.clone());
        let found = hours(&mut stage, 11..=20).await;
        assert_eq!(found, [(16, object.key)], "of the trail: {of_trail}");
    }
}

/// So many digests have to be read that a round does not compare all Regions. The next one begins
/// with those that were left out.
#[tokio::test]
async fn the_digests_that_a_round_reads_are_bounded_and_no_region_is_left_out() {
    let regions = [REGION, "eu-west-1", "sa-east-1"];
    let mut stage = Stage::of(TrailSpec {
        regions: regions.map(str::to_owned).to_vec(),
        ..days(20)
    });
    stage.memory.set_page(1000);
    assert_eq!(hours(&mut stage, 1..=10).await, []);
    let object = planted(&stage, after(stage.end(10), 5), "PlantedPlanted00");
    let mut keys = BTreeSet::new();
    for region in regions {
        plant_digests(&mut stage, region, true);
        let key = object.key.replace(REGION, region);
        stage.memory.put(file(&stage, &key));
        keys.insert(key);
    }
    let mut found = Vec::new();
    for number in 11..=20 {
        let now = after(stage.end(number), 35);
        stage.pass(now).await;
        let reads = stage.memory.reads();
        let round = stage.round(now).await;
        let reads = stage.memory.reads() - reads;
        assert!(reads <= 620, "hour {number}: {reads}");
        let of_kind = round
            .findings
            .iter()
            .filter(|one| one.kind.as_str() == KIND);
        found.extend(of_kind.map(|one| one.object.key.clone()));
    }
    assert_eq!(found.len(), 3, "{found:#?}");
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), keys);
}

/// So many files have the same minute in their names, or sort between two minutes, that a round does
/// not list all of them.
#[tokio::test]
async fn a_minute_with_too_many_files_does_not_hide_later_files() {
    for has_time in [true, false] {
        let mut stage = Stage::of(days(30));
        assert_eq!(hours(&mut stage, 1..=10).await, []);
        let minute = after(stage.end(9), 40);
        for number in 0..700 {
            let mut object = planted(&stage, minute, &format!("Planted{number:03}"));
            if !has_time {
                let name = minute.strftime("T%H%MZ").to_string();
                object.key = object
                    .key
                    .replace(&name, &minute.strftime("T%H:").to_string());
            }
            stage.memory.put(object);
        }
        let later = planted(&stage, after(stage.end(11), 5), "PlantedPlanted00");
        stage.memory.put(later.clone());
        let found = hours(&mut stage, 11..=17).await;
        assert!(found.contains(&(17, later.key)), "{found:#?}");
        let open: Vec<_> = stage.remembered[ACCOUNT].open.values().flatten().collect();
        assert_eq!(open.len(), 1, "{open:#?}");
        if has_time {
            assert_eq!((open[0].from, open[0].to), (minute, after(minute, 1)));
        }
    }
}

/// The digest of an hour is gone, and many files have its time in their names. They are compared in
/// each round, and files of later hours as well.
#[tokio::test]
async fn many_files_without_their_digest_do_not_hide_later_files() {
    let mut stage = Stage::of(days(30));
    assert_eq!(hours(&mut stage, 1..=10).await, []);
    let digest = stage.digest(10).object.clone();
    stage.memory.delete(&digest);
    for number in 0..700 {
        let time = after(stage.end(9), number / 12);
        let object = planted(&stage, time, &format!("Planted{number:03}"));
        stage.memory.put(object);
    }
    let later = planted(&stage, after(stage.end(14), 5), "PlantedPlanted00");
    stage.memory.put(later.clone());
    let found = hours(&mut stage, 11..=24).await;
    assert!(found.contains(&(20, later.key)), "{found:#?}");
    assert!(!stage.remembered[ACCOUNT].open.is_empty());
}

/// A file in an hour that was compared is not found: that takes the event, or the command.
#[tokio::test]
async fn what_was_compared_is_not_compared_again() {
    let mut stage = Stage::of(days(30));
    assert_eq!(hours(&mut stage, 1..=20).await, []);
    let past = planted(&stage, after(stage.end(3), 5), "PlantedPlanted00");
    stage.memory.put(past);
    assert_eq!(hours(&mut stage, 21..=30).await, []);
}

#[tokio::test]
async fn a_file_with_a_future_time_is_found_at_once_and_until_then() {
    let mut stage = Stage::of(days(20));
    assert_eq!(hours(&mut stage, 1..=8).await, []);
    let far = planted(
        &stage,
        after(stage.end(9), 60 * 24 * 365 * 70),
        "PlantedPlanted00",
    );
    stage.memory.put(far.clone());
    let near = planted(&stage, after(stage.end(11), 0), "PlantedPlanted01");
    stage.memory.put(near.clone());
    let found = hours(&mut stage, 9..=20).await;
    let of = |object: &Object| -> Vec<u32> {
        let found = found.iter().filter(|(_, key)| *key == object.key);
        found.map(|(hour, _)| *hour).collect()
    };
    assert_eq!(of(&far), (9..=20).collect::<Vec<_>>());
    // Its time comes, and it is as any other.
    assert_eq!(of(&near), [9, 17]);
}

/// Programs that read the folder read these, too.
#[tokio::test]
async fn files_with_other_names_are_found_once() {
    let mut stage = Stage::of(days(60));
    let name = format!("{ACCOUNT}_CloudTrail_{REGION}_20260115T");
    let day = format!("{FOLDER}2026/01/15/");
    let keys = [
        format!("{day}{name}0905Z_PlantedPlanted00.json"),
        format!("{day}{name}09xxZ_PlantedPlanted00.json.gz"),
        format!("{day}{name}"),
        format!("{day}0.json.gz"),
        format!("{day}evil/records.json.gz"),
        format!("{day}z.json.gz"),
    ];
    assert_eq!(hours(&mut stage, 1..=8).await, []);
    for key in &keys {
        let object = file(&stage, key);
        stage.memory.put(object);
    }
    stage.memory.put(file(&stage, &format!("{day}folder/")));
    let found = hours(&mut stage, 9..=60).await;
    let of_day: BTreeSet<&String> = found.iter().map(|(_, key)| key).collect();
    assert_eq!(of_day, keys.iter().collect());
    assert_eq!(found.len(), keys.len(), "{found:#?}");
    // Outside the folders of days: once a day.
    let misplaced = file(&stage, &format!("{FOLDER}evil.json.gz"));
    let mut stage = Stage::of(days(72));
    stage.memory.put(misplaced.clone());
    let found = hours(&mut stage, 1..=72).await;
    let hours: Vec<u32> = found.iter().map(|(hour, _)| *hour).collect();
    assert_eq!(hours, [30, 54], "{found:#?}");
    assert!(found.iter().all(|(_, key)| *key == misplaced.key));
}

/// CloudTrail may give its files other names one day.
#[tokio::test]
async fn other_names_are_not_accused_if_a_digest_lists_some() {
    let mut stage = Stage::of(days(40));
    let mut listed = String::new();
    stage.trail.rewrite(ACCOUNT, REGION, 24, |document| {
        let mut entry = document.log_files[0].clone();
        entry.s3_object = format!("{FOLDER}2026/01/16/new-form-of-name.json.zst");
        listed.clone_from(&entry.s3_object);
        document.log_files.push(entry);
    });
    let other = file(&stage, &format!("{FOLDER}2026/01/15/another-name.json.zst"));
    let listed = file(&stage, &listed);
    assert_eq!(
        hours_with(&mut stage, 1..=24, &[(12, &other), (24, &listed)]).await,
        []
    );
    let mut unproven = 0;
    for number in 25..=40 {
        let found = hour(&mut stage, number).await;
        assert_eq!(found.totals.unlisted, 0, "hour {number}");
        unproven += found.totals.unproven;
    }
    assert_eq!(unproven, 1);
}

/// Returns the same file in the folder of Insights events.
fn insight(object: &Object) -> Object {
    let key = object.key.replace("/CloudTrail/", "/CloudTrail-Insight/");
    Object {
        key: key.replace("_CloudTrail_", "_CloudTrail-Insight_"),
        ..object.clone()
    }
}

/// A folder such as `CloudTrail-Insight` counts from the first digest on that lists a file in it.
#[tokio::test]
async fn other_folders_count_if_digests_list_their_files() {
    let mut stage = Stage::of(days(40));
    let listed = insight(&stage.trail.logs_of(stage.digest(12))[0].object);
    let entry = listed.key.clone();
    stage.trail.rewrite(ACCOUNT, REGION, 12, |document| {
        let mut copy = document.log_files[0].clone();
        copy.s3_object.clone_from(&entry);
        document.log_files.push(copy);
    });
    stage.memory.put(listed);
    let before = insight(&planted(&stage, after(stage.end(5), 5), "PlantedPlanted00"));
    let later = insight(&planted(
        &stage,
        after(stage.end(19), 5),
        "PlantedPlanted01",
    ));
    let written = [(5, &before), (19, &later)];
    let found = hours_with(&mut stage, 1..=40, &written).await;
    assert_eq!(found, [(25, later.key)]);
}

/// The trail delivers to another bucket now. Nobody delivers to the old one.
#[tokio::test]
async fn a_file_in_the_place_that_the_trail_left_is_found() {
    let mut stage = Stage::of(TrailSpec {
        bucket_change: Some(BucketChange {
            hour: 12,
            bucket: "amzn-s3-demo-bucket2".to_owned(),
        }),
        ..days(40)
    });
    let old = planted(&stage, after(stage.end(20), 5), "PlantedPlanted00");
    let new = Object {
        bucket: "amzn-s3-demo-bucket2".to_owned(),
        ..planted(&stage, after(stage.end(21), 5), "PlantedPlanted01")
    };
    let written = [(20, &old), (21, &new)];
    let found = hours_with(&mut stage, 1..=40, &written).await;
    assert_eq!(found, [(26, old.key), (27, new.key)]);
}

/// Logging was off for some hours: there is nothing to compare in them, and nothing stays open.
#[tokio::test]
async fn a_chain_that_was_restarted_leaves_nothing_open() {
    let mut stage = Stage::of(TrailSpec {
        stops: vec![Stop {
            last_hour: 10,
            restart_hour: Some(14),
        }],
        ..days(40)
    });
    let object = planted(&stage, after(stage.end(20), 5), "PlantedPlanted00");
    let mut found = Vec::new();
    for number in (1..=10).chain(14..=40) {
        found.extend(hours_with(&mut stage, number..=number, &[(20, &object)]).await);
    }
    assert_eq!(found, [(26, object.key)]);
    assert!(stage.remembered[ACCOUNT].open.is_empty());
}

#[tokio::test]
async fn a_pause_of_the_rounds_is_caught_up_and_a_long_one_is_counted() {
    let mut stage = Stage::of(days(110));
    assert_eq!(hours(&mut stage, 1..=10).await, []);
    let object = planted(&stage, after(stage.end(12), 5), "PlantedPlanted00");
    stage.memory.put(object.clone());
    let found = hour(&mut stage, 40).await;
    assert_eq!(found.found(), [(KIND, object.key)]);
    assert_eq!(found.totals.incomplete, 0);
    // Hours that are older than two days are not compared, and that is said once.
    let found = hour(&mut stage, 108).await;
    assert_eq!((found.found(), found.totals.incomplete), (vec![], 1));
    let found = hour(&mut stage, 109).await;
    assert_eq!((found.found(), found.totals.incomplete), (vec![], 0));
}

#[tokio::test]
async fn a_folder_of_log_files_that_cannot_be_listed_is_reported_and_caught_up() {
    let mut stage = Stage::of(days(30));
    let object = planted(&stage, after(stage.end(10), 5), "PlantedPlanted00");
    assert_eq!(hours_with(&mut stage, 1..=15, &[(10, &object)]).await, []);
    let denied = Cause::Denied("no".to_owned());
    stage.memory.fail_listings_below(FOLDER, denied);
    let found = hour(&mut stage, 16).await;
    let expected = [("monitoring-impaired", FOLDER.to_owned())];
    assert_eq!(found.found(), expected);
    stage.memory.fail_listings(None);
    let found = hour(&mut stage, 17).await;
    assert_eq!(found.cleared(), expected);
    assert_eq!(found.found(), [(KIND, object.key)]);
}

/// A round with nothing planted costs one request for log files and few for digests.
#[tokio::test]
async fn a_round_costs_little() {
    let mut stage = Stage::of(days(30));
    assert_eq!(hours(&mut stage, 1..=20).await, []);
    let now = after(stage.end(21), 35);
    stage.pass(now).await;
    let (reads, lists) = (stage.memory.reads(), stage.memory.lists());
    stage.round(now).await;
    let (reads, lists) = (stage.memory.reads() - reads, stage.memory.lists() - lists);
    // Four digests. Two days of digests are on several pages of ten.
    assert_eq!(reads, 4);
    assert!((4..=8).contains(&lists), "{lists}");
}
