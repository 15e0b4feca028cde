//! The findings about log files, with their sentences.
//!
//! The tests are in `tests/tests/stories.rs` and `tests/tests/command/unlisted.rs`.

use super::{ArchivedMisfit, DigestReference, Finding, FindingKind, Scope};
use crate::names::location::ObjectLocation;
use crate::names::sha256::Sha256;
use crate::names::shell::shell_word;
use crate::trust::log_file::LogFileError;
use crate::world::Absence;

/// A log file that a digest lists.
#[derive(Debug, Clone, Copy)]
pub struct LogFileSubject<'a> {
    /// The chain of the digest.
    pub scope: &'a Scope,
    /// The location of the log file.
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

/// `log-file-missing`: a listed log file is missing.
#[must_use]
pub fn missing(subject: LogFileSubject<'_>, absence: Absence) -> Finding {
    subject
        .finding(
            FindingKind::LogFileMissing,
            "CloudTrail delivered the log file, and it is now missing.",
        )
        .with_evidence(subject.content(), absence.to_string())
}

/// `log-file-trailing-data`, `log-file-malformed` or `log-file-modified`: the reason why a log file
/// is not the listed one.
#[must_use]
pub fn wrong(subject: LogFileSubject<'_>, error: &LogFileError) -> Finding {
    let (kind, message) = match error {
        LogFileError::TrailingData => (
            FindingKind::LogFileTrailingData,
            "Bytes were appended to the log file after delivery. Some programs read them as records.",
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
            "After delivery, the log file was replaced by an object in an archive storage class, whose content cannot be read.",
        )
        .with_evidence(
            format!("{}, in {}", subject.content(), misfit.expected()),
            misfit.actual(),
        )
}

/// What is expected of a log file that no digest lists.
const LISTED: &str = "an entry in a digest of its hour, or a later one";

/// What is the case. Everybody who finds the file says the same, so that it is one occurrence.
pub(super) const NOT_LISTED: &str = "no entry in any digest";

/// `log-file-unlisted`: a file is in a folder of log files, and no digest of its time lists it.
#[must_use]
pub fn unlisted(scope: Scope, at: ObjectLocation) -> Finding {
    Finding::new(
        FindingKind::LogFileUnlisted,
        scope,
        at,
        "The file is in a folder of log files, but no digest lists it. The digests of its time exist.",
    )
    .with_evidence(LISTED, NOT_LISTED)
}

/// `log-file-unlisted`: `count` such files of a folder, of which `at` is one. They have no findings
/// of their own. One incident for each folder.
#[must_use]
pub fn more_unlisted(scope: Scope, at: ObjectLocation, count: u64, folder: &str) -> Finding {
    let occurrence = at.key.clone();
    let command = shell_word(folder).map_or_else(String::new, |folder| {
        format!(" (trailseal verify {folder} --unlisted)")
    });
    Finding::new(
        FindingKind::LogFileUnlisted,
        scope,
        at,
        format!(
            "No digest lists {count} files in a folder of log files, besides those that are reported one by one. The digests of their time exist. The object named here is one of them. To find all of them, verify the folder{command}."
        ),
    )
    .with_evidence(LISTED, NOT_LISTED)
    .about(folder, occurrence)
}
