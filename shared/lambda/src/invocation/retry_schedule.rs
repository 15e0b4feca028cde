//! How many times a failed item is tried again, and when.

use std::time::Duration;
use trailseal::finding::Report;
use trailseal::world::Cause;

/// The waits after each try, in seconds.
const LASTING: &[u64] = &[5 * 60];
const REFUSED: &[u64] = &[60, 30 * 60];
const PASSING: &[u64] = &[60, 5 * 60, 30 * 60, 2 * 60 * 60];

/// How long it makes sense to wait after a failure. The greater schedule waits longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RetrySchedule {
    /// The cause is permanent: an archived object or a malformed event. The item is tried once
    /// more, because somebody may be correcting a mistake.
    Lasting,
    /// Access is refused. The item is tried twice more: a new permission needs time to take effect.
    Refused,
    /// The cause may end in a moment, or after an outage: the item is tried as many times as the
    /// queue delivers a message.
    Passing,
}

impl RetrySchedule {
    /// Returns how long to wait after a request failed for this reason.
    pub(super) fn of(cause: &Cause) -> Self {
        match cause {
            cause if cause.is_refusal() => Self::Refused,
            cause if cause.is_permanent() => Self::Lasting,
            Cause::Archived(_) | Cause::Interrupted => Self::Lasting,
            // In a replica, an absent object may still arrive.
            _ => Self::Passing,
        }
    }

    /// Returns how long to wait for the obstacles of a report, or `None` if there are none. If one
    /// obstacle may go away, the whole object is tried again.
    ///
    /// Each time that the history of a bucket with a lifecycle rule is verified, the oldest digest
    /// of every chain names one that has expired. No later try finds it, and there is nothing to
    /// repair: that could not be verified is on record in a receipt.
    pub(super) fn of_report(report: &Report, is_history: bool) -> Option<Self> {
        let obstacles = report.obstacles.iter().map(|o| &o.error.cause);
        obstacles
            .filter(|cause| !(is_history && matches!(cause, Cause::MayHaveExpired(_))))
            .map(Self::of)
            .max()
    }

    fn waits(self) -> &'static [u64] {
        match self {
            Self::Lasting => LASTING,
            Self::Refused => REFUSED,
            Self::Passing => PASSING,
        }
    }

    /// Returns the number of tries, if the queue delivers a message `max_receives` times.
    pub(super) fn tries(self, max_receives: u32) -> u32 {
        match self {
            Self::Passing => max_receives,
            Self::Lasting | Self::Refused => {
                let tries = u32::try_from(self.waits().len()).unwrap_or(u32::MAX);
                tries.saturating_add(1).min(max_receives)
            }
        }
    }

    /// Returns how long after this try, counted from 1, the next one follows.
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

    /// Returns every wait until a message is given up, in seconds.
    fn waits(cause: &Cause, max_receives: u32) -> Vec<u64> {
        let schedule = RetrySchedule::of(cause);
        let before_last = 1..schedule.tries(max_receives);
        before_last
            .map(|attempt| schedule.wait_after(attempt).as_secs())
            .collect()
    }

    #[test]
    fn permanent_failures_are_not_waited_for() {
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

    /// A new trail's first digest arrives an hour after its first log file.
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
            RetrySchedule::of_report(&report, false),
            Some(RetrySchedule::Passing)
        );
        let seconds: u64 = waits(&obstacle.error.cause, 5).iter().sum();
        assert!(seconds > 2 * 60 * 60, "{seconds}");
    }

    /// The queue keeps a message for a week, and each new try restarts that time; but even one
    /// message that goes back each time must be parked before it expires.
    #[test]
    fn a_message_is_parked_before_it_expires() {
        let all: u64 = waits(&Cause::Unavailable("x".to_owned()), 20).iter().sum();
        assert!(all < 2 * 24 * 60 * 60, "{all}");
    }
}
