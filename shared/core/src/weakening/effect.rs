//! The effect of a call on what is recorded.

use crate::names::location::ObjectLocation;
use crate::names::object_key::{AccountFolder, LogFileKey};
use crate::names::places::Places;

/// The least number of days for which Trailseal expects log files to be kept, if nobody states a
/// number: PCI DSS 10.5.1 wants the most recent three months available at once.
pub(super) const DEFAULT_RETENTION_DAYS: u64 = 90;

/// The least number of days that an overwritten or deleted version must be kept or locked. In less
/// time, nobody notices that it is needed.
pub(super) const MIN_DAYS_TO_REACT: u64 = 7;

/// The effect of a call that AWS carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It weakens what is recorded, or how it is kept: each sentence says how.
    Weakens(Vec<String>),
    /// It weakens nothing, for this reason.
    Harmless(&'static str),
    /// Its record does not show what it sets, for this reason.
    Unclear(&'static str),
}

impl Effect {
    /// Returns the effect of a call that has these weaknesses, or is otherwise harmless.
    pub(super) fn of(weaknesses: Vec<String>, otherwise: &'static str) -> Self {
        if weaknesses.is_empty() {
            Self::Harmless(otherwise)
        } else {
            Self::Weakens(weaknesses)
        }
    }

    /// Returns the effect of a call that always weakens.
    pub(super) fn weakens(how: &str) -> Self {
        Self::Weakens(vec![how.to_owned()])
    }
}

/// The configuration that is guarded, as far as it is known, and the log file that records a call.
#[derive(Debug, Clone, Copy)]
pub struct Guarded<'x> {
    /// The buckets and trails.
    pub places: &'x Places,
    /// The trails' keys, by ARN; empty: any key.
    pub key_arns: &'x [String],
    /// Indicates whether log files are encrypted under a KMS key.
    pub is_encrypted: bool,
    /// The number of days for which log files must be kept, if it is stated.
    pub retention_days: Option<u64>,
    /// The log file that records the call.
    pub log_file: &'x ObjectLocation,
    /// The names in its key.
    pub key: &'x LogFileKey,
}

impl Guarded<'_> {
    /// Returns whether the bucket is a log bucket, or a replica of one.
    #[must_use]
    pub fn has_bucket(&self, bucket: &str) -> bool {
        let named =
            |(original, replica): &(String, String)| original == bucket || replica == bucket;
        self.places.watches(bucket) || self.places.aliases.iter().any(named)
    }

    /// Returns the number of days for which log files must be kept.
    pub(super) fn retention(&self) -> u64 {
        self.retention_days.unwrap_or(DEFAULT_RETENTION_DAYS)
    }

    /// Returns the start of the keys of the trail's files in a bucket, if it is known: that of the
    /// log file that records the call, in the log file's own bucket.
    pub(super) fn root_in(&self, bucket: &str) -> Option<String> {
        let prefix = self.key.folder.prefix.as_deref();
        (bucket == self.log_file.bucket).then(|| AccountFolder::above(prefix, None))
    }
}
