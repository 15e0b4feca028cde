//! Objects with a log file's name that are not log files.
//!
//! The tests are in `tests/tests/kms/robust.rs`.

use super::evidence::FindingSubject;
use crate::finding::{Finding, FindingKind};
use crate::format::records::RecordsError;
use crate::gzip::stream::GunzipError;
use crate::names::places::Storage;

/// Reports an object with a log file's name, in a bucket or in a copy on disk, that CloudTrail does
/// not write.
#[must_use]
pub fn not_a_log_file(subject: FindingSubject, error: &RecordsError, storage: Storage) -> Finding {
    let kind = match error {
        RecordsError::Gunzip(GunzipError::TrailingData) => FindingKind::LogFileTrailingData,
        _ => FindingKind::LogFileMalformed,
    };
    let message = match storage {
        Storage::Bucket => format!(
            "The object is stored where log files are delivered, and it is not a CloudTrail log file: {error}."
        ),
        Storage::BareCopy => {
            format!("The file has a log file's name and is not a log file of CloudTrail: {error}.")
        }
    };
    Finding::new(kind, subject.scope, subject.object, message).with_evidence(
        "one gzip member holding a JSON document of records",
        error.to_string(),
    )
}
