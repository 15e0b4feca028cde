//! How much is worked on, and held, at a time.

/// Region folders that are worked on at a time: bounds what is known of digests.
pub(super) const FOLDERS: usize = 16;

/// Digests that are held at a time: each folder needs two to go on.
pub(super) const HELD: usize = 4 * FOLDERS;
