//! What an append adds, and what survives if it ends early.

use crate::world::World;
use jiff::SignedDuration;
use trailseal::evidence_log::{AppendError, places};
use trailseal_tests::evidence::{Crash, LocalSigner, receipt, receipt_key};

#[tokio::test]
async fn every_receipt_is_added_once() {
    let world = World::new();
    let mut expected = 0;
    for hour in 0..30 {
        let chains = hour * 7 % 40;
        let appended = world.hour(chains).await;
        assert_eq!(appended.documents, chains * 2, "hour {hour}");
        expected += chains * 2;
    }
    let report = world.assert_valid().await;
    assert_eq!(usize::try_from(report.documents), Ok(expected));
    // Each round is an entry, too.
    assert_eq!(usize::try_from(report.entries), Ok(expected + 30));
    assert_eq!(report.rounds, 30);
}

#[tokio::test]
async fn documents_of_the_last_minutes_wait_for_the_next_round() {
    let world = World::new();
    world.write_receipts(3);
    world.store.wait(SignedDuration::from_mins(9));
    assert_eq!(world.append_all().await.documents, 0);
    assert_eq!(world.assert_valid().await.not_logged_yet, 6);
    world.store.wait(SignedDuration::from_mins(2));
    assert_eq!(world.append_all().await.documents, 6);
}

/// The verification of the past writes receipts into the folders of days that are long over.
#[tokio::test]
async fn receipts_of_earlier_days_are_found_in_turn() {
    let world = World::new();
    let now = world.store.now();
    let mut written = 0;
    for day in 3..40 {
        let at = now - SignedDuration::from_hours(24 * day);
        let key = receipt_key(at, 0, "digest-validator");
        world
            .store
            .put(&key, receipt(now, 0, "digest-validator").to_string());
        written += 1;
    }
    world.store.wait(SignedDuration::from_mins(30));
    world.append_all().await;
    let report = world.assert_valid().await;
    assert_eq!(report.documents, written);
    // A later one, in a folder that was looked at.
    let late = now - SignedDuration::from_hours(24 * 20);
    let key = receipt_key(late, 5, "log-verifier");
    let at = world.store.now();
    world
        .store
        .put(&key, receipt(at, 5, "log-verifier").to_string());
    for _ in 0..24 {
        world.store.wait(SignedDuration::from_hours(1));
        world.append_all().await;
    }
    assert_eq!(world.assert_valid().await.documents, written + 1);
}

#[tokio::test]
async fn more_documents_than_a_batch_has_room_for_follow_in_the_next() {
    let world = World::new();
    for _ in 0..5 {
        world.write_receipts(2_600);
        world.store.wait(SignedDuration::from_secs(1));
    }
    world.store.wait(SignedDuration::from_mins(30));
    let first = world.append().await.expect("an append");
    assert!(first.more);
    assert_eq!(first.documents, 15_600);
    let second = world.append_all().await;
    assert_eq!(second.documents, 10_400);
    assert_eq!(world.assert_valid().await.documents, 26_000);
}

/// Whoever can write to a log bucket chooses the days of the receipts of these objects. They keep
/// nothing else out of the log.
#[tokio::test]
async fn receipts_of_thousands_of_days_keep_no_other_out() {
    let world = World::new();
    let now = world.store.now();
    let planted = receipt(now, 0, "digest-validator").to_string();
    let key = receipt_key(now, 0, "digest-validator");
    for number in 0..12_000_i64 {
        // Every third day of the years 1 to 99, and of those after 2026.
        let year = if number % 2 == 0 { 1 } else { 2027 };
        let day = jiff::civil::date(year, 1, 1) + jiff::Span::new().days(number * 3);
        let key = key.replacen("2026/01/15", &day.strftime("%Y/%m/%d").to_string(), 1);
        world.store.put(&key, planted.as_str());
    }
    let expected = world.write_receipts(5).len();
    world.store.wait(SignedDuration::from_mins(30));
    let appended = world.append_all().await;
    assert_eq!(appended.documents, expected);
    assert_eq!(appended.not_listed.len(), 1, "{:?}", appended.not_listed);
    assert!(
        appended.not_listed[0].contains("198 years"),
        "{:?}",
        appended.not_listed
    );
    world.assert_valid().await;
}

