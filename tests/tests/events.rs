//! The object that an event refers to, and the meaning of its absence, for the functions' checks in
//! memory.

use serde_json::json;
use std::future::pending;
use trailseal::check::arrival::Arrival;
use trailseal::check::digest::DigestVerifier;
use trailseal::check::key_ring::KeyRing;
use trailseal::check::kms_events::KmsChecker;
use trailseal::event::EventObjects;
use trailseal::finding::{Finding, FindingKind, Report, Verdict};
use trailseal::kms::expected::Expected;
use trailseal::names::event_object::EventObject;
use trailseal::names::event_object::Origin;
use trailseal::names::location::ObjectLocation;
use trailseal::trust::public_key::KeySet;
use trailseal::world::{Absence, Cause};
use trailseal_tests::memory::{Memory, places};
use trailseal_tests::trail::tamper::digest::copied_to;
use trailseal_tests::trail::{Location, Object, Trail, TrailSpec};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";

/// Returns a trail whose keys change when they are URL-encoded.
fn trail() -> Trail {
    TrailSpec {
        prefix: Some("team a+b".to_owned()),
        hours: 4,
        ..TrailSpec::default()
    }
    .build()
}

fn digest(trail: &Trail, hour: u32) -> &Object {
    &trail.digest(ACCOUNT, REGION, hour).object
}

fn digests<'a>(trail: &Trail, memory: &'a Memory) -> DigestVerifier<&'a Memory, &'a Memory> {
    let keys = KeyRing::new(memory, KeySet::default());
    DigestVerifier::new(memory, keys, places(trail))
}

fn at(object: &Object) -> ObjectLocation {
    ObjectLocation::new(&object.bucket, &object.key)
}

/// Returns a key as S3 writes it into a notification.
fn encoded(key: &str) -> String {
    key.replace('%', "%25")
        .replace('+', "%2B")
        .replace(' ', "+")
}

fn s3(bucket: &str, key: &str) -> String {
    json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": key}}}]})
    .to_string()
}

fn eventbridge(bucket: &str, key: &str) -> String {
    json!({"source": "aws.s3", "detail-type": "Object Created",
        "detail": {"bucket": {"name": bucket}, "object": {"key": key}}})
    .to_string()
}

fn cloudtrail(bucket: &str, key: &str) -> String {
    json!({"s3Bucket": bucket, "s3ObjectKey": [key]}).to_string()
}

fn bare(bucket: &str, key: &str) -> String {
    json!({"bucket": bucket, "key": key}).to_string()
}

/// Returns the only object that a message in the queue names.
fn message(text: &str) -> EventObject {
    let named = EventObjects::by_text(text);
    assert_eq!((named.created.len(), &named.error), (1, &None), "{text}");
    named.created.into_iter().next().unwrap()
}

/// Returns the only object that a person names.
fn by_hand(object: &ObjectLocation) -> EventObject {
    let event = json!({"bucket": object.bucket, "key": object.key});
    EventObjects::by(&event).created.into_iter().next().unwrap()
}

/// Returns the results of the validator and the verifier for an event: the object that was checked,
/// and both reports.
async fn checked(trail: &Trail, memory: &Memory, created: &EventObject) -> Vec<(String, Report)> {
    let digests = digests(trail, memory);
    match digests.arrival(created).await {
        Arrival::NotFound(report) => vec![(created.object.key.clone(), *report)],
        Arrival::At(object) => {
            let validated = digests.validate(&object).await;
            let verified = digests.verify_log_files(&object, 0, 8, pending()).await;
            vec![
                (object.key.clone(), validated),
                (object.key, verified.report),
            ]
        }
    }
}

/// Checks that both functions find this object valid.
async fn assert_valid(trail: &Trail, memory: &Memory, created: &EventObject, object: &Object) {
    let checked = checked(trail, memory, created).await;
    assert_eq!(checked.len(), 2, "{created:?}");
    for (key, report) in checked {
        assert_eq!(key, object.key);
        assert_eq!(report.verdict(), Verdict::Valid, "{created:?} {report:#?}");
        assert!(report.valid > 0);
    }
}

