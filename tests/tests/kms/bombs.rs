//! Log files that are made to exhaust their reader.

use crate::case::{BUCKET, Case, Record, at, kinds, log_file, log_key, only, user};
use std::time::{Duration, Instant};
use tokio::time::timeout;
use trailseal::check::kms_events::KmsChecker;
use trailseal::finding::FindingKind::LogFileMalformed;
use trailseal::names::location::ObjectLocation;
use trailseal_tests::trail::hostile;

/// Returns an object that no processor reads within the time of these tests.
fn bomb() -> bytes::Bytes {
    let record = Record::delivery().by(user("mallory")).0.to_string();
    hostile::records_gzip(&record, 250 << 20)
}

/// The timer fires while a bomb is read, and other readers continue, even on one thread.
#[tokio::test]
async fn a_bomb_lets_the_timer_and_other_readers_run() {
    let mut case = Case::new();
    let valid = log_file(&log_key(0), &[Record::delivery().0]);
    case.memory.put(valid.clone());
    let body = bomb();
    let bombs: Vec<ObjectLocation> = (1..10)
        .map(|number| {
            let object = log_file(&log_key(number), &[]).with_body(body.clone());
            case.memory.put(object.clone());
            at(&object)
        })
        .collect();
    let checker = KmsChecker::new(&case.memory, &case.memory, case.expected.clone());
    let start = Instant::now();
    let bombs = bombs.iter().map(|bomb| async {
        let ended = timeout(Duration::from_secs(1), checker.check(bomb)).await;
        assert!(ended.is_err(), "it was read within a second");
    });
    let place = at(&valid);
    let (report, _) = futures::join!(
        async {
            let report = checker.check(&place).await;
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "{:?}",
                start.elapsed()
            );
            report
        },
        futures::future::join_all(bombs)
    );
    assert_eq!(kinds(&report), []);
    assert_eq!(report.report.counts.kms_events, Some(1));
    assert!(
        start.elapsed() < Duration::from_secs(30),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_log_file_of_more_than_256_mebibytes_is_malformed() {
    let mut case = Case::new();
    let record = format!(r#"{{"a":"{}"}}"#, "a".repeat(1 << 20));
    for (length, fits) in [(250 << 20, true), (258 << 20, false)] {
        let object = log_file(&log_key(1), &[]);
        case.memory
            .put(object.with_body(hostile::records_gzip(&record, length)));
        let checker = KmsChecker::new(&case.memory, &case.memory, case.expected.clone());
        let report = checker
            .check(&ObjectLocation::new(BUCKET, &object.key))
            .await;
        if fits {
            assert_eq!(kinds(&report), []);
        } else {
            assert_eq!(only(&report).kind, LogFileMalformed);
            let actual = only(&report).actual.as_ref().unwrap();
            assert!(actual.contains("268435456 bytes"), "{actual}");
        }
    }
}
