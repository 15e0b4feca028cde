//! The checks of digests: where each one is, whether CloudTrail signed it, and whether it continues
//! its predecessor.
//!
//! Each method of [`DigestVerifier`] is in the file that is named after its result, from the lowest
//! to the highest:
//!
//! - `verifier`, `signed_digest`: what every check needs, and its subject
//! - `seen`, `fetch`, `read_digest`: the object, and its content
//! - `signing_key`, `rejection`, `unread`, `judge`: whether CloudTrail signed it
//! - `signatures`: which signatures are tried
//! - `last_signed`, `hole`, `link`: whether it continues its predecessor
//! - `walk`, `overdue`: digests of a chain, from the newest to the oldest
//! - `validate`: a digest whose event arrives
//!
//! The tests are in `tests/tests/stories.rs`, which does one thing to a trail, and in
//! `tests/tests/whole.rs`, which walks along trails that are tampered with at random.

pub(super) mod fetch;
mod hole;
mod judge;
mod last_signed;
mod link;
mod overdue;
mod read_digest;
mod rejection;
mod seen;
mod settled_digest;
mod signatures;
pub(super) mod signed_digest;
mod signing_key;
mod unread;
mod validate;
mod verifier;
mod walk;

pub use overdue::{OVERDUE_AFTER, is_overdue};
pub use read_digest::ReadDigest;
pub use seen::{SeenDigest, StatedDigest};
pub use settled_digest::SettledDigest;
pub use validate::ValidatedDigest;
pub use verifier::DigestVerifier;
pub use walk::{ChainWalk, UnlinkedDigest};
