//! The fate of log files whose delivery KMS events show.
//!
//! The tests are in `tests/tests/kms/delivery.rs` and `tests/tests/kms/story.rs`.

use super::call::EventReference;
use super::evidence::{Evidence, FindingSubject, finding};
use crate::finding::log_file::NOT_LISTED;
use crate::finding::{DigestReference, Finding, FindingKind};
use crate::names::location::ObjectLocation;
use crate::world::Absence;
use jiff::Timestamp;

/// A delivered log file that is missing when its event is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingLogFile {
    /// The event.
    pub call: EventReference,
    /// The absence that S3 reports.
    pub absence: Absence,
}

impl Evidence for MissingLogFile {
    fn kind(&self) -> FindingKind {
        FindingKind::LogFileMissing
    }

    fn expected(&self) -> String {
        format!("the log file that {} shows being delivered", self.call)
    }

    fn actual(&self) -> String {
        self.absence.to_string()
    }
}

/// Reports a missing log file whose delivery an event in the log file `recorded_in` shows.
#[must_use]
pub fn missing_after_delivery(
    subject: FindingSubject,
    gone: &MissingLogFile,
    recorded_in: &ObjectLocation,
) -> Finding {
    finding(
        subject,
        gone,
        format!(
            "CloudTrail delivered the log file, as {} in {recorded_in} shows, and it is now missing.",
            gone.call
        ),
    )
}

/// A log file that no digest lists, with the event that shows its delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlistedLogFile<'a> {
    /// The event's ID.
    pub event_id: &'a str,
    /// The log file that holds the event.
    pub recorded_in: &'a str,
    /// The time of the delivery.
    pub delivered: Timestamp,
}

/// Reports a missing log file that no digest lists. `is_covered`: all digests of its time were
/// read. Anybody who deletes the log file may also delete its digest.
#[must_use]
pub fn missing_before_listed(
    subject: FindingSubject,
    log_file: &UnlistedLogFile<'_>,
    is_covered: bool,
    absence: Absence,
    digest: DigestReference,
) -> Finding {
    let UnlistedLogFile {
        event_id,
        recorded_in,
        delivered,
    } = log_file;
    let how = if is_covered {
        "disappeared before a digest listed it"
    } else {
        "is now missing, and so may be the digest that listed it"
    };
    Finding::new(
        FindingKind::LogFileMissing,
        subject.scope,
        subject.object,
        format!(
            "CloudTrail delivered the log file, as the KMS event {event_id} in {recorded_in} shows, and it {how}."
        ),
    )
    .with_evidence(
        format!("the log file of the KMS event {event_id} of {delivered}"),
        absence.to_string(),
    )
    .with_digest(digest)
}

/// Reports an existing log file that no digest up to `end` lists.
#[must_use]
pub fn unlisted_log_file(
    subject: FindingSubject,
    log_file: &UnlistedLogFile<'_>,
    end: Timestamp,
    digest: DigestReference,
) -> Finding {
    let UnlistedLogFile {
        event_id,
        recorded_in,
        delivered,
    } = log_file;
    Finding::new(
        FindingKind::LogFileUnlisted,
        subject.scope,
        subject.object,
        format!(
            "The log file is in the bucket, and CloudTrail requested a data key for it (KMS event {event_id} in {recorded_in}), but no digest lists it."
        ),
    )
    .with_evidence(
        format!("a digest from {delivered} to {end}, or a backfill digest, that lists it"),
        NOT_LISTED,
    )
    .with_digest(digest)
}
