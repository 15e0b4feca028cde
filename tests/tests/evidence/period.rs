//! The report on a period: which hours were verified, by what the log names.

use crate::verified::{CHAINS, hour, incident, receipt, write};
use crate::world::World;
use jiff::{SignedDuration, Timestamp};
use trailseal::alert::acknowledgment::Acknowledgment;
use trailseal::evidence_log::LogFault;
use trailseal::finding::Verdict;
use trailseal::period::{HourState, PeriodReader, PeriodReport, PeriodScope, PeriodSpan};
use trailseal_tests::evidence::LocalSigner;

/// Returns a bucket after these hours, and the keys of the receipts of each. The first digest
/// covers the hour before midnight.
async fn after(hours: usize) -> (World, Vec<Vec<String>>) {
    let world = World::new();
    let mut keys = Vec::new();
    for _ in 0..hours {
        keys.push(hour(&world).await);
    }
    (world, keys)
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// Returns the hours of 2026-01-15 from `from` to `to`.
fn hours(from: i64, to: i64) -> PeriodSpan {
    let midnight = at("2026-01-15T00:00:00Z");
    let hour = |hour| midnight + SignedDuration::from_hours(hour);
    PeriodSpan::new(hour(from), hour(to)).expect("a period")
}

async fn report_on(world: &World, period: PeriodSpan, scope: PeriodScope) -> PeriodReport {
    let key = world.key();
    let reader = PeriodReader {
        evidence: &world.store,
        key: &key,
        cosigners: &[],
        period,
        scope,
    };
    reader.run(|_, _| ()).await.expect("a report")
}

async fn report(world: &World, period: PeriodSpan) -> PeriodReport {
    report_on(world, period, PeriodScope::default()).await
}

fn seconds(report: &PeriodReport, state: HourState) -> u64 {
    report.chains.iter().map(|chain| chain.seconds(state)).sum()
}

const HOUR: u64 = 3_600;

#[tokio::test]
async fn every_hour_of_a_period_is_verified() {
    let (world, _) = after(30).await;
    let found = report(&world, hours(2, 20)).await;
    assert_eq!(found.verdict(), Verdict::Valid, "{found:#?}");
    assert_eq!(found.chains.len(), CHAINS.len());
    assert_eq!(seconds(&found, HourState::Verified), 3 * 18 * HOUR);
    assert_eq!(found.receipts, 2 * 3 * 20);
    let chain = &found.chains[0];
    assert_eq!(chain.stretches.len(), 1);
    assert_eq!(chain.verified.len(), 18);
    assert_eq!(chain.verified[0].first_at, at("2026-01-15T03:30:00Z"));
    assert_eq!(chain.builds.len(), 2);
    // Only what is asked for is read.
    let only = PeriodScope {
        account: Some("111122223334".to_owned()),
        region: Some("us-east-1".to_owned()),
    };
    let only = report_on(&world, hours(2, 20), only).await;
    assert_eq!(only.chains.len(), 1);
    assert_eq!(only.receipts, 2 * 20);
    // The hours that the log may not have yet.
    let young = report(&world, hours(2, 30)).await;
    assert_eq!(young.verdict(), Verdict::CannotTell);
    assert_eq!(seconds(&young, HourState::NoReceipt), 0);
    assert!(seconds(&young, HourState::NotLoggedYet) > 0);
}

#[tokio::test]
async fn a_deleted_receipt_is_a_finding_and_so_is_a_changed_one() {
    let (world, keys) = after(30).await;
    world.store.remove(&keys[10][0]);
    let found = report(&world, hours(2, 20)).await;
    assert_eq!(found.verdict(), Verdict::Finding);
    assert_eq!(found.findings[0].fault, LogFault::DocumentMissing);
    assert_eq!(found.findings[0].key, keys[10][0]);
    assert_eq!(seconds(&found, HourState::Finding), HOUR);
    let gap = &found.chains[0].gaps[0];
    assert_eq!(gap.span, hours(9, 10));
    assert!(gap.receipts.contains(&keys[10][0]));
    // Both receipts of the hour, and the head, so that nothing is left of it.
    world.store.remove(&keys[10][1]);
    let found = report(&world, hours(2, 20)).await;
    assert_eq!(found.findings.len(), 2);
    assert_eq!(seconds(&found, HourState::Finding), HOUR);
    // One that somebody replaced.
    let stored = world.store.get(&keys[12][3]).expect("a receipt");
    let other = String::from_utf8(stored.content).expect("text");
    let other = other.replace("8f507cfc", "00000000");
    world.store.put_at(&keys[12][3], other, stored.at);
    let found = report(&world, hours(2, 20)).await;
    assert!(
        found
            .findings
            .iter()
            .any(|it| it.fault == LogFault::DocumentChanged)
    );
    assert_eq!(seconds(&found, HourState::Finding), 2 * HOUR);
}

#[tokio::test]
async fn receipts_that_the_log_does_not_name_verify_nothing() {
    // An hour in which no function wrote a receipt.
    let world = World::new();
    for number in 0..30 {
        if number == 10 {
            world.store.wait(SignedDuration::from_hours(1));
        } else {
            hour(&world).await;
        }
    }
    let end = hours(9, 10).to;
    let checked = end + SignedDuration::from_mins(30);
    let found = report(&world, hours(2, 20)).await;
    assert_eq!(found.verdict(), Verdict::CannotTell);
    assert_eq!(seconds(&found, HourState::NoReceipt), 3 * HOUR);
    for function in ["digest-validator", "log-verifier"] {
        let receipt = receipt(function, CHAINS[0], end, checked);
        write(&world, &receipt);
    }
    let found = report(&world, hours(2, 20)).await;
    assert_eq!(found.not_logged_yet, 2);
    assert_eq!(found.not_logged_yet_named.len(), 2);
    assert_eq!(seconds(&found, HourState::NoReceipt), 3 * HOUR);
    // Behind the log, with the time of the check.
    for key in &found.not_logged_yet_named {
        let content = world.store.get(key).expect("a receipt").content;
        world.store.put_at(key, content, checked);
    }
    let found = report(&world, hours(2, 20)).await;
    assert_eq!(found.verdict(), Verdict::Finding);
    let faults: Vec<LogFault> = found.findings.iter().map(|it| it.fault).collect();
    assert_eq!(faults, [LogFault::DocumentUnlogged; 2]);
    assert_eq!(seconds(&found, HourState::NoReceipt), 3 * HOUR);
    // The next append logs a receipt, and sees when it was stored.
    let mut late = receipt("digest-validator", CHAINS[0], end, checked);
    late["requestId"] = "late".into();
    write(&world, &late);
    world.store.wait(SignedDuration::from_mins(30));
    world.append_all().await;
    let found = report(&world, hours(2, 20)).await;
    assert!(
        found
            .findings
            .iter()
            .any(|it| it.fault == LogFault::DocumentBackdated)
    );
}

#[tokio::test]
async fn a_log_that_was_changed_proves_nothing() {
    let (world, _) = after(12).await;
    // An entry that says something else.
    let bundles = world.store.objects();
    let (key, bundle) = bundles
        .iter()
        .rfind(|(key, _)| key.starts_with("log/tile/entries/"))
        .expect("a bundle");
    let mut content = bundle.content.clone();
    let text = b"\"size\":";
    let place = content.windows(text.len()).position(|it| it == text);
    content[place.expect("a document") + text.len()] = b'9';
    world.store.put_at(key, content, bundle.at);
    let found = report(&world, hours(1, 6)).await;
    assert_eq!(found.verdict(), Verdict::Finding);
    assert_eq!(found.findings[0].fault, LogFault::Checkpoint);
    assert!(!found.is_signed);
    assert_eq!(seconds(&found, HourState::Verified), 0);
    // A bundle that is gone.
    world.store.remove(key);
    let found = report(&world, hours(1, 6)).await;
    assert_eq!(found.findings[0].fault, LogFault::Entry);
    assert_eq!(seconds(&found, HourState::Verified), 0);
    // A checkpoint of another key.
    let (mut world, _) = after(3).await;
    world.signer = LocalSigner::new(9);
    let found = report(&world, hours(1, 2)).await;
    assert_eq!(found.findings[0].fault, LogFault::Checkpoint);
    assert!(found.checkpoint.is_none() && found.chains.is_empty());
}

#[tokio::test]
async fn a_chain_without_receipts_in_the_period_is_not_forgotten() {
    let (world, _) = after(30).await;
    // The log goes on for a day, and all functions stand still.
    for _ in 0..20 {
        world.store.wait(SignedDuration::from_hours(1));
        world.append_all().await;
    }
    let period = PeriodSpan::new(at("2026-01-16T12:00:00Z"), at("2026-01-16T20:00:00Z"));
    let period = period.expect("a period");
    let found = report(&world, period).await;
    assert_eq!(found.verdict(), Verdict::CannotTell);
    assert_eq!(seconds(&found, HourState::NoReceipt), 3 * 8 * HOUR);
    // Even if somebody deletes the heads: the log names receipts from before.
    for key in world.store.objects().keys() {
        if key.starts_with("chains/") {
            world.store.remove(key);
        }
    }
    let found = report(&world, period).await;
    assert_eq!(found.chains.len(), CHAINS.len());
    assert_eq!(seconds(&found, HourState::NoReceipt), 3 * 8 * HOUR);
    // Time before the first verification, as the head says.
    let (world, _) = after(30).await;
    let before = PeriodSpan::new(at("2026-01-14T20:00:00Z"), at("2026-01-15T04:00:00Z"));
    let found = report(&world, before.expect("a period")).await;
    assert_eq!(seconds(&found, HourState::BeforeWatch), 3 * 3 * HOUR);
    assert_eq!(seconds(&found, HourState::Verified), 3 * 5 * HOUR);
}

#[tokio::test]
async fn incidents_of_the_period_are_listed_with_their_ends() {
    let world = World::new();
    let put = |id: &str, opened: &str, closed: Option<&str>| {
        let document = incident(id, opened, closed).to_string();
        world.store.put(&format!("incidents/{id}.json"), document);
    };
    put(
        "before",
        "2026-01-10T00:00:00Z",
        Some("2026-01-11T00:00:00Z"),
    );
    put("open", "2026-01-10T00:00:00Z", None);
    let acknowledge = |at_time: &str, reason: &str| {
        let written = Acknowledgment::new("open", "alice", reason, at(at_time), None);
        let written = written.expect("an acknowledgment");
        world.store.put(&written.key(), written.document());
        written.key()
    };
    // One of the time before it opened again, and one that counts.
    acknowledge("2026-01-09T00:00:00Z", "old");
    let acknowledged = acknowledge("2026-01-15T00:31:00Z", "restored");
    put("within", "2026-01-15T03:00:00Z", None);
    put("gone", "2026-01-15T03:00:00Z", None);
    for _ in 0..8 {
        hour(&world).await;
    }
    put(
        "within",
        "2026-01-15T03:00:00Z",
        Some("2026-01-15T04:00:00Z"),
    );
    for _ in 0..8 {
        hour(&world).await;
    }
    put("after", "2026-01-15T14:00:00Z", None);
    hour(&world).await;
    let found = report(&world, hours(2, 10)).await;
    let ids: Vec<&str> = found.incidents.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["open", "gone", "within"]);
    assert!(
        found
            .incidents
            .iter()
            .all(|it| it.is_as_logged && it.logged_at.is_some())
    );
    assert_eq!(
        found.incidents[2].closed_at,
        Some(at("2026-01-15T04:00:00Z"))
    );
    assert_eq!(found.incidents[0].closed_at, None);
    let known = found.incidents[0].acknowledged.as_ref();
    assert_eq!(known.map(|known| known.reason.as_str()), Some("restored"));
    assert!(found.incidents[1].acknowledged.is_none());
    assert_eq!(found.verdict(), Verdict::Valid, "{found:#?}");
    // An acknowledgment that the log does not have yet, and one that somebody removed.
    acknowledge("2026-01-15T17:00:00Z", "later");
    let stored = world.store.remove(&acknowledged).expect("a document");
    let without = report(&world, hours(2, 10)).await;
    assert_eq!(without.not_logged_yet, 1);
    assert_eq!(without.findings[0].key, acknowledged);
    assert!(without.incidents[0].acknowledged.is_none());
    world.store.put_at(&acknowledged, stored.content, stored.at);
    // A state that the log does not have yet, one that nobody wrote at that time, and none.
    put("open", "2026-01-10T00:00:00Z", Some("2026-01-15T17:00:00Z"));
    world.store.remove("incidents/gone.json");
    let stored = world
        .store
        .get("incidents/within.json")
        .expect("an incident");
    let document = incident("within", "2026-01-15T01:00:00Z", None).to_string();
    world
        .store
        .put_at("incidents/within.json", document, stored.at);
    let found = report(&world, hours(2, 10)).await;
    let faults: Vec<LogFault> = found.findings.iter().map(|it| it.fault).collect();
    assert_eq!(
        faults,
        [LogFault::DocumentMissing, LogFault::DocumentChanged]
    );
    assert_eq!(found.incidents.len(), 1);
    assert!(!found.incidents[0].is_as_logged);
}

