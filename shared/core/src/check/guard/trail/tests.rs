use super::*;
use crate::world::Cause;

const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn healthy() -> TrailStatus {
    TrailStatus {
        is_logging: true,
        // An earlier stop that is over.
        stopped: Some(time("2025-12-01T08:00:00Z")),
        is_validated: true,
        bucket: Some("amzn-s3-demo-bucket".to_owned()),
        newest_digest: Some(time("2026-01-15T06:30:00Z")),
        ..TrailStatus::default()
    }
}

/// Returns what is wrong, in words.
fn wrong(status: Option<TrailStatus>) -> Option<String> {
    let places = Places {
        log_buckets: vec!["amzn-s3-demo-bucket".to_owned()],
        aliases: vec![(
            "amzn-s3-demo-original".to_owned(),
            "amzn-s3-demo-bucket".to_owned(),
        )],
        ..Places::default()
    };
    let expected = ExpectedTrails {
        places: &places,
        now: time("2026-01-15T12:30:00Z"),
        overdue: SignedDuration::from_hours(6),
        ended: &[],
    };
    let answer = expected.answer(&TrailArn::parse(TRAIL).unwrap(), Ok(status));
    assert_eq!(answer.subject, TRAIL);
    let condition = answer.condition.unwrap()?;
    assert_eq!(condition.subject(), TRAIL);
    let GuardCondition::TrailOff { state, .. } = condition else {
        panic!("{condition:?}");
    };
    Some(state)
}

#[test]
fn a_trail_that_delivers_to_a_log_bucket_is_right() {
    assert_eq!(wrong(Some(healthy())), None);
    let replicated = TrailStatus {
        bucket: Some("amzn-s3-demo-original".to_owned()),
        // A new trail has no digest yet.
        newest_digest: None,
        ..healthy()
    };
    assert_eq!(wrong(Some(replicated)), None);
    let started_again = TrailStatus {
        started: Some(time("2026-01-15T12:00:00Z")),
        newest_digest: Some(time("2026-01-10T06:30:00Z")),
        ..healthy()
    };
    assert_eq!(wrong(Some(started_again)), None);
}

#[test]
fn whatever_keeps_a_trail_from_delivering_is_named() {
    let stopped = TrailStatus {
        is_logging: false,
        stopped: Some(time("2026-01-15T11:00:00Z")),
        is_validated: false,
        ..healthy()
    };
    let elsewhere = TrailStatus {
        bucket: Some("amzn-s3-demo-other".to_owned()),
        log_file_error: Some("AccessDenied".to_owned()),
        digest_error: Some("NoSuchBucket".to_owned()),
        ..healthy()
    };
    let silent = TrailStatus {
        newest_digest: Some(time("2026-01-15T06:29:59Z")),
        ..healthy()
    };
    let never = TrailStatus {
        is_validated: true,
        ..TrailStatus::default()
    };
    for (status, expected) in [
        (None, "it does not exist"),
        (
            Some(stopped),
            "logging has been stopped since 2026-01-15T11:00:00Z; log file validation is disabled",
        ),
        (
            Some(elsewhere),
            "it delivers to the bucket amzn-s3-demo-other, which is not one of the log buckets; CloudTrail cannot deliver log files: AccessDenied; CloudTrail cannot deliver digests: NoSuchBucket",
        ),
        (
            Some(silent),
            "CloudTrail has delivered no digest since 2026-01-15T06:29:59Z",
        ),
        (Some(never), "logging is stopped"),
    ] {
        assert_eq!(wrong(status).as_deref(), Some(expected));
    }
}

#[test]
fn a_trail_that_was_ended_on_purpose_is_not_looked_at() {
    let places = Places {
        trails: vec![TrailArn::parse(TRAIL).unwrap()],
        ..Places::default()
    };
    let looked_at = |text: &str| {
        let ended = Ended::parse(text, str::parse::<Timestamp>).unwrap();
        let expected = ExpectedTrails {
            places: &places,
            now: time("2026-01-15T12:30:00Z"),
            overdue: SignedDuration::from_hours(6),
            ended: &[ended],
        };
        expected.trails().count()
    };
    for (text, count) in [
        ("management-events", 0),
        ("management-events@2026-01-15T12:00:00Z", 0),
        (TRAIL, 0),
        ("111122223333/management-events", 0),
        ("444455556666/management-events", 1),
        ("eu-central-1/management-events", 1),
        ("data-events", 1),
    ] {
        assert_eq!(looked_at(text), count, "{text}");
    }
}

#[test]
fn a_status_that_cannot_be_read_says_nothing() {
    let places = Places::default();
    let expected = ExpectedTrails {
        places: &places,
        now: time("2026-01-15T12:30:00Z"),
        overdue: SignedDuration::from_hours(6),
        ended: &[],
    };
    let error = StoreError {
        action: "read the status of the trail",
        subject: TRAIL.to_owned(),
        cause: Cause::Denied("AccessDenied".to_owned()),
    };
    let answer = expected.answer(&TrailArn::parse(TRAIL).unwrap(), Err(error));
    assert!(answer.condition.is_err());
}
