//! How often what failed is tried again, and when.

use std::time::Duration;
use trailseal::finding::Report;
use trailseal::world::Cause;

/// How long after each try the next one comes, in seconds.
const LASTING: &[u64] = &[5 * 60];
const REFUSED: &[u64] = &[60, 30 * 60];
const PASSING: &[u64] = &[60, 5 * 60, 30 * 60, 2 * 60 * 60];

/// How long it makes sense to wait for what failed. The greater one waits longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RetrySchedule {
    /// It does not get better by itself: an archived object, a malformed event. It is tried once more,
    /// because a mistake may just be being mended.
    Lasting,
    /// Access is refused. It is tried twice more: a new permission takes a while to take effect.
    Refused,
    /// It may work a moment later, or after an outage: as often as the queue delivers a message.
    Passing,
}

impl RetrySchedule {
    /// How long a request that failed for this reason is waited for.
    pub(super) fn of(cause: &Cause) -> Self {
        match cause {
            cause if cause.is_refusal() => Self::Refused,
            cause if cause.is_permanent() => Self::Lasting,
            Cause::Archived(_) | Cause::Interrupted => Self::Lasting,
            // In a replica, what is absent may still come.
            _ => Self::Passing,
        }
    }

    /// How long what could not be looked at is waited for; none if there is nothing. Where one thing
    /// may get better, all of it is tried again.
    pub(super) fn of_report(report: &Report) -> Option<Self> {
        let obstacles = report.obstacles.iter();
        obstacles.map(|o| Self::of(&o.error.cause)).max()
    }

    fn waits(self) -> &'static [u64] {
        match self {
            Self::Lasting => LASTING,
            Self::Refused => REFUSED,
            Self::Passing => PASSING,
        }
    }

    /// How many tries there are, where the queue delivers a message `max_receives` times.
    pub(super) fn tries(self, max_receives: u32) -> u32 {
        match self {
            Self::Passing => max_receives,
            Self::Lasting | Self::Refused => {
                let tries = u32::try_from(self.waits().len()).unwrap_or(u32::MAX);
                tries.saturating_add(1).min(max_receives)
            }
        }
    }

    /// How long after this try, from 1 on, the next one comes.
    pub(super) fn wait_after(self, attempt: u32) -> Duration {
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let waits = self.waits();
        let seconds = waits.get(index).or(waits.last());
        Duration::from_secs(seconds.copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use trailseal::kms::expected::Expected;
    use trailseal::kms::review::{Facts, KmsReview};
    use trailseal::names::ids::TrailName;
    use trailseal::names::location::ObjectLocation;
    use trailseal::names::object_key::{Chain, ObjectKind, classify};
    use trailseal::names::places::Places;
    use trailseal::world::{Absence, CredentialTrouble, Encryption};

    /// Every wait until a message is given up, in seconds.
    fn waits(cause: &Cause, max_receives: u32) -> Vec<u64> {
        let schedule = RetrySchedule::of(cause);
        let before_last = 1..schedule.tries(max_receives);
        before_last
            .map(|attempt| schedule.wait_after(attempt).as_secs())
            .collect()
    }

    #[test]
    fn what_does_not_get_better_is_not_waited_for() {
        let text = || "x".to_owned();
        for cause in [Cause::Archived(text()), Cause::Failed(text())] {
            assert_eq!(waits(&cause, 5), [300]);
        }
        for cause in [
            Cause::Denied(text()),
            Cause::KeyUnusable(text()),
            Cause::RegionDisabled(text()),
            Cause::Credentials(CredentialTrouble::Unknown, text()),
        ] {
            assert_eq!(waits(&cause, 5), [60, 1800]);
            assert_eq!(waits(&cause, 2), [60]);
        }
        for cause in [Cause::Unavailable(text()), Cause::Absent(Absence::NoObject)] {
            assert_eq!(waits(&cause, 5), [60, 300, 1800, 7200]);
            assert_eq!(waits(&cause, 2), [60]);
        }
    }

    /// A new trail's first digest comes an hour after its first log file.
    #[test]
    fn the_first_digest_of_a_new_trail_is_waited_for() {
        const KEY: &str =
            "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let log_file = ObjectLocation::new(
            "amzn-s3-demo-bucket",
            "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T1215Z_recordedInThis01.json.gz",
        );
        let ObjectKind::LogFile(key) = classify(&log_file.key) else {
            panic!("{log_file}");
        };
        let expected = Expected {
            places: Places {
                log_buckets: vec![log_file.bucket.clone()],
                ..Places::default()
            },
            ..Expected::default()
        };
        let mut review = KmsReview::new(&expected, &log_file, &key);
        review.review_encryption(&Encryption {
            algorithm: Some("aws:kms".to_owned()),
            kms_key_id: Some(KEY.to_owned()),
        });
        let record = json!({
            "userIdentity": {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"},
            "eventTime": "2026-01-15T12:14:31Z",
            "eventSource": "kms.amazonaws.com",
            "eventName": "GenerateDataKey",
            "awsRegion": "us-east-1",
            "requestParameters": {
                "encryptionContext": {
                    "aws:cloudtrail:arn": "arn:aws:cloudtrail:us-east-1:111122223333:trail/new",
                    "aws:s3:arn": format!("arn:aws:s3:::{}/{}", log_file.bucket, log_file.key),
                },
                "keyId": KEY,
            },
            "eventID": "7738554f-92ab-4e27-83e3-03354b1aa898",
            "resources": [{"type": "AWS::KMS::Key", "ARN": KEY}],
        });
        review.review(&record.to_string());
        let unknown: Vec<_> = review.unknown_trails().cloned().collect();
        assert_eq!(unknown.len(), 1);
        let chains = unknown.into_iter().map(|unknown| {
            let other = Chain {
                folder: unknown.folder.folder.clone(),
                region: unknown.folder.region.clone(),
                trail: TrailName::new("older").unwrap(),
                home_region: unknown.trail.home_region.clone(),
            };
            (unknown, vec![other])
        });
        let facts = Facts {
            chains: chains.collect(),
            ..Facts::default()
        };
        let report = review.conclude(&facts).report;
        let [obstacle] = report.obstacles.as_slice() else {
            panic!("{:#?}", report.obstacles);
        };
        assert!(obstacle.if_it_stays.is_some());
        assert_eq!(
            RetrySchedule::of_report(&report),
            Some(RetrySchedule::Passing)
        );
        let seconds: u64 = waits(&obstacle.error.cause, 5).iter().sum();
        assert!(seconds > 2 * 60 * 60, "{seconds}");
    }

    /// The queue keeps a message for a week, and each try begins it anew; but also one message that
    /// goes back each time must be parked before it expires.
    #[test]
    fn a_message_is_parked_before_it_expires() {
        let all: u64 = waits(&Cause::Unavailable("x".to_owned()), 20).iter().sum();
        assert!(all < 2 * 24 * 60 * 60, "{all}");
    }
}
