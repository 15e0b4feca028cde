//! The findings about log files and deliveries, with what each of them says.
//!
//! The tests are in `tests/tests/stories.rs` and `tests/tests/kms`, and in
//! `tests/tests/command/unlisted.rs`.

use super::{ArchivedMisfit, DigestReference, Finding, FindingKind, Scope};
use crate::names::location::ObjectLocation;
use crate::names::sha256::Sha256;
use crate::trust::log_file::LogFileError;
use crate::world::Absence;
use jiff::Timestamp;

/// A log file that a digest lists.
#[derive(Debug, Clone, Copy)]
pub struct LogFileSubject<'a> {
    /// The chain of the digest.
    pub scope: &'a Scope,
    /// Where the log file is.
    pub at: &'a ObjectLocation,
    /// The hash of its content that the digest lists.
    pub hash: Sha256,
    /// The digest.
    pub listed_in: &'a DigestReference,
}

impl LogFileSubject<'_> {
    fn finding(self, kind: FindingKind, message: &str) -> Finding {
        Finding::new(kind, self.scope.clone(), self.at.clone(), message)
            .with_digest(self.listed_in.clone())
    }

    fn content(self) -> String {
        format!("content with SHA-256 {}", self.hash)
    }
}

/// `log-file-missing`: a listed log file is gone.
#[must_use]
pub fn missing(subject: LogFileSubject<'_>, absence: Absence) -> Finding {
    subject
        .finding(
            FindingKind::LogFileMissing,
            "CloudTrail delivered the log file and it is gone.",
        )
        .with_evidence(subject.content(), absence.to_string())
}

/// `log-file-trailing-data`, `log-file-malformed` or `log-file-modified`: why a log file is not the
/// one listed.
#[must_use]
pub fn wrong(subject: LogFileSubject<'_>, error: &LogFileError) -> Finding {
    let (kind, message) = match error {
        LogFileError::TrailingData => (
            FindingKind::LogFileTrailingData,
            "Bytes were appended to the log file after delivery; some readers would show them as records.",
        ),
        LogFileError::Malformed(_) | LogFileError::TooLarge => (
            FindingKind::LogFileMalformed,
            "The log file was replaced or damaged after delivery: it is not the gzip file that CloudTrail wrote.",
        ),
        LogFileError::Modified { .. } => (
            FindingKind::LogFileModified,
            "The log file's content is not what CloudTrail delivered.",
        ),
    };
    subject
        .finding(kind, message)
        .with_evidence(subject.content(), error.to_string())
}

/// `log-file-modified`: an archived object is not the log file that CloudTrail delivered.
#[must_use]
pub fn replaced_in_archive(subject: LogFileSubject<'_>, misfit: &ArchivedMisfit) -> Finding {
    subject
        .finding(
            FindingKind::LogFileModified,
            "The log file was replaced after delivery, by an object in an archive storage class, which nobody can read.",
        )
        .with_evidence(
            format!("{}, in {}", subject.content(), misfit.expected()),
            misfit.actual(),
        )
}

/// `log-file-unlisted`: a file lies among the log files, and no digest of its time lists it.
#[must_use]
pub fn unlisted(scope: Scope, at: ObjectLocation) -> Finding {
    Finding::new(
        FindingKind::LogFileUnlisted,
        scope,
        at,
        "The file lies among the log files, and no digest lists it, although the digests of its time are there.",
    )
    .with_evidence(
        "an entry in a digest of its hour, or a later one",
        "none in any digest",
    )
}

/// A delivery that a KMS event shows.
#[derive(Debug, Clone, Copy)]
pub struct WitnessedDelivery<'a> {
    /// The chain whose digests should list it.
    pub scope: &'a Scope,
    /// Where the log file is delivered.
    pub at: &'a ObjectLocation,
    /// The KMS event.
    pub event_id: &'a str,
    /// When it happened.
    pub time: Timestamp,
    /// The log file that records the event.
    pub recorded_in: &'a str,
    /// The digest with which the delivery is settled.
    pub settled_by: &'a DigestReference,
}

