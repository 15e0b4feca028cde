//! Receipts that are held against the digests in the log bucket.

use crate::verified::{append, receipt, write_with_head};
use crate::world::World;
use jiff::{SignedDuration, Timestamp};
use trailseal::check::digest::DigestVerifier;
use trailseal::check::key_ring::KeyRing;
use trailseal::evidence_log::LogFault;
use trailseal::period::{PeriodReader, PeriodScope, PeriodSpan, TrailComparison};
use trailseal::receipt::{Receipt, documents};
use trailseal::trust::public_key::KeySet;
use trailseal_tests::memory::{Memory, places};
use trailseal_tests::trail::{Trail, TrailSpec};

const CHAIN: (&str, &str) = ("111122223333", "us-east-1");

/// Returns the receipt of the digest of an hour, checked now.
fn receipt_of(world: &World, trail: &Trail, function: &str, hour: u32) -> serde_json::Value {
    let digest = trail.digest(CHAIN.0, CHAIN.1, hour);
    let end: Timestamp = digest.document.digest_end_time.parse().expect("a time");
    let mut receipt = receipt(function, CHAIN, end, world.store.now());
    receipt["object"]["key"] = digest.object.key.as_str().into();
    receipt["chain"]["trail"] = trail.spec.trail_name.as_str().into();
    receipt
}

/// Returns a trail, and a bucket with the receipts of its first hours, each by itself. The receipts of
/// the next hours are written some days later, into a document for each function. No receipt is
/// written of the last hours. Returns the keys of the documents.
async fn world(trail: &Trail) -> (World, Vec<String>) {
    let world = World::new();
    world.store.wait(SignedDuration::from_hours(1));
    for hour in 0..6 {
        for function in ["digest-validator", "log-verifier"] {
            write_with_head(&world, &receipt_of(&world, trail, function, hour));
        }
        append(&world).await;
    }
    for _ in 0..4 {
        world.store.wait(SignedDuration::from_hours(24));
        append(&world).await;
    }
    // The first bundle of the log's entries has room for 256.
    world.write_receipts(150);
    append(&world).await;
    let mut keys = Vec::new();
    for function in ["digest-validator", "log-verifier"] {
        let receipts = (6..12).map(|hour| {
            let receipt = receipt_of(&world, trail, function, hour).to_string();
            Receipt::read(receipt.as_bytes()).expect("a receipt")
        });
        for document in documents(&receipts.collect::<Vec<_>>()) {
            world.store.put(&document.key, document.json);
            keys.push(document.key);
        }
    }
    // The folders of earlier days are looked into in turn.
    for _ in 0..24 {
        append(&world).await;
    }
    (world, keys)
}

async fn against(world: &World, trail: &Trail) -> TrailComparison {
    let memory = Memory::of(trail);
    let keys = KeyRing::new(&memory, KeySet::default());
    let digests = DigestVerifier::new(&memory, keys, places(trail));
    let from = trail.spec.start;
    let key = world.key();
    let reader = PeriodReader {
        evidence: &world.store,
        key: &key,
        cosigners: &[],
        period: PeriodSpan::new(from, from + SignedDuration::from_hours(24)).expect("a period"),
        scope: PeriodScope::default(),
    };
    let compared = reader.against(&digests, &trail.spec.bucket, |_, _| ());
    compared.await.expect("a comparison")
}

/// Returns the digests of which the log is said to have no receipt.
fn unrecorded(found: &TrailComparison) -> Vec<&str> {
    let findings = found.findings().iter();
    let unrecorded = findings.filter(|it| it.fault == LogFault::DigestUnrecorded);
    unrecorded.map(|it| it.key.as_str()).collect()
}

fn locations(trail: &Trail, hours: std::ops::Range<u32>) -> Vec<String> {
    let digests = hours.map(|hour| &trail.digest(CHAIN.0, CHAIN.1, hour).object);
    digests
        .map(|object| format!("s3://{}/{}", object.bucket, object.key))
        .collect()
}

/// A lost document of a day is a finding by itself. Nobody knows of which digests it had receipts.
#[tokio::test]
async fn the_digests_of_a_lost_document_may_have_had_receipts() {
    let trail = TrailSpec {
        hours: 14,
        ..TrailSpec::default()
    }
    .build();
    let (world, documents) = world(&trail).await;
    assert_eq!(documents.len(), 2);
    let found = against(&world, &trail).await;
    assert_eq!(unrecorded(&found), locations(&trail, 12..15));
    assert!(
        found.report.cannot_tell.is_empty(),
        "{:?}",
        found.report.cannot_tell
    );
    for document in &documents {
        world.store.remove(document).expect("a document");
    }
    let found = against(&world, &trail).await;
    let missing = found.findings().iter();
    let missing = missing.filter(|it| it.fault == LogFault::DocumentMissing);
    assert_eq!(missing.count(), 2);
    assert!(unrecorded(&found).is_empty(), "{:?}", found.findings());
    let obstacles = &found.report.cannot_tell;
    for digest in locations(&trail, 6..15) {
        let why = "may have a receipt of the digest is lost";
        assert!(
            obstacles
                .iter()
                .any(|it| it.starts_with(&digest) && it.contains(why)),
            "{digest}: {obstacles:?}"
        );
    }
    assert_eq!(obstacles.len(), 9, "{obstacles:?}");
}

/// What the log does not show may be in the part that cannot be read.
#[tokio::test]
async fn a_log_that_cannot_be_read_says_nothing_about_digests_without_receipts() {
    let trail = TrailSpec {
        hours: 14,
        ..TrailSpec::default()
    }
    .build();
    let (world, _) = world(&trail).await;
    let objects = world.store.objects();
    let entries = objects.keys().filter(|key| key.contains("/entries/"));
    // The name of a bundle that is not full ends with the number of its entries.
    let newest = entries.max_by_key(|key| (key.len(), *key));
    let newest = newest.expect("entries of the log");
    world.store.remove(newest).expect("entries");
    let found = against(&world, &trail).await;
    assert!(found.report.newest_round > Some(trail.spec.start + SignedDuration::from_hours(48)));
    assert!(unrecorded(&found).is_empty(), "{:?}", found.findings());
    let obstacles = &found.report.cannot_tell;
    assert!(
        obstacles
            .iter()
            .any(|it| it.contains("were not looked for")),
        "{obstacles:?}"
    );
}
