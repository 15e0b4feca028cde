//! The all-clears of a second look: an object about which something was found is right now.
//!
//! Each function returns one all-clear for each incident that the object may have opened. The
//! caller keeps those whose incidents are open.

use super::changed::{self, ChangedKind, ChangedObject};
use super::digest::DigestSubject;
use super::log_file::LogFileSubject;
use super::{Finding, FindingKind, Scope, object};
use crate::names::location::ObjectLocation;

/// The kinds that end when a log file is what the digest lists.
const OF_LOG_FILE: [FindingKind; 4] = [
    FindingKind::LogFileMissing,
    FindingKind::LogFileModified,
    FindingKind::LogFileTrailingData,
    FindingKind::LogFileMalformed,
];

/// The kinds that end when a digest's own signature is valid.
const OF_DIGEST: [FindingKind; 7] = [
    FindingKind::DigestMissing,
    FindingKind::DigestSignatureInvalid,
    FindingKind::DigestSignatureMissing,
    FindingKind::DigestMoved,
    FindingKind::DigestMalformed,
    FindingKind::DigestKeyUnknown,
    FindingKind::DigestAlgorithmUnsupported,
];

/// What is known about an object that was unreadable, and has been verified.
const INTACT: &str = "Trailseal can read the object again, and the object is intact.";

/// Returns the all-clears of a log file that is what the digest lists.
#[must_use]
pub fn of_log_file(subject: LogFileSubject<'_>) -> Vec<Finding> {
    let message = "The log file is what CloudTrail delivered: its content has the SHA-256 that the signed digest lists.";
    let ended = OF_LOG_FILE.map(|kind| {
        let finding = Finding::new(kind, subject.scope.clone(), subject.at.clone(), "");
        let finding = finding.with_digest(subject.listed_in.clone());
        finding.into_end_of_incident(message)
    });
    let changed = ChangedObject {
        scope: subject.scope.clone(),
        at: subject.at,
        kind: ChangedKind::LogFile,
        deed: None,
        listed: Some((subject.hash, subject.listed_in.clone())),
    };
    let mut all_clears = Vec::from(ended);
    all_clears.extend(changed::intact(&changed));
    all_clears.extend(object::readable(
        subject.scope,
        subject.at,
        &subject.at.to_string(),
        INTACT,
    ));
    all_clears
}

/// Returns the all-clears of a digest whose own signature is valid.
#[must_use]
pub fn of_digest(subject: &DigestSubject<'_>) -> Vec<Finding> {
    let message =
        "The digest is what CloudTrail signed: it is in its place, and its signature is valid.";
    let mut all_clears: Vec<_> = OF_DIGEST
        .into_iter()
        .map(|kind| {
            let finding = subject.clone().finding(kind, "");
            finding.into_end_of_incident(message)
        })
        .collect();
    let changed = ChangedObject {
        scope: subject.scope.clone(),
        at: subject.at,
        kind: ChangedKind::Digest,
        deed: None,
        listed: None,
    };
    all_clears.extend(changed::intact(&changed));
    all_clears.extend(object::readable(
        &subject.scope,
        subject.at,
        &subject.at.to_string(),
        INTACT,
    ));
    all_clears
}

/// Returns the all-clears of a digest whose own signature is valid, and which is the one that the
/// next digest names.
#[must_use]
pub fn of_predecessor(subject: &DigestSubject<'_>) -> Vec<Finding> {
    let message = "The digest is the one that the next digest names and describes, and its signature is valid.";
    let modified = subject.clone().finding(FindingKind::DigestModified, "");
    let mut all_clears = of_digest(subject);
    all_clears.push(modified.into_end_of_incident(message));
    all_clears
}

/// Returns the all-clears of an object that can be read again, or of `subject`, to which it led.
pub(crate) fn of_readable(
    scope: &Scope,
    at: &ObjectLocation,
    subject: &str,
) -> impl Iterator<Item = Finding> {
    object::readable(scope, at, subject, "Trailseal can read the object again.")
}

/// Returns the all-clear of a chain whose trail is an expected one now. `place` is the place of the
/// chain.
#[must_use]
pub fn of_trail(subject: DigestSubject<'_>, place: String) -> Finding {
    let finding = subject.finding(FindingKind::DigestTrailUnexpected, "");
    let message = "The trail is one of the expected trails now.";
    finding.about(place, "").into_end_of_incident(message)
}

/// Returns the all-clear of a copy of a digest that is no longer there.
#[must_use]
pub fn of_removed_copy(scope: Scope, at: &ObjectLocation) -> Finding {
    let finding = Finding::new(FindingKind::DigestMoved, scope, at.clone(), "");
    finding.into_end_of_incident("The copy of the digest is no longer in this place.")
}
