//! Chains that are silent.

use crate::stage::{EVIDENCE, Stage, after, small};
use trailseal::finding::FindingKind;
use trailseal::names::ids::TrailArn;
use trailseal::watch::OverdueHours;
use trailseal_tests::trail::{Object, Stop, TrailSpec};

/// Returns a trail that is silent after its fifth hour.
fn silenced() -> TrailSpec {
    TrailSpec {
        hours: 40,
        stops: vec![Stop {
            last_hour: 5,
            restart_hour: None,
        }],
        ..small()
    }
}

#[tokio::test]
async fn a_trail_that_continues_is_quiet_at_every_hour() {
    let mut stage = Stage::of(TrailSpec {
        hours: 60,
        regions: vec!["us-east-1".to_owned(), "eu-west-1".to_owned()],
        ..small()
    });
    for hour in 1..=60 {
        let now = after(stage.end(hour), 35);
        stage.pass(now).await;
        let found = stage.round(now).await;
        found.assert_quiet(&now.to_string());
        assert_eq!((found.totals.chains, found.totals.overdue), (2, 0));
        assert_eq!(found.totals.oldest, Some(stage.end(hour)));
        assert_eq!(found.totals.unverified, 0);
    }
}

#[tokio::test]
async fn a_silent_chain_is_one_incident_until_its_digests_arrive_again() {
    let mut stage = Stage::of(TrailSpec {
        hours: 60,
        ..small()
    });
    stage.pass(after(stage.end(5), 35)).await;
    let since = stage.end(5);
    // Nothing is delivered for two days.
    let mut ids = Vec::new();
    let mut occurrences = Vec::new();
    for hour in 1..=50 {
        let now = after(since, hour * 60);
        let found = stage.round(now).await;
        if hour <= 6 {
            found.assert_quiet(&now.to_string());
            continue;
        }
        assert_eq!(found.found(), [("digest-overdue", stage.key(5))], "{now}");
        assert_eq!((found.totals.chains, found.totals.overdue), (1, 1));
        let finding = &found.findings[0];
        let window = finding.window.unwrap();
        assert_eq!((window.from, window.to), (Some(since), now));
        let hours = format!("none after this one that CloudTrail signed, for {hour} hours");
        assert_eq!(finding.actual.as_deref(), Some(hours.as_str()));
        assert_eq!(finding.scope.region.as_deref(), Some("us-east-1"));
        let arn = stage.trail.spec.trail_arn();
        assert_eq!(finding.scope.trail.as_deref(), Some(arn.as_str()));
        ids.push(finding.id());
        occurrences.push(finding.occurrence());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "one incident");
    occurrences.dedup();
    assert_eq!(occurrences.len(), 3, "one occurrence a day");
    // CloudTrail catches up.
    let now = after(since, 51 * 60 + 40);
    stage.pass(now).await;
    let found = stage.round(now).await;
    assert_eq!(found.cleared(), [("digest-overdue", stage.key(5))]);
    assert_eq!(found.found(), []);
    let all_clear = &found.all_clears[0];
    assert!(all_clear.all_clear);
    assert_eq!(all_clear.id(), ids[0]);
    assert!(all_clear.message.starts_with("Digests arrive again"));
    stage.round(after(now, 60)).await.assert_quiet("afterwards");
    // The same chain, silent again, is the same incident.
    let found = stage.round(after(now, 10 * 60)).await;
    assert_eq!(found.findings[0].id(), ids[0]);
    assert_eq!(found.findings[0].kind, FindingKind::DigestOverdue);
}

#[tokio::test]
async fn the_parameter_says_when_a_chain_is_overdue() {
    let mut stage = Stage::of(silenced());
    stage.settings.overdue = OverdueHours::new(3).unwrap();
    let end = stage.end(5);
    stage.pass(after(end, 90)).await;
    // The stop itself is a further digest, an hour later.
    let last = stage.round(after(end, 91)).await.totals.oldest.unwrap();
    stage.round(after(last, 180)).await.assert_quiet("3 hours");
    let found = stage.round(after(last, 181)).await;
    assert_eq!(found.found()[0].0, "digest-overdue");
    assert_eq!(OverdueHours::new(1), None);
    assert_eq!(OverdueHours::new(745), None);
}

