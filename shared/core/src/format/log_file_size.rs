//! The maximum size of a log file.

/// The maximum number of bytes to which a log file may inflate, for every reader. CloudTrail's take
/// kilobytes to tens of megabytes.
pub const MAX_INFLATED_BYTES: u64 = 256 * 1024 * 1024;

/// The maximum size of a log file object in bytes. Deflate adds at most five bytes to 65,535 (RFC
/// 1951, section 3.2.4). A larger object inflates to more than a log file may, or is a stream that
/// inflates to nothing.
pub const MAX_OBJECT_BYTES: u64 = MAX_INFLATED_BYTES + 1024 * 1024;
