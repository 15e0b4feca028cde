//! The results of a part of a digest's list of log files.

use crate::finding::Counts;
use serde::{Deserialize, Serialize};

/// The results of the log files `from` to `until` of a digest's list. If time runs out, the next
/// message continues with number `until`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogFileTally {
    /// How many log files the digest lists.
    pub listed: usize,
    /// The number of the first log file, counted from 0.
    pub from: usize,
    /// The number after the last log file.
    pub until: usize,
    /// How many are valid, have findings, and could not be verified.
    #[serde(flatten)]
    pub counts: Counts,
}