/// A newer digest that no function has verified excuses a chain for some hours, and no longer:
/// anybody may put new objects there.
#[tokio::test]
async fn a_planted_digest_does_not_hide_the_silence() {
    let mut stage = Stage::of(TrailSpec {
        hours: 60,
        ..small()
    });
    let since = stage.end(5);
    stage.pass(after(since, 35)).await;
    for hour in 1..=20_u32 {
        let now = after(since, i64::from(hour) * 60 + 20);
        // Each hour, somebody plants an object with the name of the hour's digest.
        let planted = Object {
            body: b"planted".as_slice().into(),
            ..stage.digest(5 + hour).object.clone()
        };
        stage.memory.put(planted);
        let found = stage.round(now).await;
        for digest in &found.lost {
            let key = &digest.at.key;
            let planted = Object {
                key: key.clone(),
                body: b"planted".as_slice().into(),
                ..stage.digest(5).object.clone()
            };
            stage.validate(&planted, now).await;
            stage.verify(&planted, now).await;
        }
        let kinds: Vec<_> = found.found().into_iter().map(|(kind, _)| kind).collect();
        let expected: &[&str] = if hour < 12 { &[] } else { &["digest-overdue"] };
        assert_eq!(kinds, expected, "hour {hour}: {found:#?}");
    }
}

/// A planted object that was checked does not excuse the chain at all.
#[tokio::test]
async fn a_planted_digest_that_was_checked_is_not_a_digest() {
    let mut stage = Stage::of(TrailSpec {
        hours: 60,
        ..small()
    });
    let since = stage.end(5);
    stage.pass(after(since, 35)).await;
    let planted = Object {
        body: b"planted".as_slice().into(),
        ..stage.digest(9).object.clone()
    };
    stage.memory.put(planted.clone());
    let now = after(since, 7 * 60);
    stage.validate(&planted, now).await;
    stage.verify(&planted, now).await;
    let found = stage.round(now).await;
    assert_eq!(found.found(), [("digest-overdue", stage.key(5))]);
    // A signed one does, even if the chain's head could not be updated.
    let (key, head) = stage.head();
    let real = stage.digest(9).object.clone();
    stage.memory.put(real.clone());
    stage.validate(&real, after(now, 1)).await;
    trailseal::world::KeepEvidence::keep(&&stage.memory, &key, head)
        .await
        .unwrap();
    let found = stage.round(after(now, 2)).await;
    assert_eq!(found.found(), []);
    assert_eq!(found.cleared(), [("digest-overdue", stage.key(5))]);
}

#[tokio::test]
async fn a_trail_that_is_not_expected_does_not_have_to_continue() {
    let mut stage = Stage::of(silenced());
    let end = stage.end(5);
    stage.pass(after(end, 90)).await;
    let late = after(end, 9 * 60);
    assert_eq!(stage.round(late).await.found()[0].0, "digest-overdue");
    let other = "arn:aws:cloudtrail:us-east-1:111122223333:trail/other";
    stage.places.trails = vec![TrailArn::parse(other).unwrap()];
    let found = stage.round(after(late, 60)).await;
    assert_eq!(found.found(), []);
    assert_eq!(found.cleared()[0].0, "digest-overdue");
    assert!(found.all_clears[0].message.contains("TrailArns"));
    assert_eq!(found.totals.chains, 0);
    // A bucket that is no longer watched does not matter, either.
    stage.places = trailseal_tests::memory::places(&stage.trail);
    assert_eq!(stage.round(late).await.found()[0].0, "digest-overdue");
    stage.places.log_buckets = vec![EVIDENCE.to_owned() + "-other"];
    let found = stage.round(after(late, 60)).await;
    assert_eq!(found.found(), []);
    assert!(found.all_clears[0].message.contains("log buckets"));
}
