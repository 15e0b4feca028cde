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
mod tests;