/// A document that cannot be read is not left out: the log says so.
#[tokio::test]
async fn what_cannot_be_read_is_in_the_log() {
    let world = World::new();
    let keys = world.write_receipts(2);
    world.store.put(&keys[1], vec![b' '; 17 * 1024 * 1024]);
    world.store.wait(SignedDuration::from_mins(30));
    let appended = world.append_all().await;
    assert_eq!((appended.documents, appended.unread), (3, 1));
    let report = world.audit(&[]).await;
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert_eq!(report.cannot_tell.len(), 1, "{:#?}", report.cannot_tell);
    assert!(report.cannot_tell[0].contains(&keys[1]));
}

/// Every write may be the last one, before or after it takes effect. The log verifies then, and
/// after the next append nothing is missing.
#[tokio::test]
async fn a_crash_at_any_step_leaves_a_log_that_verifies() {
    // Sizes before and after at which bundles and tiles end within the append, and at which none do.
    for (before, added) in [(0, 3), (100, 40), (126, 3), (127, 200), (300, 1)] {
        let world = World::new();
        if before > 0 {
            world.hour(before).await;
        }
        world.write_receipts(added);
        world.store.wait(SignedDuration::from_mins(30));
        let mut steps = 0;
        for write in 0.. {
            let mut crashed = false;
            for crash in [Crash::Before(write), Crash::After(write)] {
                let world = world.copy();
                world.store.crash(Some(crash));
                crashed = world.append().await.is_err();
                world.store.crash(None);
                if !crashed {
                    continue;
                }
                if before > 0 || world.store.get(places::CHECKPOINT).is_some() {
                    world.assert_valid().await;
                }
                world.store.wait(SignedDuration::from_mins(1));
                world.append_all().await;
                let report = world.assert_valid().await;
                let documents = u64::try_from(2 * (before + added)).expect("a number");
                assert_eq!(report.documents, documents, "{crash:?}");
            }
            steps = write;
            if !crashed {
                break;
            }
        }
        assert!(steps >= 6, "{steps} steps");
    }
}

/// Two appends at the same time: one of them wins, and both publish the same log.
#[tokio::test]
async fn two_appends_at_the_same_time_are_one_log() {
    let world = World::new();
    world.hour(50).await;
    world.write_receipts(90);
    world.store.wait(SignedDuration::from_mins(30));
    let other = async {
        tokio::task::yield_now().await;
        world.append().await
    };
    let (one, other) = tokio::join!(world.append(), other);
    one.expect("an append");
    other.expect("an append");
    world.store.wait(SignedDuration::from_mins(1));
    world.append_all().await;
    assert_eq!(world.assert_valid().await.documents, 280);
}

/// Whoever removes the newest batches and rolls the log back does not make it forget: the
/// checkpoint contradicts it.
#[tokio::test]
async fn a_log_whose_batches_were_removed_is_not_continued() {
    let world = World::new();
    world.hour(5).await;
    let head = world.store.get(places::HEAD).expect("a head");
    world.hour(5).await;
    let newest = world.store.objects();
    let newest = newest.keys().rfind(|key| key.starts_with(places::BATCHES));
    world.store.remove(newest.expect("a batch"));
    world.store.put(places::HEAD, head.content);
    world.write_receipts(1);
    world.store.wait(SignedDuration::from_mins(30));
    let error = world.append().await.expect_err("it is refused");
    assert!(
        matches!(
            error,
            AppendError::Contradiction {
                published: 22,
                known: 11
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn another_key_does_not_continue_the_log() {
    let world = World::new();
    world.hour(5).await;
    let other = World {
        store: world.store.copy(),
        signer: LocalSigner::new(8),
    };
    let error = other.append().await.expect_err("it is refused");
    assert!(matches!(error, AppendError::Batch { .. }), "{error}");
    other.store.remove(places::HEAD);
    let error = other.append().await.expect_err("it is refused");
    assert!(matches!(error, AppendError::OtherKey { .. }), "{error}");
}

/// An object at the place of one of the log is never overwritten.
#[tokio::test]
async fn an_object_in_the_way_is_an_error() {
    let world = World::new();
    world.hour(5).await;
    world.write_receipts(3);
    world.store.wait(SignedDuration::from_mins(30));
    world.store.put("log/tile/0/000.p/18", "planted");
    let error = world.append().await.expect_err("it is refused");
    assert!(
        matches!(&error, AppendError::Occupied(key) if key == "log/tile/0/000.p/18"),
        "{error}"
    );
    world.store.remove("log/tile/0/000.p/18");
    world.append_all().await;
    world.assert_valid().await;
}
