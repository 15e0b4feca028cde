//! A finding as the command reports it.

use jiff::Timestamp;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use trailseal::finding::{Finding, Stamp};

/// The name of the program that reports the finding.
const REPORTER: &str = "trailseal verify";

/// A finding: schema `trailseal.finding/1` (`docs/findings.md`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FindingReport {
    /// The finding itself.
    pub(crate) finding: Finding,
    /// The time when it was found.
    pub(crate) detected_at: Timestamp,
}

impl FindingReport {
    /// Returns the advice.
    pub(crate) fn advice(&self) -> &'static str {
        self.finding.command_advice()
    }

    /// Returns `s3://bucket/key` of the digest involved, if it is not the object itself.
    pub(crate) fn other_digest(&self) -> Option<String> {
        let digest = self.finding.digest.as_ref()?;
        let object = &self.finding.object;
        let is_object = digest.bucket == object.bucket && digest.key == object.key;
        (!is_object).then(|| format!("s3://{}/{}", digest.bucket, digest.key))
    }
}

impl Serialize for FindingReport {
    /// Serializes the fields in the order of their names.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stamp = Stamp::by_command(REPORTER, self.detected_at);
        let mut value =
            serde_json::to_value(stamp.stamp(&self.finding)).map_err(S::Error::custom)?;
        if let Some(fields) = value.as_object_mut() {
            let occurrence = self.finding.short_occurrence();
            fields.insert("occurrence".to_owned(), occurrence.into());
        }
        value.serialize(serializer)
    }
}
