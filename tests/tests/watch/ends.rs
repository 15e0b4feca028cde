//! Chains that end and continue elsewhere, or that end on purpose.

use crate::stage::{Stage, after, small};
use jiff::Timestamp;
use trailseal::check::chain_end::Ended;
use trailseal_tests::trail::{BucketChange, OrganizationChange, Stop, TrailSpec};

const ORGANIZATION: &str = "o-exampleorgid";

/// Returns a trail that becomes an organization's before its twelfth hour, with a link, or with a
/// starting digest at the same second.
fn converted(is_linked: bool) -> TrailSpec {
    let stop = Stop {
        last_hour: 11,
        restart_hour: Some(12),
    };
    TrailSpec {
        hours: 40,
        organization_change: Some(OrganizationChange {
            hour: 12,
            organization_id: ORGANIZATION.to_owned(),
        }),
        stops: if is_linked { Vec::new() } else { vec![stop] },
        ..small()
    }
}

#[tokio::test]
async fn a_trail_that_continues_in_another_folder_is_not_overdue() {
    for is_linked in [true, false] {
        let mut stage = Stage::of(converted(is_linked));
        for hour in 1..=40 {
            let now = after(stage.end(hour), 35);
            stage.pass(now).await;
            let found = stage.round(now).await;
            found.assert_quiet(&format!("linked {is_linked}, hour {hour}"));
        }
        // The new chain is watched like any other.
        let late = after(stage.end(40), 7 * 60);
        let found = stage.round(late).await;
        assert_eq!(found.found(), [("digest-overdue", stage.key(40))]);
        assert_eq!(found.totals.chains, 1);
    }
}

#[tokio::test]
async fn a_trail_that_moves_to_another_bucket_is_not_overdue() {
    let mut stage = Stage::of(TrailSpec {
        hours: 30,
        bucket_change: Some(BucketChange {
            hour: 12,
            bucket: "amzn-s3-demo-bucket2".to_owned(),
        }),
        ..small()
    });
    for hour in 1..=30 {
        let now = after(stage.end(hour), 35);
        stage.pass(now).await;
        stage.round(now).await.assert_quiet(&now.to_string());
    }
    assert_eq!(stage.memory.evidence("chains/").len(), 2);
}

/// The gap at the seam is reported once, and not for ever.
#[tokio::test]
async fn an_hour_without_a_digest_before_the_continuation_is_reported_once() {
    let mut stage = Stage::of(converted(false));
    stage.pass(after(stage.end(10), 35)).await;
    let missing = stage.digest(11).object.clone();
    stage.deliver(after(stage.end(11), 35));
    stage.memory.delete(&missing);
    let mut reported = Vec::new();
    for hour in 12..=40 {
        let now = after(stage.end(hour), 35);
        stage.pass(now).await;
        let found = stage.round(now).await;
        assert_eq!(found.cleared(), []);
        reported.extend(found.findings.into_iter().map(|finding| (hour, finding)));
    }
    let [(hour, finding)] = reported.as_slice() else {
        panic!("{reported:#?}");
    };
    assert_eq!(*hour, 16);
    assert_eq!(finding.kind.as_str(), "digest-overdue");
    assert_eq!(finding.object.key, stage.key(10));
    let window = finding.window.unwrap();
    assert_eq!(window.from, Some(stage.end(10)));
    assert_eq!(window.to, stage.end(11));
    assert!(
        finding
            .message
            .starts_with("The trail continues at another place")
    );
}

fn stopped() -> TrailSpec {
    TrailSpec {
        hours: 40,
        regions: vec!["us-east-1".to_owned(), "eu-west-1".to_owned()],
        stops: vec![Stop {
            last_hour: 5,
            restart_hour: None,
        }],
        ..small()
    }
}

fn ended(text: &str) -> Ended {
    Ended::parse(text, str::parse::<Timestamp>).unwrap()
}

#[tokio::test]
async fn a_trail_that_was_ended_on_purpose_is_not_overdue() {
    let mut stage = Stage::of(stopped());
    stage.pass(after(stage.end(5), 90)).await;
    let late = after(stage.end(5), 10 * 60);
    let found = stage.round(late).await;
    let kinds: Vec<_> = found.found().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["digest-overdue", "digest-overdue"]);
    // One Region is named with its time, and the other one is not.
    let end = stage.end(5);
    stage.settings.ended = vec![ended(&format!("eu-west-1/management-events@{end}"))];
    let found = stage.round(after(late, 60)).await;
    assert_eq!(found.found().len(), 1);
    assert!(found.found()[0].1.contains("/us-east-1/"));
    assert_eq!(found.cleared().len(), 1);
    assert!(found.cleared()[0].1.contains("/eu-west-1/"));
    assert!(found.all_clears[0].message.contains("EndedTrails"));
    // The whole trail, by its ARN: nothing of it continues.
    stage.settings.ended = vec![ended(&stage.trail.spec.trail_arn())];
    let found = stage.round(after(late, 120)).await;
    assert_eq!(found.found(), []);
    assert_eq!(found.cleared().len(), 1);
    assert_eq!(found.totals.chains, 0);
    stage.round(after(late, 180)).await.assert_quiet("ended");
}

/// A name alone does not explain the end of one Region while another continues.
#[tokio::test]
async fn an_explanation_that_does_not_apply_is_in_the_finding() {
    let mut stage = Stage::of(TrailSpec {
        hours: 40,
        regions: vec!["us-east-1".to_owned(), "eu-west-1".to_owned()],
        ..small()
    });
    stage.pass(after(stage.end(5), 35)).await;
    let late = after(stage.end(20), 35);
    for digest in stage.deliver(late) {
        if digest.key.contains("/eu-west-1/") {
            stage.validate(&digest, late).await;
            stage.verify(&digest, late).await;
        } else {
            stage.memory.delete(&digest);
        }
    }
    stage.settings.ended = vec![ended("management-events")];
    let found = stage.round(late).await;
    assert_eq!(found.found(), [("digest-overdue", stage.key(5))]);
    let actual = found.findings[0].actual.clone().unwrap();
    assert!(
        actual.contains("the parameter EndedTrails: management-events does not explain it: the trail continues in account 111122223333, eu-west-1"),
        "{actual}"
    );
}
