//! What an audit says about a log that nobody changed, and about one whose history was rewritten.

use crate::world::{NAME, World};
use jiff::{SignedDuration, Timestamp};
use trailseal::evidence_log::{LogAudit, LogCheckpoint, LogFault, LogKey, places};
use trailseal::finding::Verdict;
use trailseal_tests::evidence::LocalSigner;

#[tokio::test]
async fn earlier_checkpoints_agree_with_the_log() {
    let world = World::new();
    let mut earlier = Vec::new();
    for _ in 0..6 {
        earlier.push(world.hour(30).await.checkpoint);
    }
    let report = world.audit(&earlier).await;
    assert_eq!(report.verdict(), Verdict::Valid, "{:#?}", report.findings);
    assert_eq!(report.agreeing_checkpoints, 6);
}

/// Whoever has every right, even to sign, can write another history. It contradicts a checkpoint
/// that somebody else holds.
#[tokio::test]
async fn a_rewritten_history_contradicts_an_earlier_checkpoint() {
    let world = World::new();
    world.hour(30).await;
    let held = world.hour(30).await.checkpoint;
    let other = World::new();
    other.hour(30).await;
    other.hour(29).await;
    other.hour(40).await;
    other.assert_valid().await;
    let report = other.audit(std::slice::from_ref(&held)).await;
    let faults: Vec<LogFault> = report.findings.iter().map(|found| found.fault).collect();
    assert_eq!(faults, [LogFault::History]);
    // A log that is shorter than the checkpoint that somebody holds.
    let shorter = World::new();
    shorter.hour(3).await;
    let report = shorter.audit(&[held]).await;
    assert_eq!(report.findings[0].fault, LogFault::History);
}

/// An older checkpoint is signed as well. In its place, it would leave everything after it out.
#[tokio::test]
async fn an_older_checkpoint_in_place_of_the_newest_is_not_valid() {
    let world = World::new();
    world.hour(10).await;
    let older = world.hour(10).await.checkpoint;
    for _ in 0..30 {
        world.hour(10).await;
    }
    world.assert_valid().await;
    world.store.put(places::CHECKPOINT, older.as_bytes());
    // The batches after it are signed.
    let report = world.audit(&[]).await;
    assert_eq!(report.verdict(), Verdict::Finding);
    let found = report
        .findings
        .iter()
        .filter(|it| it.fault == LogFault::History);
    assert_eq!(found.count(), 29, "{:#?}", report.findings);
    // Without them, the log ends earlier than its documents.
    for key in world.store.objects().into_keys() {
        let start = key
            .strip_prefix(places::BATCHES)
            .map(|name| name.replace(".json", ""));
        if start.is_some_and(|start| start.parse::<u64>().expect("a number") >= older.size) {
            world.store.remove(&key);
        }
    }
    let report = world.audit(&[]).await;
    assert_eq!(
        report.verdict(),
        Verdict::CannotTell,
        "{:#?}",
        report.findings
    );
    assert_eq!(report.cannot_tell.len(), 1, "{:#?}", report.cannot_tell);
    assert!(report.cannot_tell[0].contains("removed the end of the log"));
    assert_eq!(report.not_logged_yet, 30 * 20);
}

#[tokio::test]
async fn without_a_log_nothing_is_known() {
    let world = World::new();
    world.write_receipts(3);
    assert_eq!(world.audit(&[]).await.verdict(), Verdict::CannotTell);
}

/// The key names the log: the checkpoint of another log is not accepted.
#[tokio::test]
async fn the_key_of_another_log_accepts_nothing() {
    let world = World::new();
    world.hour(3).await;
    for key in [
        LogKey::of_log(NAME, LocalSigner::new(8).public()).expect("a key"),
        LogKey::of_log("example.com/log", world.signer.public()).expect("a key"),
    ] {
        let audit = LogAudit {
            evidence: &world.store,
            key: &key,
            earlier: &[],
            cosigners: &[],
        };
        let report = audit.run(|_| ()).await.expect("an audit");
        assert_eq!(report.findings[0].fault, LogFault::Checkpoint);
        assert_eq!(report.checkpoint, None);
    }
}

/// A third party adds its signature to the checkpoint (<https://c2sp.org/tlog-cosignature>).
#[tokio::test]
async fn cosignatures_are_verified() {
    let world = World::new();
    let checkpoint = world.hour(3).await.checkpoint;
    let cosigner = LocalSigner::new(9);
    let key = LogKey::of_cosigner("witness.example.com/w1", cosigner.public()).expect("a key");
    assert_eq!(LogKey::read(&key.to_string()), Ok(key.clone()));
    let note = String::from_utf8(checkpoint.as_bytes().to_vec()).expect("text");
    let (text, _) = note.split_once("\n\n").expect("a note");
    let at: Timestamp = "2026-01-16T00:00:00Z".parse().expect("a time");
    let cosign = |seconds: i64| {
        let message = format!("cosignature/v1\ntime {seconds}\n{text}\n");
        let signature = cosigner.signature(message.as_bytes());
        let time = at.as_second().to_be_bytes();
        let line = [&key.id().to_be_bytes()[..], &time, &signature].concat();
        let line = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, line);
        format!("{note}— {} {line}\n", key.name())
    };
    let cosigners = std::slice::from_ref(&key);
    let signed = LogCheckpoint::read(cosign(at.as_second()).as_bytes(), &world.key());
    let found = signed.expect("a checkpoint").cosigners(cosigners);
    let found = found.expect("a cosignature");
    assert_eq!((found.len(), found[0].at), (1, Some(at)));
    assert_eq!(checkpoint.cosigners(cosigners), Ok(Vec::new()));
    let forged = LogCheckpoint::read(cosign(at.as_second() + 1).as_bytes(), &world.key());
    let forged = forged.expect("the log's own signature is right");
    assert!(forged.cosigners(cosigners).is_err());
    world
        .store
        .put(places::CHECKPOINT, cosign(at.as_second() + 1));
    let log_key = world.key();
    let audit = LogAudit {
        evidence: &world.store,
        key: &log_key,
        earlier: &[],
        cosigners,
    };
    let report = audit.run(|_| ()).await.expect("an audit");
    assert_eq!(report.verdict(), Verdict::Finding);
}

/// What is newer than the log is not wrong.
#[tokio::test]
async fn receipts_that_are_not_logged_yet_are_counted() {
    let world = World::new();
    world.hour(3).await;
    world.write_receipts(2);
    assert_eq!(world.assert_valid().await.not_logged_yet, 4);
}

/// Incidents are replaced again and again. The log has each state that a round saw.
#[tokio::test]
async fn incidents_may_change_and_receipts_may_not() {
    let world = World::new();
    for state in 0..4 {
        world
            .store
            .put("incidents/a.json", format!("{{\"occurrences\":{state}}}"));
        world.hour(1).await;
    }
    let report = world.assert_valid().await;
    assert_eq!(report.entries, 4 * 4);
    world.store.put("incidents/a.json", "{}");
    assert_eq!(world.assert_valid().await.not_logged_yet, 1);
    let stored = world.store.get("incidents/a.json").expect("an incident");
    let earlier = stored.at - SignedDuration::from_hours(2);
    world.store.put_at("incidents/a.json", "{}", earlier);
    let report = world.audit(&[]).await;
    let faults: Vec<LogFault> = report.findings.iter().map(|found| found.fault).collect();
    assert_eq!(faults, [LogFault::DocumentChanged]);
}
