//! Parses events in every envelope in which they arrive.
//!
//! EventBridge (`source: aws.s3`), S3 notifications, `s3:TestEvent`, CloudTrail's own SNS
//! notification and a bare `{"bucket","key"}` or `{"bucket","keys"}`, each plain, inside SNS, inside
//! SQS, or inside both.
//!
//! Formats: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-cloudtrail-to-send-notifications.html>.
//!
//! # Our messages, broken messages, and messages of other senders
//!
//! A message is ours if it has the top-level fields that the formats above always have. It is then
//! parsed, and any problem with it is an error, because it may be about a digest. A message with
//! none of these fields is [`Unrelated`], and is counted. Its kind depends on names of fields and
//! on texts that AWS writes (`source`, `eventSource`, `messageType`), and never on an object's key
//! or another text that a user can choose. Our fields are checked first: no further field makes
//! such a message unrelated.

mod deeds;
mod envelopes;
mod fields;
mod formats;
mod objects;
#[cfg(test)]
mod tests;
pub mod unrelated;

pub use objects::{EventError, EventObjects};
pub use unrelated::{Tally, Unrelated};
