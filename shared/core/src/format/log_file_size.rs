//! How large a log file may be.

/// The most bytes a log file may inflate to, whoever reads it. CloudTrail's take kilobytes to tens
/// of megabytes.
pub const MAX_INFLATED_BYTES: u64 = 256 * 1024 * 1024;

/// The most bytes a log file object may have. Deflate adds five bytes to 65,535 at most (RFC 1951,
/// section 3.2.4): a larger object inflates to more than a log file may, or is a stream that
/// inflates to nothing.
pub const MAX_OBJECT_BYTES: u64 = MAX_INFLATED_BYTES + 1024 * 1024;
