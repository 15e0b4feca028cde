//! What a rule says of an event.

use crate::finding::FindingKind;

/// What a rule says of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// Nothing: the event is none of its.
    Silent,
    /// The rule is kept, and why.
    Valid(&'static str),
    /// It is broken.
    Wrong(Box<Problem>),
}

/// How a rule is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The finding.
    pub kind: FindingKind,
    /// What should be.
    pub expected: String,
    /// What is.
    pub actual: String,
}

pub(super) fn wrong(
    kind: FindingKind,
    expected: impl Into<String>,
    actual: impl Into<String>,
) -> Ruling {
    Ruling::Wrong(Box::new(Problem {
        kind,
        expected: expected.into(),
        actual: actual.into(),
    }))
}
