//! Which digest is verified again to find out whether what was found is right again.
//!
//! That may be so without an event that says it: somebody restores a file that is missing, or permits
//! a function to read one. `watchdog` has the digest verified again that shows it. The function that
//! verifies it sends the all-clear.

use super::sent_finding::SentFinding;
use crate::finding::FindingKind;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{ObjectKind, classify};
use crate::watch::VerifyingFunction;

/// The maximum length in bytes of the location of a digest that an incident remembers.
const MAX_LOCATION_BYTES: usize = 500;

/// Returns the functions that look at the objects of a kind again.
pub(super) fn functions(kind: &str) -> &'static [VerifyingFunction] {
    use FindingKind as Kind;
    use VerifyingFunction::{DigestValidator, LogVerifier};
    let mut kinds = FindingKind::ALL.into_iter();
    match kinds.find(|known| known.as_str() == kind) {
        Some(
            Kind::DigestMissing
            | Kind::DigestModified
            | Kind::DigestMalformed
            | Kind::DigestMoved
            | Kind::DigestSignatureInvalid
            | Kind::DigestSignatureMissing
            | Kind::DigestKeyUnknown
            | Kind::DigestAlgorithmUnsupported
            | Kind::DigestTrailUnexpected,
        ) => &[DigestValidator],
        Some(
            Kind::LogFileMissing
            | Kind::LogFileModified
            | Kind::LogFileMalformed
            | Kind::LogFileTrailingData,
        ) => &[LogVerifier],
        Some(
            Kind::ObjectDeleted
            | Kind::ObjectOverwritten
            | Kind::ObjectUnreadableDenied
            | Kind::ObjectArchived,
        ) => &[DigestValidator, LogVerifier],
        _ => &[],
    }
}

/// Returns the digest whose verification shows whether what was found is right again: the one that
/// shows the finding, or the object itself.
pub(super) fn look_at(finding: &SentFinding) -> Option<ObjectLocation> {
    if functions(&finding.kind).is_empty() {
        return None;
    }
    let at = match &finding.digest {
        Some(digest) => ObjectLocation::new(&digest.bucket, &digest.key),
        None => ObjectLocation::new(&finding.object.bucket, &finding.object.key),
    };
    can_be_looked_at(&at).then_some(at)
}

/// Returns whether an object is a digest whose location an incident remembers.
pub(super) fn can_be_looked_at(at: &ObjectLocation) -> bool {
    let is_digest = matches!(classify(&at.key), ObjectKind::Digest(_));
    // What JSON escapes makes the document larger.
    let is_escaped = |c: char| c.is_control() || c == '"' || c == '\\';
    let location = at.to_string();
    is_digest && location.len() <= MAX_LOCATION_BYTES && !location.contains(is_escaped)
}

/// Returns whether an incident of a kind is about one object, so that all its occurrences end when
/// the object is right. The others are about a folder.
pub(super) fn is_of_one_object(kind: &str) -> bool {
    !kind.starts_with("object-")
}
