//! An incident in an alert, its rank, and the choice of the shown entries.

use super::incident::Incident;
use super::notice::Notice;
use super::sent_finding::SentFinding;
use crate::finding::Severity;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// An incident that this message reports.
#[derive(Debug, Clone, Copy)]
pub struct AlertEntry<'a> {
    /// The incident, with everything that is new in it.
    pub incident: &'a Incident,
    /// The reason why it is reported now.
    pub notice: Notice,
    /// Indicates whether some of the news arrived earlier and was held back until the next update:
    /// it is listed in the incident's folder.
    pub waited: bool,
}

impl<'a> AlertEntry<'a> {
    /// Returns the finding that the message shows: the newest one of the incident, or the
    /// all-clear that closes it.
    #[must_use]
    pub fn finding(&self) -> &'a SentFinding {
        match (self.notice, &self.incident.closing) {
            (Notice::Closed, Some(closing)) => &closing.all_clear,
            _ => &self.incident.latest,
        }
    }

    /// Returns the number of findings that the entry represents.
    pub(super) fn count(&self) -> u64 {
        self.incident.unpublished().max(1)
    }

    pub(super) fn severity(&self) -> Severity {
        self.finding().severity
    }
}

/// Returns the rank of an entry in a message: the most severe first; within a severity, new
/// incidents before persisting ones.
#[must_use]
pub fn rank(entry: &AlertEntry<'_>) -> (Reverse<Severity>, u8) {
    let rank = match entry.notice {
        Notice::Opened => 0,
        Notice::Grown { .. } | Notice::Later { .. } => 1,
        Notice::Persists { .. } | Notice::Closed | Notice::Known | Notice::Silenced => 2,
    };
    (Reverse(entry.severity()), rank)
}

/// Chooses which entries are shown if `limit` are: the first of each kind, then the first of the
/// others. Takes the kind of each entry, the most severe entry first.
pub(crate) fn choose<'a>(kinds: impl IntoIterator<Item = &'a str>, limit: usize) -> Vec<bool> {
    let mut known = BTreeSet::new();
    let first_of_kind: Vec<bool> = kinds.into_iter().map(|kind| known.insert(kind)).collect();
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
