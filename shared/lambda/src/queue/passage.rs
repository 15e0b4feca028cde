//! The data that a message carries from one try to the next.
//!
//! A function sends a message that failed to its own queue again, byte for byte or divided, and
//! removes the original from the queue. What the function has to know at the next try is in SQS message
//! attributes
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>).
//! A message that waits like that is delayed and not in flight: SQS delivers nothing more from a
//! queue with about 120,000 messages in flight
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html>).
//!
//! Anybody who can write to the queue can set the attributes to anything. The effect is limited to
//! the message: it is given up early, or waits at most [`MAX_WAIT`].

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use trailseal::names::seconds::whole_second;

/// The maximum delay of a message: `DelaySeconds` is at most 15 minutes.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
pub const MAX_DELAY: Duration = Duration::from_mins(15);

/// The maximum wait between two tries.
pub const MAX_WAIT: Duration = Duration::from_hours(2);

/// A time as near as this is not waited for: clocks differ, and the time is in whole seconds.
const NEAR: Duration = Duration::from_secs(5);

/// The attribute that counts the tries.
const ATTEMPT: &str = "TrailsealAttempt";
/// The attribute with the time before which the message is not tried, in seconds since 1970.
pub const NOT_BEFORE: &str = "TrailsealNotBefore";
/// The attribute of a message that is worked on alone.
const ALONE: &str = "TrailsealAlone";
/// The attribute that counts how many times the function sent the message again without a failed
/// try.
const HOPS: &str = "TrailsealHops";
/// The attribute of a message that the function gave up and parked. Whoever moves the message back
/// keeps the attribute.
const PARKED: &str = "TrailsealParked";

/// The data that a message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passage {
    /// The number of this try, counted from 1.
    pub attempt: u32,
    /// The message is not tried before this time.
    pub not_before: Option<Timestamp>,
    /// Whether the message ran out of time along with others: it is then worked on alone.
    pub alone: bool,
    /// How many times it was sent again, as the rest of an object or because there was no time to
    /// start.
    pub hops: u32,
    /// Whether the function parked it before, and somebody moved it back.
    pub moved_back: bool,
}

impl Default for Passage {
    /// Returns the passage of a message that arrives for the first time.
    fn default() -> Self {
        Self {
            attempt: 1,
            not_before: None,
            alone: false,
            hops: 0,
            moved_back: false,
        }
    }
}

impl Passage {
    /// Reads what a message carries through `attribute`, which returns the text of an attribute. An
    /// attribute that [`Self::attributes`] would not write counts as missing.
    pub fn read<'a>(attribute: impl Fn(&str) -> Option<&'a str>) -> Self {
        let number = |name| attribute(name)?.parse::<u32>().ok();
        let not_before = attribute(NOT_BEFORE).and_then(|text| text.parse().ok());
        Self {
            attempt: number(ATTEMPT).unwrap_or(1).max(1),
            not_before: not_before.and_then(|seconds| Timestamp::from_second(seconds).ok()),
            alone: attribute(ALONE).is_some(),
            hops: number(HOPS).unwrap_or(0),
            moved_back: attribute(PARKED).is_some(),
        }
    }

    /// Returns what a message carries into the dead-letter queue. A message that somebody moves back
    /// starts again from the first try.
    #[must_use]
    pub fn into_dead_letter_queue() -> Self {
        Self {
            moved_back: true,
            ..Self::default()
        }
    }

    /// Returns the attributes, each with its name and value: all values are numbers. An attribute
    /// with its value in a new message is left out.
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
        if self.moved_back {
            attributes.push((PARKED, "1".to_owned()));
        }
        attributes
    }

    /// Returns the passage of the next try, after `wait`.
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

    /// Returns the same try, with one more hop.
    #[must_use]
    pub fn with_next_hop(self) -> Self {
        Self {
            hops: self.hops.saturating_add(1),
            not_before: None,
            ..self
        }
    }

    /// Returns how long the message still has to wait, or `None` if it is due. No message waits
    /// longer than [`MAX_WAIT`]: a longer time is not from the function, and the message is tried
    /// at once.
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
    fn message_attributes_round_trip() {
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
        let sent_on = again.with_next_hop();
        assert_eq!((sent_on.attempt, sent_on.hops), (3, 1));
        assert_eq!(sent_on.not_before, None);
        assert_eq!(read(&sent_on.attributes()), sent_on);
    }

    #[test]
    fn a_message_that_is_moved_back_starts_again_and_knows_it() {
        let parked = Passage::into_dead_letter_queue();
        assert_eq!((parked.attempt, parked.hops), (1, 0));
        assert_eq!(parked.attributes().len(), 1);
        let moved_back = read(&parked.attributes());
        assert!(moved_back.moved_back);
        let now = Timestamp::from_second(1_768_478_400).unwrap();
        let again = moved_back.again(2, now, Duration::from_mins(1));
        assert!(read(&again.attributes()).moved_back);
    }

    #[test]
    fn hostile_attributes_neither_wait_forever_nor_fail() {
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
