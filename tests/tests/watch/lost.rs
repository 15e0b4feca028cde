//! Digests whose events did not arrive.

use crate::stage::{Stage, after, small};
use trailseal::watch::MAX_SENDINGS;
use trailseal_tests::trail::TrailSpec;

const BOTH: [&str; 2] = ["digest-validator", "log-verifier"];

fn half_a_day() -> TrailSpec {
    TrailSpec {
        hours: 60,
        ..small()
    }
}

#[tokio::test]
async fn a_digest_without_receipts_is_sent_to_the_functions() {
    let mut stage = Stage::of(half_a_day());
    stage.pass(after(stage.end(3), 35)).await;
    // The events of the fourth hour do not arrive. It is written 30 minutes after its end.
    let now = after(stage.end(4), 35);
    let lost = stage.deliver(now).remove(0);
    stage.pass(after(stage.end(5), 31)).await;
    for minutes in [35, 60, 120] {
        let found = stage.round(after(stage.end(4), minutes)).await;
        found.assert_quiet(&format!("{minutes} minutes"));
    }
    let late = after(stage.end(4), 121);
    let found = stage.round(late).await;
    assert_eq!(found.found(), []);
    assert_eq!(found.sent(), [(lost.key.clone(), BOTH.to_vec())]);
    assert_eq!((found.totals.lost, found.totals.unverified), (1, 1));
    assert_eq!(found.totals.example.unwrap().key, lost.key);
    // The round is repeated: it sends the digest once, and counts it again.
    let found = stage.round(after(late, 10)).await;
    assert_eq!(found.sent(), []);
    assert_eq!((found.totals.lost, found.totals.unverified), (1, 1));
    // The functions have time to work on it.
    let found = stage.round(after(late, 60)).await;
    assert_eq!(found.sent(), []);
    assert_eq!((found.totals.lost, found.totals.unverified), (0, 1));
    stage.validate(&lost, late).await;
    let now = after(late, 70);
    stage.pass(now).await;
    let found = stage.round(now).await;
    assert_eq!(found.sent(), []);
    stage.verify(&lost, late).await;
    let found = stage.round(after(now, 5)).await;
    found.assert_quiet("verified");
    assert_eq!(found.totals.unverified, 0);
    assert!(stage.remembered["111122223333"].sent.is_empty());
}

#[tokio::test]
async fn only_the_function_without_a_receipt_gets_the_digest() {
    let mut stage = Stage::of(half_a_day());
    stage.pass(after(stage.end(3), 35)).await;
    let now = after(stage.end(4), 35);
    for digest in stage.deliver(now) {
        stage.validate(&digest, now).await;
    }
    let found = stage.round(after(now, 120)).await;
    assert_eq!(found.sent(), [(stage.key(4), vec!["log-verifier"])]);
}

/// A digest that is older than the first one that was verified is history.
#[tokio::test]
async fn digests_before_the_chain_was_watched_are_not_sent() {
    let mut stage = Stage::of(half_a_day());
    stage.deliver(after(stage.end(9), 35));
    let now = after(stage.end(10), 35);
    stage.pass(now).await;
    stage.round(after(now, 60)).await.assert_quiet("history");
}

/// The first digest of another trail, in a folder that is watched.
#[tokio::test]
async fn the_first_digest_of_a_chain_is_sent_too() {
    let mut stage = Stage::of(half_a_day());
    stage.pass(after(stage.end(3), 35)).await;
    let other = TrailSpec {
        trail_name: "data-events".to_owned(),
        hours: 4,
        ..half_a_day()
    }
    .build();
    stage.memory.publish_keys(&other);
    let digest = other.digest("111122223333", "us-east-1", 4).object.clone();
    stage.memory.put(digest.clone());
    let end = stage.end(4);
    stage.pass(after(end, 35)).await;
    let found = stage.round(after(end, 121)).await;
    assert_eq!(found.sent(), [(digest.key, BOTH.to_vec())]);
}

#[tokio::test]
async fn a_digest_that_stays_unverified_is_reported_until_it_is_verified() {
    let mut stage = Stage::of(half_a_day());
    stage.pass(after(stage.end(3), 35)).await;
    let lost = stage.deliver(after(stage.end(4), 35)).remove(0);
    let end = stage.end(4);
    let mut sent = 0;
    let mut reported = Vec::new();
    for hour in 2..=17 {
        let now = after(end, hour * 60 + 40);
        stage.pass(now).await;
        let found = stage.round(now).await;
        sent += found.sent().len();
        reported.extend(found.findings);
    }
    assert_eq!(sent, usize::try_from(MAX_SENDINGS).unwrap());
    let finding = &reported[0];
    assert!(reported.iter().all(|other| other.id() == finding.id()));
    assert_eq!(finding.kind.as_str(), "monitoring-impaired");
    assert_eq!(finding.object.key, lost.key);
    assert_eq!(
        finding.message,
        "Trailseal could not verify this digest: digest-validator and log-verifier received it 3 times, and left no receipt. The log files that the digest lists may be unverified."
    );
    let now = after(end, 18 * 60 + 40);
    stage.validate(&lost, now).await;
    stage.verify(&lost, now).await;
    stage.pass(now).await;
    let found = stage.round(now).await;
    assert_eq!(found.found(), []);
    assert_eq!(found.cleared(), [("monitoring-impaired", lost.key.clone())]);
    assert_eq!(found.all_clears[0].id(), finding.id());
    stage.round(after(now, 60)).await.assert_quiet("verified");
}

/// The chain's newest digests are in the bucket, and their events did not arrive: the chain is not
/// overdue, its events are lost.
#[tokio::test]
async fn a_chain_whose_events_are_lost_is_not_overdue() {
    let mut stage = Stage::of(half_a_day());
    stage.pass(after(stage.end(3), 35)).await;
    let mut lost = Vec::new();
    for hour in 4..=12 {
        let now = after(stage.end(hour), 35);
        lost.extend(stage.deliver(now));
        let found = stage.round(now).await;
        assert_eq!(found.found(), [], "hour {hour}");
        // They are verified within the hour, from the second on.
        for digest in found.lost {
            let object = lost.iter().find(|object| object.key == digest.at.key);
            stage.validate(object.unwrap(), now).await;
            stage.verify(object.unwrap(), now).await;
        }
    }
}
