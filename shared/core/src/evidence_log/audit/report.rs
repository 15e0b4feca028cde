//! The result of an audit of the evidence log.

use crate::evidence_log::checkpoint::{Cosigner, LogCheckpoint};
use crate::finding::Verdict;
use jiff::Timestamp;
use serde::Serialize;

/// The maximum number of findings, and of obstacles, that a report names.
const MAX_NAMED: usize = 10_000;

/// What is wrong with the evidence log, or with a document that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFault {
    /// The checkpoint is missing, or the key of the log did not sign it.
    Checkpoint,
    /// An older checkpoint contradicts the log: its history was rewritten.
    History,
    /// A batch is missing, damaged, or contradicts the log.
    Batch,
    /// A tile is missing or damaged.
    Tile,
    /// An entry, or a bundle of entries, is missing or damaged.
    Entry,
    /// An object in the folder of the log is not part of the log.
    Unexpected,
    /// The rounds do not follow each other, or an entry is not of its round.
    Round,
    /// A document that the log names was deleted.
    DocumentMissing,
    /// A document is not what the log names.
    DocumentChanged,
    /// The log does not name a document that existed when its folder was added to the log.
    DocumentUnlogged,
    /// A receipt states a time of its check that is not that of its storage.
    DocumentBackdated,
    /// A digest that has a receipt was deleted from the log bucket.
    DigestMissing,
    /// A digest is not the one that its receipt is about.
    DigestChanged,
    /// A digest in the log bucket has no receipt.
    DigestUnrecorded,
}

/// A fault, and the object that shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogFinding {
    /// What is wrong.
    pub fault: LogFault,
    /// The key of the object.
    pub key: String,
    /// What is wrong, in a sentence.
    pub message: String,
}

/// The result of an audit of the evidence log.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogReport {
    /// The newest checkpoint, if the key of the log signed it.
    pub checkpoint: Option<LogCheckpoint>,
    /// Those who cosigned it.
    pub cosigners: Vec<Cosigner>,
    /// When the newest round was made.
    pub newest_round: Option<Timestamp>,
    /// When the first round was made.
    pub first_round: Option<Timestamp>,
    /// The number of rounds.
    pub rounds: u64,
    /// The number of entries that were read.
    pub entries: u64,
    /// The number of documents that are what the log names.
    pub documents: u64,
    /// The number of documents that are newer than the newest round.
    pub not_logged_yet: u64,
    /// The number of earlier checkpoints that agree with the log, besides those of its batches.
    pub agreeing_checkpoints: u64,
    /// The findings, at most ten thousand.
    pub findings: Vec<LogFinding>,
    /// What could not be verified, and why; at most ten thousand sentences.
    pub cannot_tell: Vec<String>,
    /// The number of findings and obstacles that are not named.
    pub left_out: u64,
}

impl LogReport {
    /// Returns the verdict.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if !self.findings.is_empty() {
            Verdict::Finding
        } else if self.cannot_tell.is_empty() && self.checkpoint.is_some() {
            Verdict::Valid
        } else {
            Verdict::CannotTell
        }
    }

    /// Adds a finding.
    pub(super) fn find(&mut self, fault: LogFault, key: &str, message: impl Into<String>) {
        if self.findings.len() < MAX_NAMED {
            self.findings.push(LogFinding {
                fault,
                key: key.to_owned(),
                message: message.into(),
            });
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// Adds the findings and obstacles of another report.
    pub(super) fn merge(&mut self, other: Self) {
        for LogFinding {
            fault,
            key,
            message,
        } in other.findings
        {
            self.find(fault, &key, message);
        }
        for why in other.cannot_tell {
            self.obstacle(why);
        }
        self.left_out = self.left_out.saturating_add(other.left_out);
    }

    /// Adds what could not be verified.
    pub(super) fn obstacle(&mut self, why: impl Into<String>) {
        if self.cannot_tell.len() < MAX_NAMED {
            self.cannot_tell.push(why.into());
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }
}
