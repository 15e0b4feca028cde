//! The exit codes of the AWS CLI.

/// Something is not what CloudTrail delivered.
pub(super) const INVALID: u8 = 1;
/// The AWS CLI's exit code for missing flags and values.
pub(super) const MISUSED: u8 = 2;
/// Something could not be verified, or the run failed.
pub(super) const FAILED: u8 = 255;
