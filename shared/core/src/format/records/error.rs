//! Why bytes are not a log file.

use crate::format::log_file_size::MAX_OBJECT_BYTES;
use crate::gzip::stream::GunzipError;

/// The most bytes of one record. CloudTrail's take at most 256 KB, 1 MB with context keys.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>.
pub const MAX_RECORD_BYTES: usize = 8 * 1024 * 1024;

/// Why bytes are not a log file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// Not one gzip member, or larger than the limit.
    #[error(transparent)]
    Gunzip(#[from] GunzipError),
    /// More bytes than any log file has.
    #[error("it has more than {MAX_OBJECT_BYTES} bytes")]
    TooLarge,
    /// Not `{"Records":[…]}`.
    #[error("it is not a JSON document of records: {0}")]
    Json(String),
    /// A record larger than any of CloudTrail's.
    #[error("a record in it has more than {MAX_RECORD_BYTES} bytes")]
    RecordTooLarge,
}