impl WitnessedDelivery<'_> {
    fn finding(self, kind: FindingKind, message: String) -> Finding {
        Finding::new(kind, self.scope.clone(), self.at.clone(), message)
            .with_digest(self.settled_by.clone())
    }
}

/// `log-file-missing`: a log file was delivered and is gone, and no digest that was read lists it.
/// `is_covered` says whether every digest that could list it was read.
#[must_use]
pub fn gone_before_listed(
    delivery: WitnessedDelivery<'_>,
    is_covered: bool,
    absence: Absence,
) -> Finding {
    let WitnessedDelivery {
        event_id,
        time,
        recorded_in,
        ..
    } = delivery;
    let gone = if is_covered {
        "was gone before a digest listed it"
    } else {
        "is gone, as may be the digest that listed it"
    };
    delivery
        .finding(
            FindingKind::LogFileMissing,
            format!(
                "CloudTrail delivered the log file, as the KMS event {event_id} in {recorded_in} shows, and it {gone}."
            ),
        )
        .with_evidence(
            format!("the log file of the KMS event {event_id} of {time}"),
            absence.to_string(),
        )
}

/// `log-file-unlisted`: a log file was delivered, and no digest up to `until` lists it.
#[must_use]
pub fn delivered_unlisted(delivery: WitnessedDelivery<'_>, until: Timestamp) -> Finding {
    let WitnessedDelivery {
        event_id,
        time,
        recorded_in,
        ..
    } = delivery;
    delivery
        .finding(
            FindingKind::LogFileUnlisted,
            format!(
                "The log file is in the bucket, and CloudTrail had a key generated for it (KMS event {event_id} in {recorded_in}), but no digest lists it."
            ),
        )
        .with_evidence(
            format!("a digest from {time} to {until}, or a backfill digest, that lists it"),
            "none lists it",
        )
}

/// `delivery-unsettled`: whether a digest lists `count` deliveries, `example` one of them, was not
/// found out for three days. One incident for the chain in `place`.
#[must_use]
pub fn given_up(
    scope: Scope,
    example: ObjectLocation,
    count: u64,
    reasons: &[String],
    place: &str,
    digest: &DigestReference,
) -> Finding {
    let message = match count {
        1 => {
            "A KMS event shows that CloudTrail delivered the log file. For three days it could not be found out whether a digest lists it.".to_owned()
        }
        count => format!(
            "KMS events show that CloudTrail delivered {count} log files, this one of them. For three days it could not be found out whether a digest lists them."
        ),
    };
    Finding::new(FindingKind::DeliveryUnsettled, scope, example, message)
        .with_digest(digest.clone())
        .with_evidence("a digest that lists the log file", reasons.join("; "))
        .with_detail("given up")
        .about(place, &digest.key)
}

/// `delivery-unsettled`: what one digest, at `at`, did not settle because there was too much of it.
/// One incident for the chain in `place`.
#[must_use]
pub fn left_over(
    scope: Scope,
    at: &ObjectLocation,
    left: &[String],
    place: &str,
    digest: &DigestReference,
) -> Finding {
    Finding::new(
        FindingKind::DeliveryUnsettled,
        scope,
        at.clone(),
        "More deliveries wait for the chain's digests than are settled with one digest. What is left waits for the next one.",
    )
    .with_digest(digest.clone())
    .with_evidence("every delivery of the chain settled", left.join("; "))
    .with_detail("left")
    // It stays the same until everything is settled.
    .about(place, "")
    .with_remedy(
        "Somebody may have planted log files whose KMS records name deliveries that never were, to hide a deleted log file among them. Look for PutObject calls on the bucket that are not CloudTrail's, and verify the chain's last days by hand (trailseal verify, or aws cloudtrail validate-logs).",
    )
}
