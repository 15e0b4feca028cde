//! Folders and documents that cannot be read: neither valid nor overdue.

use crate::stage::{EVIDENCE, Found, Stage, after, small};
use jiff::Timestamp;
use trailseal::world::{Cause, KeepEvidence as _};
use trailseal_tests::trail::TrailSpec;

async fn started() -> (Stage, Timestamp) {
    let mut stage = Stage::of(TrailSpec {
        hours: 20,
        ..small()
    });
    let now = after(stage.end(5), 35);
    stage.pass(now).await;
    stage.round(now).await.assert_quiet("before");
    (stage, now)
}

#[track_caller]
fn assert_impaired(found: &Found, bucket: &str, key: &str, why: &str) {
    let expected = [("monitoring-impaired", key.to_owned())];
    assert_eq!(found.found(), expected, "{found:#?}");
    assert_eq!(found.findings[0].object.bucket, bucket);
    assert!(found.findings[0].message.contains(why), "{found:#?}");
    assert!(found.totals.unread > 0);
}

#[tokio::test]
async fn a_damaged_chain_head_is_reported_until_it_can_be_read() {
    let (mut stage, now) = started().await;
    let (key, head) = stage.head();
    for damaged in ["{", "{}", &head.replace("us-east-1", "us-east-2")] {
        (&stage.memory)
            .keep(&key, damaged.to_owned())
            .await
            .unwrap();
        let found = stage.round(now).await;
        assert_impaired(
            &found,
            EVIDENCE,
            &key,
            "Trailseal has not been able to read this object or folder since",
        );
        let id = found.findings[0].id();
        // Nobody knows whether the chain is overdue.
        let found = stage.round(after(now, 20 * 60)).await;
        assert_impaired(
            &found,
            EVIDENCE,
            &key,
            "Trailseal has not been able to read this object or folder since",
        );
        assert_eq!(found.findings[0].id(), id);
        (&stage.memory).keep(&key, head.clone()).await.unwrap();
        let found = stage.round(now).await;
        assert_eq!(found.found(), []);
        assert_eq!(found.cleared(), [("monitoring-impaired", key.clone())]);
        assert_eq!(found.all_clears[0].id(), id);
    }
}

#[tokio::test]
async fn a_folder_that_is_denied_is_reported_at_once_and_a_slow_one_later() {
    let (mut stage, now) = started().await;
    let folder = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/";
    stage
        .memory
        .fail_listings(Some(Cause::Denied("no".to_owned())));
    let found = stage.round(now).await;
    assert_impaired(&found, "amzn-s3-demo-bucket", folder, "access is denied");
    stage.memory.fail_listings(None);
    let found = stage.round(now).await;
    assert_eq!(
        found.cleared(),
        [("monitoring-impaired", folder.to_owned())]
    );
    let slow = Cause::Unavailable("SlowDown".to_owned());
    stage.memory.fail_listings(Some(slow));
    for minutes in [0, 60, 90] {
        let found = stage.round(after(now, minutes)).await;
        assert_eq!(found.found(), [], "{minutes}");
        assert_eq!(found.totals.unread, 1);
    }
    let found = stage.round(after(now, 120)).await;
    assert_impaired(&found, "amzn-s3-demo-bucket", folder, "SlowDown");
    stage.memory.fail_listings(None);
    let found = stage.round(after(now, 180)).await;
    assert_eq!(found.cleared().len(), 1);
}

/// What passes before it is reported needs no all-clear.
#[tokio::test]
async fn a_short_failure_leaves_nothing() {
    let (mut stage, now) = started().await;
    let slow = Cause::Unavailable("SlowDown".to_owned());
    stage.memory.fail_evidence("receipts/", Some(slow));
    let found = stage.round(now).await;
    assert_eq!((found.found(), found.sent()), (vec![], vec![]));
    stage.memory.fail_evidence("receipts/", None);
    stage.round(after(now, 60)).await.assert_quiet("again");
    assert!(stage.remembered["111122223333"].conditions.is_empty());
}

/// An open incident stays open while nobody knows.
#[tokio::test]
async fn an_overdue_chain_is_not_cleared_by_a_failure() {
    let (mut stage, now) = started().await;
    let late = after(now, 10 * 60);
    assert_eq!(stage.round(late).await.found()[0].0, "digest-overdue");
    let slow = Cause::Unavailable("SlowDown".to_owned());
    stage.memory.fail_listings(Some(slow));
    let found = stage.round(after(late, 60)).await;
    assert_eq!((found.found(), found.cleared()), (vec![], vec![]));
    stage.memory.fail_listings(None);
    let found = stage.round(after(late, 120)).await;
    assert_eq!(found.found()[0].0, "digest-overdue");
    stage.pass(after(late, 180)).await;
    let found = stage.round(after(late, 180)).await;
    assert_eq!(found.cleared()[0].0, "digest-overdue");
}
