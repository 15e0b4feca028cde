//! Whether CloudTrail delivers the log files and digests of a trail to a log bucket.

use super::state::NamedAnswer;
use crate::check::chain_end::Ended;
use crate::finding::guard::GuardCondition;
use crate::names::ids::TrailArn;
use crate::names::places::Places;
use crate::names::text::clip_visibly;
use crate::world::{StoreError, TrailStatus};
use jiff::{SignedDuration, Timestamp};

/// The maximum length in characters of what CloudTrail says about a delivery.
const MAX_ERROR_CHARS: usize = 200;

/// What a trail's status is compared with.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedTrails<'a> {
    /// The log buckets, and the buckets that they are replicas of.
    pub places: &'a Places,
    /// The time of the look.
    pub now: Timestamp,
    /// The time after which a missing digest is overdue.
    pub overdue: SignedDuration,
    /// The trails that were ended on purpose.
    pub ended: &'a [Ended],
}

impl<'a> ExpectedTrails<'a> {
    /// Returns the configured trails that were not ended on purpose.
    pub fn trails(&self) -> impl Iterator<Item = &'a TrailArn> + use<'a> {
        let ended = self.ended;
        let trails = self.places.trails.iter();
        trails.filter(move |trail| !ended.iter().any(|end| end.names_trail(trail)))
    }

    /// Returns the answer about a trail whose status was read; `None` if the trail does not exist.
    #[must_use]
    pub fn answer(
        &self,
        trail: &TrailArn,
        status: Result<Option<TrailStatus>, StoreError>,
    ) -> NamedAnswer {
        let subject = trail.to_string();
        let condition = status.map(|status| {
            let state = match status {
                Some(status) => self.wrong(&status),
                None => vec!["it does not exist".to_owned()],
            };
            (!state.is_empty()).then(|| GuardCondition::TrailOff {
                trail: subject.clone(),
                state: state.join("; "),
            })
        });
        NamedAnswer { subject, condition }
    }

    /// Returns what is wrong with a trail, in words.
    fn wrong(&self, status: &TrailStatus) -> Vec<String> {
        let mut wrong = Vec::new();
        match (status.is_logging, status.stopped) {
            (true, _) => {}
            (false, Some(since)) => wrong.push(format!("logging has been stopped since {since}")),
            (false, None) => wrong.push("logging is stopped".to_owned()),
        }
        if !status.is_validated {
            wrong.push("log file validation is disabled".to_owned());
        }
        if let Some(bucket) = &status.bucket
            && !self.is_expected(bucket)
        {
            let bucket = clip_visibly(bucket.clone(), MAX_ERROR_CHARS);
            wrong.push(format!(
                "it delivers to the bucket {bucket}, which is not one of the log buckets"
            ));
        }
        let errors = [
            ("log files", &status.log_file_error),
            ("digests", &status.digest_error),
        ];
        for (what, error) in errors {
            if let Some(error) = error {
                let error = clip_visibly(error.clone(), MAX_ERROR_CHARS);
                wrong.push(format!("CloudTrail cannot deliver {what}: {error}"));
            }
        }
        if wrong.is_empty()
            && let Some(newest) = status.newest_digest
            // After a start, the first digest takes its time.
            && let since = status.started.map_or(newest, |started| started.max(newest))
            && self.now.duration_since(since) > self.overdue
        {
            wrong.push(format!("CloudTrail has delivered no digest since {newest}"));
        }
        wrong
    }

    /// Returns whether files that are delivered to a bucket arrive in a log bucket.
    fn is_expected(&self, bucket: &str) -> bool {
        let mut originals = self.places.aliases.iter().map(|(original, _)| original);
        self.places.watches(bucket) || originals.any(|original| original == bucket)
    }
}

#[cfg(test)]
mod tests {
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
}
