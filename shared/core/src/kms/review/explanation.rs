//! The explanation of a rule's result for an event, for people.
//!
//! The tests are in `tests/tests/kms/documented.rs` and `tests/tests/command/kms.rs`.

use crate::finding::Verdict;
use crate::finding::kms::EventReference;
use crate::kms::event::KmsEvent;
use crate::kms::rules::Rule;
use crate::kms::text::kept;
use std::borrow::Cow;

/// The names of almost all events: a reference to one of them needs no copy.
const NAMES: [&str; 3] = ["GenerateDataKey", "Decrypt", "Encrypt"];

impl EventReference {
    pub(super) fn of(event: &KmsEvent<'_>) -> Self {
        let known = NAMES.into_iter().find(|name| *name == event.name);
        Self {
            name: known.map_or_else(|| kept(&event.name).into(), Cow::Borrowed),
            id: kept(event.id.as_deref().unwrap_or("without an ID")),
            time: event.time,
        }
    }
}

/// The explanation of a rule's result for an event, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The event; `None` if the explanation is about the current log file.
    pub event: Option<EventReference>,
    /// The rule.
    pub rule: Rule,
    /// The verdict: valid, finding or could not verify.
    pub verdict: Verdict,
    /// The reason for the verdict.
    pub reason: String,
}