/// Checks that both functions report this finding about this object.
async fn assert_found(
    trail: &Trail,
    memory: &Memory,
    created: &EventObject,
    kind: FindingKind,
    key: &str,
) {
    let checked = checked(trail, memory, created).await;
    assert_eq!(checked.len(), 2, "{created:?}");
    for (_, report) in checked {
        let findings = report.findings.iter();
        let found: Vec<(FindingKind, &str)> = findings
            .map(|finding| (finding.kind, finding.object.key.as_str()))
            .collect();
        assert_eq!(found, [(kind, key)], "{created:?}");
    }
}

#[tokio::test]
async fn the_object_is_found_by_every_spelling_of_its_key() {
    let trail = trail();
    let memory = Memory::of(&trail);
    let digest = digest(&trail, 3);
    let (bucket, key) = (&digest.bucket, digest.key.as_str());
    let encoded = encoded(key);
    let slashed = format!("/{key}");
    let fully_encoded = encoded.replace('/', "%2F");
    let mut ways = vec![eventbridge(bucket, key)];
    // As S3 writes it, and as relays leave it: decoded, partly decoded, or encoded once more for a
    // URL.
    for written in [&encoded, key, &key.replace('+', "%2B")] {
        ways.push(s3(bucket, written));
    }
    for written in [
        key,
        &encoded,
        &slashed,
        &format!("/{encoded}"),
        &fully_encoded,
    ] {
        ways.push(cloudtrail(bucket, written));
        ways.push(bare(bucket, written));
    }
    for way in &ways {
        assert_valid(&trail, &memory, &message(way), digest).await;
    }
    for written in [key, &encoded, &slashed, &fully_encoded] {
        let object = ObjectLocation::new(bucket, written);
        assert_valid(&trail, &memory, &by_hand(&object), digest).await;
    }
}

/// An attacker deletes a digest in the seconds before a function reads it, and puts a copy where
/// the other reading of its key leads.
#[tokio::test]
async fn a_digest_deleted_before_it_is_read_is_a_finding_in_every_spelling_of_its_key() {
    let trail = trail();
    let digest = digest(&trail, 4);
    let (bucket, key) = (&digest.bucket, digest.key.as_str());
    let mut memory = Memory::of(&trail);
    memory.delete(digest);
    for event in [
        eventbridge(bucket, key),
        s3(bucket, &encoded(key)),
        s3(bucket, key),
        cloudtrail(bucket, key),
        cloudtrail(bucket, &encoded(key)),
    ] {
        let created = message(&event);
        let primary = created.object.key.clone();
        assert_found(
            &trail,
            &memory,
            &created,
            FindingKind::DigestMissing,
            &primary,
        )
        .await;
    }
    let other = encoded(key);
    let copy = Location {
        bucket: bucket.clone(),
        key: other.clone(),
    };
    memory.put(copied_to(digest, &copy));
    for event in [s3(bucket, &encoded(key)), cloudtrail(bucket, &encoded(key))] {
        let created = message(&event);
        assert_found(&trail, &memory, &created, FindingKind::DigestMoved, &other).await;
    }
    // EventBridge does not encode: its key has no other reading.
    let created = message(&eventbridge(bucket, key));
    assert_found(&trail, &memory, &created, FindingKind::DigestMissing, key).await;
}

#[tokio::test]
async fn a_digest_that_a_relay_names_and_that_never_arrives_is_a_finding_at_the_last_attempt() {
    let trail = trail();
    let mut memory = Memory::of(&trail);
    let digest = digest(&trail, 4);
    memory.delete(digest);
    let created = message(&bare(&digest.bucket, &digest.key));
    assert_eq!(created.origin, Origin::Message);
    let mut checked = checked(&trail, &memory, &created).await;
    let (_, report) = checked.remove(0);
    assert_eq!((checked.len(), report.verdict()), (0, Verdict::CannotTell));
    let stays = report.obstacles[0].if_it_stays.as_ref();
    let stays = stays.map(|finding| (finding.kind, finding.object.key.as_str()));
    assert_eq!(
        stays,
        Some((FindingKind::DigestMissing, digest.key.as_str()))
    );
    // A function has read what it hands back: its deletion is found at once.
    let rest = serde_json::to_string(&EventObject::rest(at(digest), 1)).unwrap();
    let rest = message(&rest);
    assert_found(
        &trail,
        &memory,
        &rest,
        FindingKind::DigestMissing,
        &digest.key,
    )
    .await;
}

