//! The content of a report before the first log file and after the last.

use crate::report::copy::Note;
use crate::report::{Outcome, Range};
use jiff::Timestamp;
use trailseal::kms::expected::Expected;

/// The facts that are known before the first log file is read.
pub(super) struct KmsHead {
    pub(super) source: String,
    pub(super) expected: Expected,
    pub(super) requested: Range,
    /// Whether the buckets are those that the events name.
    pub(super) buckets_found: bool,
    /// Whether valid events are explained, too.
    pub(super) all: bool,
    /// Whether one log file is requested.
    pub(super) one: bool,
    pub(super) started_at: Timestamp,
}

/// The facts that are known at the end.
pub(super) struct KmsFoot {
    pub(super) finished_at: Timestamp,
    pub(super) interrupted: bool,
    pub(super) requests: u64,
    pub(super) verdict: Outcome,
    /// The unusual facts about the files of a copy on disk.
    pub(super) notes: Vec<Note>,
}
