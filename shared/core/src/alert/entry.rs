//! An incident in an alert, its place there, and which are shown.

use super::incident::Incident;
use super::notice::Notice;
use super::sent_finding::SentFinding;
use crate::finding::Severity;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// An incident that people hear of in this message.
#[derive(Debug, Clone, Copy)]
pub struct AlertEntry<'a> {
    /// The incident with everything that is new in it.
    pub incident: &'a Incident,
    /// Why people hear of it now.
    pub notice: Notice,
    /// Whether some of what is new came earlier, and waited for its hour: it is listed in the
    /// incident's folder.
    pub waited: bool,
}

impl AlertEntry<'_> {
    pub(super) fn finding(&self) -> &SentFinding {
        &self.incident.latest
    }

    /// How many findings the entry stands for.
    pub(super) fn count(&self) -> u64 {
        self.incident.unpublished().max(1)
    }

    pub(super) fn severity(&self) -> Severity {
        self.finding().severity
    }
}

/// The place of an entry in the order of a message: the most severe first; of one severity, what
/// is new before what persists.
#[must_use]
pub fn rank(entry: &AlertEntry<'_>) -> (Reverse<Severity>, u8) {
    let rank = match entry.notice {
        Notice::Opened => 0,
        Notice::Grown { .. } | Notice::Later { .. } => 1,
        Notice::Persists { .. } | Notice::Known => 2,
    };
    (Reverse(entry.severity()), rank)
}

/// Which entries are shown where `limit` are: of each kind the first, then the most severe.
pub(super) fn choose(entries: &[AlertEntry<'_>], limit: usize) -> Vec<bool> {
    let mut kinds = BTreeSet::new();
    let first_of_kind: Vec<bool> = entries
        .iter()
        .map(|entry| kinds.insert(entry.finding().kind.as_str()))
        .collect();
    let mut left = limit;
    let mut shown: Vec<bool> = first_of_kind
        .iter()
        .map(|first| {
            let shown = *first && left > 0;
            left = left.saturating_sub(usize::from(shown));
            shown
        })
        .collect();
    for shown in shown.iter_mut().filter(|shown| !**shown) {
        if left == 0 {
            break;
        }
        *shown = true;
        left -= 1;
    }
    shown
}
