//! Counters that the progress display reads during the work.

use std::sync::atomic::{AtomicU64, Ordering};

/// The progress of a verification.
#[derive(Debug, Default)]
pub(super) struct VerifyCounters {
    /// Account × Region folders to search.
    pub(super) folders: AtomicU64,
    /// Folders whose digests are listed.
    pub(super) folders_listed: AtomicU64,
    /// Digests that were listed.
    pub(super) digests_known: AtomicU64,
    /// Digests that are done, with their log files.
    pub(super) digests: AtomicU64,
    /// Log files that are done.
    pub(super) log_files: AtomicU64,
    /// Inflated bytes of log files.
    pub(super) bytes: AtomicU64,
    /// Findings.
    pub(super) findings: AtomicU64,
    /// Log files that a resume file records as verified.
    pub(super) resumed: AtomicU64,
}

impl VerifyCounters {
    /// Adds to a counter.
    pub(super) fn add(counter: &AtomicU64, more: u64) {
        counter.fetch_add(more, Ordering::Relaxed);
    }

    /// Reads a counter.
    pub(super) fn read(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }
}
