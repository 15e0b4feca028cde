//! The outcomes of a digest and its log files.

use crate::report::{Counts, Outcome};
use jiff::Timestamp;
use serde::Serialize;
use trailseal::check::digest::SettledDigest;
use trailseal::finding::Finding;
use trailseal::names::object_key::DigestKey;

/// The outcomes of a digest and its log files.
pub(super) struct DigestOutcomes {
    pub(super) key: DigestKey,
    pub(super) time: (Timestamp, Timestamp),
    pub(super) own: Outcome,
    pub(super) log_files: Counts,
    pub(super) bytes: u64,
}

/// The outcomes of a digest's log files.
#[derive(Clone, Copy, Default)]
pub(super) struct LogFileOutcomes {
    pub(super) counts: Counts,
    pub(super) bytes: u64,
}

/// The JSON line of a digest.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DigestLine {
    bucket: String,
    key: String,
    start_time: Timestamp,
    end_time: Timestamp,
    verdict: Outcome,
    log_files: Counts,
    bytes: u64,
}

impl DigestOutcomes {
    /// Returns the outcomes of a digest whose log files are yet to be verified.
    pub(super) fn of(settled: &SettledDigest) -> Self {
        Self {
            time: (settled.start, settled.key.end_time),
            own: own_outcome(settled),
            log_files: Counts::default(),
            bytes: 0,
            key: settled.key.clone(),
        }
    }

    /// Adds the outcomes of the digest's log files.
    pub(super) fn with(self, log_files: LogFileOutcomes) -> Self {
        Self {
            log_files: log_files.counts,
            bytes: log_files.bytes,
            ..self
        }
    }

    /// Returns the worst outcome of the digest and its log files.
    pub(super) fn state(&self) -> Outcome {
        let log_files = if self.log_files.finding > 0 {
            Outcome::Finding
        } else if self.log_files.cannot_tell > 0 {
            Outcome::CannotTell
        } else {
            Outcome::Valid
        };
        self.own.max(log_files)
    }

    /// Returns the JSON line of the digest, in this bucket.
    pub(super) fn line(&self, bucket: &str) -> DigestLine {
        DigestLine {
            bucket: bucket.to_owned(),
            key: self.key.to_string(),
            start_time: self.time.0,
            end_time: self.time.1,
            verdict: self.state(),
            log_files: self.log_files,
            bytes: self.bytes,
        }
    }
}

/// Returns the verdict on a digest itself.
fn own_outcome(settled: &SettledDigest) -> Outcome {
    let own = |finding: &Finding| finding.object == settled.at;
    if settled.report.findings.iter().any(own) {
        Outcome::Finding
    } else if settled.authentic.is_none() {
        Outcome::CannotTell
    } else {
        Outcome::Valid
    }
}
