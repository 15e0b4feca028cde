//! The keys of the encryption context under which CloudTrail encrypts log files.
//!
//! Rules: <https://docs.aws.amazon.com/kms/latest/developerguide/services-cloudtrail.html>.

/// The key of the context that names the trail.
pub const TRAIL_CONTEXT: &str = "aws:cloudtrail:arn";

/// The key of the context that names the object.
pub const OBJECT_CONTEXT: &str = "aws:s3:arn";
