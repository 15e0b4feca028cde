//! The reasons why bytes are not a log file.

use crate::format::log_file_size::MAX_OBJECT_BYTES;
use crate::gzip::stream::GunzipError;

/// The maximum size of one record in bytes. CloudTrail's take at most 256 KB, or 1 MB with context
/// keys.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>.
pub const MAX_RECORD_BYTES: usize = 8 * 1024 * 1024;

/// The reason why bytes are not a log file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// It is not one gzip member, or is larger than the limit.
    #[error(transparent)]
    Gunzip(#[from] GunzipError),
    /// It has more bytes than any log file.
    #[error("it has more than {MAX_OBJECT_BYTES} bytes")]
    TooLarge,
    /// It is not `{"Records":[…]}`.
    #[error("it is not a JSON document of records: {0}")]
    Json(String),
    /// It has a record that is larger than any of CloudTrail's.
    #[error("a record in it has more than {MAX_RECORD_BYTES} bytes")]
    RecordTooLarge,
}
