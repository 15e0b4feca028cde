//! What a message carries with it from one try to the next.
//!
//! A function sends a message that failed to its own queue again, byte for byte, and takes the one at
//! hand out of it. What it has to know at the next try are SQS message attributes
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>).
//! A message that waits so is delayed and not in flight: SQS delivers nothing more from a queue with
//! some 120,000 messages in flight
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html>).
//!
//! Whoever may write into the queue may set them to anything. That is worth no more than the message:
//! it is given up early, or waits [`MAX_WAIT`] at most.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use trailseal::names::seconds::whole_second;

/// The longest delay of a message: `DelaySeconds` is at most 15 minutes.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
pub const MAX_DELAY: Duration = Duration::from_mins(15);

/// The longest wait between two tries.
pub const MAX_WAIT: Duration = Duration::from_hours(2);

/// What is that near is not waited for: clocks differ, and the time is in whole seconds.
const NEAR: Duration = Duration::from_secs(5);

/// The attribute that counts the tries.
const ATTEMPT: &str = "TrailsealAttempt";
/// The attribute with the time before which nothing is tried, in seconds since 1970.
pub const NOT_BEFORE: &str = "TrailsealNotBefore";
/// The attribute of a message that is worked on alone.
const ALONE: &str = "TrailsealAlone";
/// The attribute that counts how often the function sent the message on without a try that failed.
const HOPS: &str = "TrailsealHops";

/// What a message carries with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passage {
    /// Which try this is, from 1 on.
    pub attempt: u32,
    /// Nothing is tried before.
    pub not_before: Option<Timestamp>,
    /// Whether it ran out of time beside others: it is worked on alone.
    pub alone: bool,
    /// How often it was sent on, as the rest of an object or because there was no time to begin.
    pub hops: u32,
}

impl Default for Passage {
    /// That of a message which comes for the first time.
    fn default() -> Self {
        Self {
            attempt: 1,
            not_before: None,
            alone: false,
            hops: 0,
        }
    }
}

impl Passage {
    /// Reads what a message carries through `attribute`, which gives the text of an attribute. What is
    /// not as [`Self::attributes`] writes it counts as not there.
    pub fn read<'a>(attribute: impl Fn(&str) -> Option<&'a str>) -> Self {
        let number = |name| attribute(name)?.parse::<u32>().ok();
        let not_before = attribute(NOT_BEFORE).and_then(|text| text.parse().ok());
        Self {
            attempt: number(ATTEMPT).unwrap_or(1).max(1),
            not_before: not_before.and_then(|seconds| Timestamp::from_second(seconds).ok()),
            alone: attribute(ALONE).is_some(),
            hops: number(HOPS).unwrap_or(0),
        }
    }

    /// The attributes, each with its name and value: all are numbers. What is as in a new message is
    /// left out.
    #[must_use]
    pub fn attributes(&self) -> Vec<(&'static str, String)> {
        let mut attributes = Vec::new();
        if self.attempt > 1 {
            attributes.push((ATTEMPT, self.attempt.to_string()));
        }
        if let Some(not_before) = self.not_before {
            attributes.push((NOT_BEFORE, not_before.as_second().to_string()));
        }
        if self.alone {
            attributes.push((ALONE, "1".to_owned()));
        }
        if self.hops > 0 {
            attributes.push((HOPS, self.hops.to_string()));
        }
        attributes
    }

    /// The next try, after `wait`.
    #[must_use]
    pub fn again(self, attempt: u32, now: Timestamp, wait: Duration) -> Self {
        let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
        let not_before = now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        Self {
            attempt,
            not_before: Some(whole_second(not_before)),
            ..self
        }
    }

    /// The same try, sent on once more.
    #[must_use]
    pub fn one_hop_more(self) -> Self {
        Self {
            hops: self.hops.saturating_add(1),
            not_before: None,
            ..self
        }
    }

    /// How long the message still has to wait; none if it is time. Nobody waits longer than
    /// [`MAX_WAIT`]: what says so is not ours, and is tried at once.
    #[must_use]
    pub fn waits(&self, now: Timestamp) -> Option<Duration> {
        let left = Duration::try_from(self.not_before?.duration_since(now)).ok()?;
        (left > NEAR && left <= MAX_WAIT.saturating_add(NEAR)).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn read(attributes: &[(&'static str, String)]) -> Passage {
        let attributes: HashMap<_, _> = attributes.iter().cloned().collect();
        Passage::read(|name| attributes.get(name).map(String::as_str))
    }

    #[test]
    fn what_is_written_is_read() {
        assert!(Passage::default().attributes().is_empty());
        let now = Timestamp::from_second(1_768_478_400).unwrap();
        let passage = Passage {
            alone: true,
            ..Passage::default()
        };
        let again = passage.again(3, now, Duration::from_mins(30));
        assert_eq!(read(&again.attributes()), again);
        assert_eq!(again.waits(now), Some(Duration::from_mins(30)));
        let later = now + SignedDuration::from_secs(1795);
        assert_eq!(again.waits(later), None);
        let sent_on = again.one_hop_more();
        assert_eq!((sent_on.attempt, sent_on.hops), (3, 1));
        assert_eq!(sent_on.not_before, None);
        assert_eq!(read(&sent_on.attributes()), sent_on);
    }

    #[test]
    fn what_anybody_may_write_neither_waits_for_ever_nor_fails() {
        let now = Timestamp::from_second(1_768_478_400).unwrap();
        for not_before in ["253402207200", "9223372036854775807", "-1", "", "soon"] {
            let passage = read(&[(NOT_BEFORE, not_before.to_owned())]);
            assert_eq!(passage.waits(now), None, "{not_before}");
        }
        for attempt in ["0", "-3", "99999999999", "x"] {
            assert_eq!(read(&[(ATTEMPT, attempt.to_owned())]).attempt, 1);
        }
    }
}
