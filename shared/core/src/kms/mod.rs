//! The statements of the KMS events in a log file about the trail's own files.
//!
//! CloudTrail's SSE-KMS leaves a KMS event for each log file that is delivered or read. The
//! encryption context of the event names the trail and the object: a second record of every log
//! file, besides the digests. [`rules`] holds the rules for these events, and [`review`] applies
//! them to one log file.
//!
//! Rules: <https://docs.aws.amazon.com/kms/latest/developerguide/services-cloudtrail.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html>.

pub mod context;
pub mod event;
pub mod expected;
pub mod key_name;
pub mod policy;
pub mod readers;
pub mod review;
pub mod rules;
mod text;
