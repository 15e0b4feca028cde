//! The checks of a digest's log files: each one exists, and is as CloudTrail delivered it.
//!
//! The tests are in `tests/tests/stories.rs` and `tests/tests/whole.rs`.

mod each;
mod held;
mod judge;
mod read;
mod tally;
mod verification;

pub(in crate::check) use held::HeldBytes;
pub use judge::VerifiedLogFile;
pub use tally::LogFileTally;
pub use verification::Progress;
