//! The message with a checkpoint of the evidence log, which people receive once a day.
//!
//! Whoever keeps it can hold it against the log later: `docs/evidence-log.md`.

use super::message::Alert;
use crate::evidence_log::{LogCheckpoint, LogKey};
use crate::names::printable::json_for_queue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The schema of the message.
pub const CHECKPOINT_SCHEMA: &str = "trailseal.checkpoint/1";

/// The maximum length in bytes of the checkpoint and of the key.
const MAX_BYTES: usize = 16 * 1024;

/// A checkpoint that people receive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckpointNotice {
    schema: String,
    /// The public key of the log.
    pub key: String,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// When it was signed.
    pub signed_at: Timestamp,
}

impl CheckpointNotice {
    /// Returns the notice of a checkpoint.
    #[must_use]
    pub fn new(key: &LogKey, checkpoint: &LogCheckpoint, signed_at: Timestamp) -> Self {
        Self {
            schema: CHECKPOINT_SCHEMA.to_owned(),
            key: key.to_string(),
            checkpoint: String::from_utf8_lossy(checkpoint.as_bytes()).into_owned(),
            signed_at,
        }
    }

    /// Returns the message to the queue of findings.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text and a time: JSON can hold everything in it.
        json_for_queue(serde_json::to_string(self).unwrap_or_default())
    }

    /// Returns the message to people. Returns `None` if the key did not sign the checkpoint: nobody
    /// receives what only looks like one.
    #[must_use]
    pub fn alert(&self) -> Option<Alert> {
        if self.key.len() > MAX_BYTES || self.checkpoint.len() > MAX_BYTES {
            return None;
        }
        let key = LogKey::read(&self.key).ok()?;
        let checkpoint = LogCheckpoint::read(self.checkpoint.as_bytes(), &key).ok()?;
        let text = format!(
            "Trailseal checks that the CloudTrail files in your S3 buckets are as CloudTrail delivered them, and keeps a signed log of its own checks: the evidence log.\nThis is the checkpoint of the log at {at}. You do not need to do anything. Keep this message: with it, you can show later that nobody has rewritten the log. To do so, save the lines between the two lines of hyphens as a file, and give it to `trailseal evidence verify` with --checkpoint.\n\nEntries    {size}\nKey        {key}\n\n--------\n{note}--------\n",
            at = self.signed_at,
            size = checkpoint.size,
            note = self.checkpoint,
        );
        let json = self.to_json();
        let message = serde_json::json!({
            "default": text, "email": text,
            "sqs": json, "lambda": json, "http": json, "https": json,
            "severity": "info",
        });
        Some(Alert {
            subject: format!(
                "[INFO] Trailseal: checkpoint of the evidence log, {} entries",
                checkpoint.size
            ),
            message: json_for_queue(message.to_string()),
            attributes: BTreeMap::from([("severity", "info".to_owned())]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    const NAME: &str = "amzn-s3-demo-bucket.s3.us-east-1.amazonaws.com/log";

    fn notice(text: &str) -> CheckpointNotice {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let public = pair.public_key().as_ref().try_into().unwrap();
        let key = LogKey::of_log(NAME, public).unwrap();
        let signature = pair.sign(text.as_bytes());
        let line = [&key.id().to_be_bytes(), signature.as_ref()].concat();
        CheckpointNotice {
            schema: CHECKPOINT_SCHEMA.to_owned(),
            key: key.to_string(),
            checkpoint: format!("{text}\n— {NAME} {}\n", BASE64_STANDARD.encode(line)),
            signed_at: "2026-01-15T12:00:00Z".parse().unwrap(),
        }
    }

    fn text() -> String {
        format!("{NAME}\n22\n{}\n", BASE64_STANDARD.encode([1; 32]))
    }

    #[test]
    fn people_receive_the_signed_text_in_one_piece() {
        let notice = notice(&text());
        let alert = notice.alert().unwrap();
        assert_eq!(
            alert.subject,
            "[INFO] Trailseal: checkpoint of the evidence log, 22 entries"
        );
        let message: serde_json::Value = serde_json::from_str(&alert.message).unwrap();
        let email = message["email"].as_str().unwrap();
        let (_, after) = email.split_once("--------\n").unwrap();
        let (saved, _) = after.split_once("--------\n").unwrap();
        assert_eq!(saved, notice.checkpoint);
        let key = LogKey::read(&notice.key).unwrap();
        assert_eq!(
            LogCheckpoint::read(saved.as_bytes(), &key).unwrap().size,
            22
        );
        let read: CheckpointNotice = serde_json::from_str(&notice.to_json()).unwrap();
        assert_eq!(read, notice);
    }

    #[test]
    fn nobody_receives_what_the_key_did_not_sign() {
        let mut changed = notice(&text());
        changed.checkpoint = changed.checkpoint.replacen("22", "23", 1);
        assert_eq!(changed.alert(), None);
        let mut other_key = notice(&text());
        other_key.key.clear();
        assert_eq!(other_key.alert(), None);
        assert_eq!(notice("Call +1 555 0100 now\n\n").alert(), None);
    }
}
