//! What a rule said of an event, for people.

use crate::finding::Verdict;
use crate::kms::event::KmsEvent;
use crate::kms::rules::Rule;
use crate::kms::text::kept;
use jiff::Timestamp;

/// An event, to find it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventReference {
    /// `GenerateDataKey`, `Decrypt`, ….
    pub name: String,
    /// The event's id.
    pub id: String,
    /// When the call was made.
    pub time: Option<Timestamp>,
}

impl EventReference {
    pub(super) fn of(event: &KmsEvent<'_>) -> Self {
        Self {
            name: kept(&event.name),
            id: kept(event.id.as_deref().unwrap_or("without an id")),
            time: event.time,
        }
    }
}

impl std::fmt::Display for EventReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the KMS call {} (event {}", self.name, self.id)?;
        if let Some(time) = self.time {
            write!(f, " of {time}")?;
        }
        f.write_str(")")
    }
}

/// What a rule said of an event, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The event; none where it is about the log file at hand.
    pub event: Option<EventReference>,
    /// The rule.
    pub rule: Rule,
    /// Valid, finding or cannot tell.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
}
