//! What the KMS events in a log file say of the trail's own files.
//!
//! CloudTrail's SSE-KMS leaves a KMS event for each log file that is delivered or read. Its
//! encryption context names the trail and the object: a second record of every log file, beside
//! the digests. [`rules`] holds what these events must keep, [`docket`] goes through those of one
//! log file.
//!
//! Rules: <https://docs.aws.amazon.com/kms/latest/developerguide/services-cloudtrail.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html>.

use crate::names::text::clip_bytes;

pub mod context;
pub mod docket;
pub mod event;
mod groups;
pub mod policy;
pub mod readers;
pub mod rules;

/// Whether `key` is a key's ARN, and not an alias or a bare id.
#[must_use]
pub fn is_key_arn(key: &str) -> bool {
    key.starts_with("arn:") && key.contains(":kms:") && key.contains(":key/")
}

/// The most bytes of a name, an id or another text of an event that is kept.
const MAX_NAME_BYTES: usize = 300;

/// A text of an event as it is kept.
fn kept(text: &str) -> String {
    clip_bytes(text, MAX_NAME_BYTES).to_owned()
}
