//! What all findings by KMS events are made of.
//!
//! The tests are in `tests/tests/kms/robust.rs`.

use crate::finding::{Finding, FindingKind, Scope};
use crate::names::location::ObjectLocation;
use crate::names::text::clip_bytes;

/// The most bytes of each piece of a finding's evidence: whoever calls KMS chooses much of it.
const MAX_EVIDENCE_BYTES: usize = 1000;

/// How a rule is broken. What it is in words is made when it is asked for.
pub trait Evidence {
    /// The finding.
    fn kind(&self) -> FindingKind;

    /// What should be.
    fn expected(&self) -> String;

    /// What is.
    fn actual(&self) -> String;
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingSubject {
    /// Account, Region and trail, as far as known.
    pub scope: Scope,
    /// The object.
    pub object: ObjectLocation,
}

/// A finding with its evidence.
pub(super) fn finding(
    subject: FindingSubject,
    evidence: &impl Evidence,
    message: impl Into<String>,
) -> Finding {
    let (expected, actual) = (evidence.expected(), evidence.actual());
    Finding::new(evidence.kind(), subject.scope, subject.object, message).with_evidence(
        clip_bytes(&expected, MAX_EVIDENCE_BYTES),
        clip_bytes(&actual, MAX_EVIDENCE_BYTES),
    )
}
