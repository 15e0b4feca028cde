//! Whole trails that record calls on themselves.

use crate::case::at;
use trailseal::check::kms_events::KmsChecker;
use trailseal::finding::{FindingKind, Report};
use trailseal::kms::expected::Expected;
use trailseal_tests::memory::{Memory, places};
use trailseal_tests::trail::{Deed, DeedKind, Trail, TrailSpec};

/// Returns a trail that records each kind of call, in another hour each.
fn trail() -> Trail {
    let deeds = DeedKind::ALL.into_iter().zip(1..);
    TrailSpec {
        hours: 11,
        deeds: deeds.map(|(kind, hour)| Deed { hour, kind }).collect(),
        accounts: vec!["111122223333".to_owned(), "444455556666".to_owned()],
        organization_id: Some("o-exampleorgid".to_owned()),
        ..TrailSpec::default()
    }
    .build()
}

/// Returns the report on every log file of the trail.
async fn check(trail: &Trail, adjust: impl FnOnce(&mut Expected)) -> Report {
    let memory = Memory::of(trail);
    let mut expected = Expected {
        places: places(trail),
        ..Expected::default()
    };
    adjust(&mut expected);
    let checker = KmsChecker::new(&memory, &memory, expected);
    let mut report = Report::new();
    for log in &trail.log_files {
        report.absorb(checker.check(&at(&log.object)).await.report);
    }
    report
}

/// Neither the configured nor the discovered trail makes a difference.
#[tokio::test]
async fn each_weakening_call_of_a_trail_is_reported_and_no_other() {
    let trail = trail();
    let weakening = DeedKind::ALL.into_iter().filter(|kind| kind.weakens());
    let expected: Vec<&str> = weakening.map(DeedKind::event_name).collect();
    for is_configured in [true, false] {
        let report = check(&trail, |expected| {
            if !is_configured {
                expected.places.trails.clear();
            }
        })
        .await;
        assert!(report.obstacles.is_empty(), "{:#?}", report.obstacles);
        let found = report.findings.iter().map(|finding| {
            assert_eq!(finding.kind, FindingKind::LoggingWeakened, "{finding:#?}");
            let (_, call) = finding.message.split_once(" called ").unwrap();
            call.split_once(' ').unwrap().0
        });
        let found: Vec<&str> = found.collect();
        assert_eq!(found, expected);
        assert_eq!(report.rules["logging"].cannot_tell, 0);
    }
}

/// Another trail delivers to the same bucket, and its trails' calls are not ours.
#[tokio::test]
async fn calls_on_another_trail_are_not_reported() {
    let trail = trail();
    let report = check(&trail, |expected| {
        let other = "arn:aws:cloudtrail:us-east-1:444455556666:trail/management-events";
        expected.places.trails = vec![trailseal::names::ids::TrailArn::parse(other).unwrap()];
        expected.places.log_buckets = vec!["amzn-s3-demo-bucket9".to_owned()];
    })
    .await;
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
}
