//! Messages of other senders, which share a topic, a queue or an event bus with ours.
//!
//! A trail's SNS topic is often shared. AWS Config publishes to the topic that AWS Control Tower
//! sets up. An account's default event bus carries the events of every service, and people and
//! alarms write to topics, too. Such a message requires nothing from the functions.

use crate::names::text::clip;
use serde::Serialize;
use std::collections::BTreeMap;

/// The maximum length of an example in the log.
const MAX_EXAMPLE_CHARS: usize = 200;

/// The kind of a message that names no object to work on and is not broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Unrelated {
    /// A notification of AWS Config, which has a `messageType`.
    ///
    /// Format: <https://docs.aws.amazon.com/config/latest/developerguide/notifications-for-AWS-Config.html>
    AwsConfig,
    /// An EventBridge event from another source than `aws.s3`.
    OtherSource,
    /// An event of S3 that is not about a created object: `Object Tags Added`, or, for a function
    /// that works on created objects, `Object Deleted`.
    OtherS3Event,
    /// A record of another service than SQS, SNS and S3.
    OtherRecord,
    /// `s3:TestEvent`, which S3 sends when notifications are configured.
    TestEvent,
    /// An SNS message about a subscription.
    Subscription,
    /// The text that CloudTrail publishes when a topic is configured for a trail.
    CloudtrailValidation,
    /// A JSON object of an unknown sender.
    OtherJson,
    /// Plain text.
    Text,
}

impl Unrelated {
    /// Returns the stable name in metrics, logs and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AwsConfig => "aws-config",
            Self::OtherSource => "other-source",
            Self::OtherS3Event => "other-s3-event",
            Self::OtherRecord => "other-record",
            Self::TestEvent => "test-event",
            Self::Subscription => "subscription",
            Self::CloudtrailValidation => "cloudtrail-validation",
            Self::OtherJson => "other-json",
            Self::Text => "text",
        }
    }
}

/// The number of messages of a kind, and a description of the first one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The number of messages.
    pub count: u64,
    /// The apparent source of the first one, at most 200 characters: a source, the names of fields.
    /// Never the content, which may be secret.
    pub example: String,
}

/// Unrelated messages by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<Unrelated, Seen>);

impl Tally {
    /// Adds one message, with its apparent source.
    pub fn add(&mut self, kind: Unrelated, example: &str) {
        let seen = self.0.entry(kind).or_insert_with(|| Seen {
            count: 0,
            example: clip(example, MAX_EXAMPLE_CHARS).to_owned(),
        });
        seen.count = seen.count.saturating_add(1);
    }

    /// Returns whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns each kind that was added.
    pub fn iter(&self) -> impl Iterator<Item = (Unrelated, &Seen)> {
        self.0.iter().map(|(kind, seen)| (*kind, seen))
    }

    /// Returns the number of messages of one kind.
    #[must_use]
    pub fn count(&self, kind: Unrelated) -> u64 {
        self.0.get(&kind).map_or(0, |seen| seen.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_example_is_kept_and_clipped() {
        let mut tally = Tally::default();
        tally.add(Unrelated::Text, &"ä".repeat(1000));
        tally.add(Unrelated::Text, "b");
        assert_eq!(tally.count(Unrelated::Text), 2);
        assert_eq!(tally.count(Unrelated::AwsConfig), 0);
        let (_, seen) = tally.iter().next().unwrap();
        assert_eq!(seen.example, "ä".repeat(MAX_EXAMPLE_CHARS));
    }

    #[test]
    fn a_kind_has_the_same_name_everywhere() {
        for kind in [
            Unrelated::AwsConfig,
            Unrelated::OtherSource,
            Unrelated::OtherS3Event,
            Unrelated::OtherRecord,
            Unrelated::TestEvent,
            Unrelated::Subscription,
            Unrelated::CloudtrailValidation,
            Unrelated::OtherJson,
            Unrelated::Text,
        ] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