#[tokio::test]
async fn a_missing_object_that_a_person_names_could_not_be_verified() {
    let trail = trail();
    let mut memory = Memory::of(&trail);
    let gone = digest(&trail, 4);
    memory.delete(gone);
    let misnamed = gone.key.replace("_CloudTrail-Digest_", "_Digest_");
    let other_bucket = ObjectLocation::new("amzn-s3-demo-nowhere", &*gone.key);
    for object in [
        at(gone),
        ObjectLocation::new(&gone.bucket, encoded(&gone.key)),
        ObjectLocation::new(&gone.bucket, format!("/{}", gone.key)),
        ObjectLocation::new(&gone.bucket, misnamed),
        other_bucket,
    ] {
        let checked = checked(&trail, &memory, &by_hand(&object)).await;
        let [(_, report)] = checked.as_slice() else {
            panic!("{object} was checked");
        };
        assert_eq!(report.verdict(), Verdict::CannotTell, "{object}");
        assert!(report.obstacles[0].if_it_stays.is_none());
        let error = report.obstacles[0].error.to_string();
        assert!(error.contains("it does not exist"), "{error}");
    }
    // A log file, for the third function; for an event of AWS, its absence means nothing yet.
    let checker = KmsChecker::new(&memory, &memory, Expected::default());
    let absent = trail.log_files[0].object.key.replace("T00", "T23");
    let absent = ObjectLocation::new(&gone.bucket, absent);
    assert!(matches!(
        checker.arrival(&by_hand(&absent)).await,
        Arrival::NotFound(report) if report.verdict() == Verdict::CannotTell
    ));
    for event in [
        eventbridge(&absent.bucket, &absent.key),
        bare(&absent.bucket, &absent.key),
    ] {
        let arrival = checker.arrival(&message(&event)).await;
        assert!(
            matches!(arrival, Arrival::At(at) if at == absent),
            "{event}"
        );
    }
}

/// If S3 does not answer, nothing is decided: no other reading takes the object's place.
#[tokio::test]
async fn a_spelling_that_cannot_be_looked_up_is_not_skipped() {
    let trail = trail();
    let digest = digest(&trail, 3);
    let key = encoded(&digest.key);
    for (cause, expected) in [
        (Cause::Unavailable("SlowDown".to_owned()), &key),
        (Cause::Failed("nonsense".to_owned()), &key),
        (Cause::Archived("GLACIER".to_owned()), &key),
        // The functions may list the bucket: an object that S3 refuses exists.
        (Cause::Denied("no".to_owned()), &key),
        (Cause::Absent(Absence::DeleteMarker), &digest.key),
    ] {
        let memory = Memory::of(&trail);
        let unreadable = Object {
            key: key.clone(),
            ..digest.clone()
        };
        memory.fail(&unreadable, &cause, 1);
        let created = message(&cloudtrail(&digest.bucket, &key));
        match digests(&trail, &memory).arrival(&created).await {
            Arrival::At(at) => assert_eq!(at.key, **expected, "{cause:?}"),
            Arrival::NotFound(report) => panic!("{cause:?} {report:?}"),
        }
    }
}

