//! Receipts that the log names and that cannot be used.

use std::sync::Arc;

/// The maximum number of lost receipts of a digest, or of the digests of a day, that are kept. Each is a
/// finding or an obstacle of the report besides.
pub(super) const MAX_LOST: usize = 20;

/// A receipt that the log names and that cannot be used.
#[derive(Debug, Clone)]
pub(super) struct LostReceipt {
    pub(super) key: Arc<str>,
    pub(super) why: &'static str,
    /// Whether somebody deleted or changed it.
    pub(super) is_finding: bool,
}

/// The first lost receipts of a digest, or of the digests of a day.
#[derive(Debug, Clone, Default)]
pub(super) struct LostReceipts(Vec<LostReceipt>);

impl LostReceipts {
    /// Adds a receipt, if there is room. The first that somebody deleted or changed always has room.
    pub(super) fn add(&mut self, lost: LostReceipt) {
        if self.0.len() >= MAX_LOST {
            if !lost.is_finding || self.are_findings() {
                return;
            }
            self.0.pop();
        }
        self.0.push(lost);
    }

    /// Adds the receipts of another list.
    pub(super) fn add_all(&mut self, others: &Self) {
        for lost in &others.0 {
            self.add(lost.clone());
        }
    }

    /// Returns whether there are no lost receipts.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether somebody deleted or changed one of them.
    pub(super) fn are_findings(&self) -> bool {
        self.0.iter().any(|lost| lost.is_finding)
    }

    /// Returns the keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|lost| &*lost.key)
    }

    /// Returns why they cannot be used, each reason once.
    pub(super) fn reasons(&self) -> Vec<String> {
        let mut reasons: Vec<String> = Vec::new();
        for lost in &self.0 {
            if !reasons.iter().any(|reason| reason == lost.why) {
                reasons.push(lost.why.to_owned());
            }
        }
        reasons
    }
}
