//! When a message that failed is tried again, and when it is given up.
//!
//! A function sends a message that failed to its own queue again, with a delay, and then takes the one
//! at hand out of the queue. In this order: a crash between leaves two messages, never none.

use super::batch::Service;
use super::deadline::Deadline;
use super::item::{Check, ItemError};
use crate::passage::{MAX_DELAY, Passage};
use crate::ports::Requeue;
use crate::ports::SendFindings;
use aws_lambda_events::event::sqs::SqsMessage;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout_at;
use trailseal::finding::Report;
use trailseal::world::{Cause, KeepEvidence, SettleEvidence, StoreError};

/// How often a message is sent on as the rest of an object, or because there was no time to begin.
/// Each hop of a rest makes progress; Lambda's own bound of some 16 is off (`RecursiveLoop` in the
/// template).
pub(super) const MAX_HOPS: u32 = 500;

/// How soon a message comes back that its dead-letter queue did not take.
const PARK_AGAIN: Duration = Duration::from_mins(1);

/// How soon a message comes back that there was no time to begin with.
const PUT_OFF: Duration = Duration::from_secs(10);

/// How long after each try the next one comes, in seconds.
const LASTING: &[u64] = &[5 * 60];
const REFUSED: &[u64] = &[60, 30 * 60];
const PASSING: &[u64] = &[60, 5 * 60, 30 * 60, 2 * 60 * 60];

/// How long it makes sense to wait for what failed. The greater one waits longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Patience {
    /// It does not get better by itself: an archived object, a malformed event. It is tried once more,
    /// because a mistake may just be being mended.
    Lasting,
    /// Access is refused. It is tried twice more: a new permission takes a while to take effect.
    Refused,
    /// It may work a moment later, or after an outage: as often as the queue delivers a message.
    Passing,
}

impl Patience {
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
    fn wait_after(self, attempt: u32) -> Duration {
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let waits = self.waits();
        let seconds = waits.get(index).or(waits.last());
        Duration::from_secs(seconds.copied().unwrap_or_default())
    }
}

/// Whether the event comes back if it fails now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// It came from a queue, with this; its attempt counts the crashes, too.
    Counted(Passage),
    /// Nobody counts, and nothing comes back.
    Only,
}

impl Attempt {
    /// Whether nothing is tried after this, if it fails with this patience.
    pub(super) fn is_last(self, patience: Patience, max_receives: u32) -> bool {
        match self {
            Self::Counted(passage) => passage.attempt >= patience.tries(max_receives),
            Self::Only => false,
        }
    }

    /// Whether the event is worked on alone.
    pub(super) fn is_alone(self) -> bool {
        matches!(self, Self::Counted(Passage { alone: true, .. }))
    }

    /// What the rest of an object carries: it is a new message, and knows how often there was one.
    /// None where there was one too often.
    pub(super) fn of_rest(self) -> Option<Passage> {
        let (alone, hops) = match self {
            Self::Counted(passage) => (passage.alone, passage.hops),
            Self::Only => (false, 0),
        };
        let rest = Passage {
            alone,
            hops,
            ..Passage::default()
        };
        (hops < MAX_HOPS).then(|| rest.one_hop_more())
    }
}

/// A delivery of a message.
pub(super) struct Delivery {
    pub(super) id: Option<String>,
    pub(super) body: Arc<str>,
    /// What it carries. Its attempt is at least the number of times that the queue delivered it, so
    /// that crashes count.
    pub(super) passage: Passage,
    receives: u32,
    receipt: Option<String>,
}

impl Delivery {
    pub(super) fn of(message: SqsMessage) -> Self {
        let receives = message.attributes.get("ApproximateReceiveCount");
        let receives = receives.and_then(|count| count.parse().ok()).unwrap_or(1);
        let attributes = &message.message_attributes;
        let passage = Passage::read(|name| attributes.get(name)?.string_value.as_deref());
        Self {
            id: message.message_id,
            body: message.body.unwrap_or_default().into(),
            passage: Passage {
                attempt: passage.attempt.max(receives),
                ..passage
            },
            receives,
            receipt: message.receipt_handle,
        }
    }
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is taken out of the queue: done with, sent again, or parked.
    Done,
    /// It goes back to the queue.
    GoesBack,
}

