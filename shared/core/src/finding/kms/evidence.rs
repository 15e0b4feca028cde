//! The parts of every finding that a KMS event shows.
//!
//! The tests are in `tests/tests/kms/robust.rs`.

use crate::finding::{Finding, FindingKind, Scope};
use crate::names::location::ObjectLocation;
use crate::names::text::clip_bytes;

/// The maximum length in bytes of each piece of evidence. The caller of KMS chooses much of it.
const MAX_EVIDENCE_BYTES: usize = 1000;

/// The way in which a rule is broken. Its words are composed on request.
pub trait Evidence {
    /// Returns the kind of the finding.
    fn kind(&self) -> FindingKind;

    /// Returns the expected state.
    fn expected(&self) -> String;

    /// Returns the actual state.
    fn actual(&self) -> String;
}

/// The subject of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingSubject {
    /// Account, Region and trail, as far as they are known.
    pub scope: Scope,
    /// The object.
    pub object: ObjectLocation,
}

/// Returns a finding with its evidence.
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
