//! The start of what is retained: digests at the old end of a chain that a lifecycle rule may have
//! expired.
//!
//! Most log buckets have a retention period. The oldest remaining digest names a predecessor that
//! is missing, and so are all digests before it. The bucket does not show whether S3 expired them
//! or somebody deleted them. For a digest that ended less than a day ago, it does: no lifecycle
//! rule expires it.

use crate::finding::{Finding, Obstacle, Report};
use crate::world::{Cause, StoreError};
use jiff::{SignedDuration, Timestamp};

/// The minimum age at which a lifecycle rule expires an object. A rule counts in days, and rounds
/// up to the next midnight UTC.
///
/// A rule that names a date expires objects of any age from then on. Nobody keeps logs like that:
/// if such a rule deletes objects of the last day, that is found.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html>
const MIN_AGE: SignedDuration = SignedDuration::from_hours(24);

impl Report {
    /// Withdraws every finding that digests are missing at the start of what is retained, if a
    /// lifecycle rule may have expired them by `now`. It is unknown whether it did, and earlier log
    /// files cannot be verified.
    ///
    /// Until this is called, such digests count as deleted.
    pub fn allow_for_expiry(&mut self, now: Timestamp) {
        let may_be_expired = |finding: &Finding| {
            finding
                .start_of_retained
                .is_some_and(|ended| now.duration_since(ended) >= MIN_AGE)
        };
        let (expired, findings): (Vec<Finding>, Vec<Finding>) = std::mem::take(&mut self.findings)
            .into_iter()
            .partition(may_be_expired);
        self.findings = findings;
        for obstacle in &mut self.obstacles {
            if let Some(finding) = obstacle.if_it_stays.take_if(|found| may_be_expired(found)) {
                obstacle.error = unverifiable(&finding);
            }
        }
        self.obstacles
            .extend(expired.iter().map(|finding| Obstacle {
                error: unverifiable(finding),
                if_it_stays: None,
            }));
    }
}

/// Returns the reason why nothing is known about the time before the retained digests.
fn unverifiable(finding: &Finding) -> StoreError {
    let start = finding.window.map_or_else(
        || "the oldest digest that is kept".to_owned(),
        |window| window.to.to_string(),
    );
    StoreError {
        action: "verify what was delivered before",
        subject: start,
        cause: Cause::MayHaveExpired(format!(
            "the oldest digest of this chain in the bucket begins there. Its predecessor, {}, and all earlier digests are missing. A lifecycle rule expired them, or somebody deleted them: compare the time with the bucket's lifecycle rules (aws s3api get-bucket-lifecycle-configuration)",
            finding.object
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{FindingKind, Scope, Verdict};
    use crate::names::location::ObjectLocation;
    use crate::names::window::Window;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn missing(start_of_retained: Option<Timestamp>) -> Finding {
        let object = ObjectLocation::new("amzn-s3-demo-bucket", "digest");
        let mut finding = Finding::for_tests(
            FindingKind::DigestMissing,
            Scope::default(),
            object,
            "It is gone.",
        );
        finding.start_of_retained = start_of_retained;
        finding.with_window(Window {
            from: None,
            to: time("2026-01-15T12:00:00Z"),
        })
    }

    fn verdict(finding: Finding, now: &str) -> Verdict {
        let mut report = Report::of(vec![finding]);
        report.allow_for_expiry(time(now));
        report.verdict()
    }

    #[test]
    fn only_a_digest_that_a_lifecycle_rule_can_have_expired_is_not_a_finding() {
        let end = Some(time("2026-01-15T12:00:00Z"));
        for (now, expected) in [
            ("2026-01-15T13:00:00Z", Verdict::Finding),
            ("2026-01-16T11:59:59Z", Verdict::Finding),
            ("2026-01-16T12:00:00Z", Verdict::CannotTell),
            ("2027-01-16T12:00:00Z", Verdict::CannotTell),
            // A clock that is slow.
            ("2025-01-16T12:00:00Z", Verdict::Finding),
        ] {
            assert_eq!(verdict(missing(end), now), expected, "{now}");
        }
        // For a digest with others before it, age proves nothing.
        assert_eq!(
            verdict(missing(None), "2027-01-16T12:00:00Z"),
            Verdict::Finding
        );
    }

    #[test]
    fn digests_missing_at_the_start_of_a_replica_are_never_a_finding() {
        let mut report = Report::new();
        let finding = missing(Some(time("2026-01-15T12:00:00Z")));
        report.absent(
            finding,
            crate::world::Absence::NoObject,
            crate::names::places::BucketRole::Replica,
        );
        report.allow_for_expiry(time("2026-01-15T13:00:00Z"));
        assert!(report.obstacles[0].if_it_stays.is_some());
        report.allow_for_expiry(time("2026-03-15T13:00:00Z"));
        assert!(report.obstacles[0].if_it_stays.is_none());
        let error = report.obstacles[0].error.to_string();
        assert!(
            error.starts_with(
                "cannot verify what was delivered before 2026-01-15T12:00:00Z: the oldest digest"
            ),
            "{error}"
        );
    }
}