impl<C, F, Q, E> Service<C, F, Q, E>
where
    C: Check,
    F: SendFindings,
    Q: Requeue,
    E: KeepEvidence + SettleEvidence,
{
    /// Sends a message on that came before its time. SQS delays it by a quarter of an hour at most, so
    /// that a longer wait has several parts.
    pub(super) async fn wait_on(
        &self,
        delivery: &Delivery,
        left: Duration,
        deadline: Deadline,
    ) -> Fate {
        let passage = delivery.passage;
        self.send_again(delivery, &passage, left, deadline).await
    }

    /// Sends a message on that there was no time to begin with: this is not a try.
    pub(super) async fn put_off(&self, delivery: &Delivery, deadline: Deadline) -> Fate {
        tracing::info!(
            message_id = delivery.id,
            "no time to begin: the message is sent on"
        );
        let sent_on = delivery.passage.one_hop_more();
        let passage = sent_on.again(sent_on.attempt, Timestamp::now(), PUT_OFF);
        self.send_again(delivery, &passage, PUT_OFF, deadline).await
    }

    /// Has a message that failed tried again later, or parks it after the last try.
    pub(super) async fn after_failure(
        &self,
        delivery: &Delivery,
        error: &ItemError,
        deadline: Deadline,
    ) -> Fate {
        let patience = error.patience();
        let attempt = delivery.passage.attempt;
        let is_last = Attempt::Counted(delivery.passage).is_last(patience, self.max_receives);
        tracing::warn!(
            message_id = delivery.id,
            class = error.class(),
            error = ?error.to_string(),
            attempt,
            is_last,
            "the message failed"
        );
        if is_last {
            return self.park(delivery, deadline).await;
        }
        let wait = patience.wait_after(attempt);
        let next = attempt.saturating_add(1);
        let mut passage = delivery.passage.again(next, Timestamp::now(), wait);
        // What an object costs, its neighbours do not pay a second time.
        passage.alone |= matches!(error, ItemError::NoTime(_));
        self.send_again(delivery, &passage, wait, deadline).await
    }

    /// Sends a message to the queue again. If the queue does not take it, the message at hand goes back
    /// to it, and comes again after the same time.
    async fn send_again(
        &self,
        delivery: &Delivery,
        passage: &Passage,
        wait: Duration,
        deadline: Deadline,
    ) -> Fate {
        let sent = self
            .queue
            .send(&delivery.body, passage, wait.min(MAX_DELAY));
        match in_time(sent, deadline).await {
            Ok(()) => Fate::Done,
            Err(why) => self.give_back(delivery, wait, &why, deadline).await,
        }
    }

    /// Sends a message to the dead-letter queue.
    async fn park(&self, delivery: &Delivery, deadline: Deadline) -> Fate {
        let parked = self.queue.park(&delivery.body);
        match in_time(parked, deadline).await {
            Ok(()) => Fate::Done,
            Err(why) => {
                // The queue parks by itself what it has delivered often enough, and the alarm is due.
                let wait = if delivery.receives >= self.max_receives {
                    Duration::ZERO
                } else {
                    PARK_AGAIN
                };
                self.give_back(delivery, wait, &why, deadline).await
            }
        }
    }

    /// Leaves a message in the queue. It would wait for the queue's visibility timeout, which is made
    /// for functions that crash.
    async fn give_back(
        &self,
        delivery: &Delivery,
        wait: Duration,
        why: &str,
        deadline: Deadline,
    ) -> Fate {
        tracing::warn!(message_id = delivery.id, error = ?why, "the message goes back to its queue");
        if let Some(receipt) = &delivery.receipt
            && let Err(why) = in_time(self.queue.retry_in(receipt, wait), deadline).await
        {
            tracing::warn!(error = ?why, "the message comes back only after the visibility timeout");
        }
        Fate::GoesBack
    }
}

/// Waits for a queue, as long as there is time to answer.
async fn in_time(
    request: impl Future<Output = Result<(), StoreError>>,
    deadline: Deadline,
) -> Result<(), String> {
    match timeout_at(deadline.answer_by, request).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err("the queue did not answer in time".to_owned()),
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
        let patience = Patience::of(cause);
        let before_last = 1..patience.tries(max_receives);
        before_last
            .map(|attempt| patience.wait_after(attempt).as_secs())
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
        assert_eq!(Patience::of_report(&report), Some(Patience::Passing));
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

    #[test]
    fn the_rest_of_an_object_is_bounded() {
        let passage = |hops| Passage {
            attempt: 3,
            hops,
            ..Passage::default()
        };
        let rest = Attempt::Counted(passage(MAX_HOPS - 1)).of_rest().unwrap();
        assert_eq!((rest.attempt, rest.hops), (1, MAX_HOPS));
        assert_eq!(Attempt::Counted(passage(MAX_HOPS)).of_rest(), None);
    }
}