/// Anybody who can write to a log bucket can plant objects that are named like digests.
#[tokio::test]
async fn planted_objects_are_findings_and_make_no_chain() {
    let (world, _) = after(8).await;
    let now = world.store.now();
    let end = now - SignedDuration::from_mins(30);
    let forged = |mut receipt: serde_json::Value| {
        receipt["digest"]["signed"] = false.into();
        receipt["verdict"] = "finding".into();
        receipt["findings"] = serde_json::json!([
            {"id": "0".repeat(64), "kind": "digest-signature-missing", "object": "s3://amzn-s3-demo-bucket/x"}
        ]);
        receipt
    };
    let planted = receipt("digest-validator", ("999999999999", "us-east-1"), end, now);
    let planted = write(&world, &forged(planted));
    let mut misnamed = forged(receipt("digest-validator", CHAINS[0], end, now));
    let key = misnamed["object"]["key"].as_str().expect("a key");
    misnamed["object"]["key"] = key.replace(".json.gz", "_copy.json.gz").into();
    let misnamed = write(&world, &misnamed);
    assert!(misnamed.contains("/misnamed/"), "{misnamed}");
    for _ in 0..8 {
        hour(&world).await;
    }
    let found = report(&world, hours(2, 10)).await;
    assert_eq!(found.chains.len(), CHAINS.len());
    assert_eq!(seconds(&found, HourState::Verified), 3 * 8 * HOUR);
    assert_eq!(found.verdict(), Verdict::Finding);
    let receipts: Vec<&str> = found
        .other_findings
        .iter()
        .map(|it| it.receipt.as_str())
        .collect();
    assert!(receipts.contains(&planted.as_str()) && receipts.contains(&misnamed.as_str()));
    assert_eq!(receipts.len(), 2);
}
