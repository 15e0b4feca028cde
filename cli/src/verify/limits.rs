//! Limits on how much is processed, and held, at a time.

/// Region folders that are processed at a time. This bounds what is known about digests.
pub(super) const FOLDERS: usize = 16;

/// Digests that are held at a time. Each folder needs two to continue.
pub(super) const HELD: usize = 4 * FOLDERS;