#[tokio::test]
async fn an_event_of_aws_with_one_spelling_needs_no_further_request() {
    let trail = TrailSpec {
        hours: 2,
        ..TrailSpec::default()
    }
    .build();
    let memory = Memory::of(&trail);
    let digest = digest(&trail, 2);
    for event in [
        eventbridge(&digest.bucket, &digest.key),
        s3(&digest.bucket, &digest.key),
        cloudtrail(&digest.bucket, &digest.key),
    ] {
        let arrival = digests(&trail, &memory).arrival(&message(&event)).await;
        assert!(matches!(arrival, Arrival::At(at) if at.key == digest.key));
    }
    assert_eq!(memory.reads(), 0);
}

/// Returns what is left of a trail whose digests before an hour are missing.
fn without_digests_before(trail: &Trail, hour: u32) -> Memory {
    let mut memory = Memory::of(trail);
    for gone in 0..hour {
        memory.delete(digest(trail, gone));
    }
    memory
}

/// Returns the report on a digest at a time, as the functions and the command handle it.
async fn validated(trail: &Trail, memory: &Memory, object: &Object, now: &str) -> Report {
    let mut report = digests(trail, memory).validate(&at(object)).await;
    report.allow_for_expiry(now.parse().unwrap());
    report
}

#[tokio::test]
async fn the_oldest_kept_digest_is_valid_and_the_time_before_it_could_not_be_verified() {
    let trail = trail();
    let memory = without_digests_before(&trail, 2);
    let oldest = digest(&trail, 2);
    let report = validated(&trail, &memory, oldest, "2027-01-15T00:00:00Z").await;
    assert_eq!((report.verdict(), report.valid), (Verdict::CannotTell, 1));
    assert!(report.obstacles[0].if_it_stays.is_none());
    let error = report.obstacles[0].error.to_string();
    for part in [
        "cannot verify what was delivered before 2026-01-15T01:00:00Z",
        "begins there",
        "lifecycle",
        &digest(&trail, 1).key,
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    // The next one finds everything in order.
    let report = validated(&trail, &memory, digest(&trail, 3), "2027-01-15T00:00:00Z").await;
    assert_eq!(report.verdict(), Verdict::Valid);
}

/// An attacker who deletes every earlier digest is found by the newest digest, an hour later.
#[tokio::test]
async fn a_digest_of_the_last_day_cannot_have_expired() {
    let trail = trail();
    let memory = without_digests_before(&trail, 4);
    let newest = digest(&trail, 4);
    for now in ["2026-01-15T04:05:00Z", "2026-01-16T02:59:59Z"] {
        let report = validated(&trail, &memory, newest, now).await;
        let kinds: Vec<_> = report.findings.iter().map(|f: &Finding| f.kind).collect();
        assert_eq!(kinds, [FindingKind::DigestMissing], "{now}");
    }
}

/// A lifecycle rule deletes the oldest: what is missing between others was deleted by somebody,
/// regardless of its age.
#[tokio::test]
async fn age_does_not_excuse_a_hole_or_a_deleted_bucket() {
    let trail = trail();
    let late = "2027-01-15T00:00:00Z";
    let mut memory = Memory::of(&trail);
    memory.delete(digest(&trail, 2));
    let report = validated(&trail, &memory, digest(&trail, 3), late).await;
    assert_eq!(report.verdict(), Verdict::Finding);
    // An unreadable digest exists, too: what was before cannot be seen.
    let memory = without_digests_before(&trail, 3);
    let mut memory = memory;
    memory.put(digest(&trail, 0).with_body("no digest"));
    let report = validated(&trail, &memory, digest(&trail, 3), late).await;
    assert_eq!(report.verdict(), Verdict::Finding);
    let memory = without_digests_before(&trail, 3);
    let gone = Cause::Absent(Absence::NoBucket);
    memory.fail(digest(&trail, 2), &gone, 1);
    let report = validated(&trail, &memory, digest(&trail, 3), late).await;
    assert_eq!(report.verdict(), Verdict::Finding);
    // An expired object of a versioned bucket leaves a delete marker.
    let marker = Cause::Absent(Absence::DeleteMarker);
    memory.fail(digest(&trail, 2), &marker, 1);
    let report = validated(&trail, &memory, digest(&trail, 3), late).await;
    assert_eq!(report.verdict(), Verdict::CannotTell);
}
