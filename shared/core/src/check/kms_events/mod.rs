//! The story of a new log file's KMS events: its bytes are judged, and what the events name is looked
//! at.
//!
//! The tests are in `tests/tests/kms/`.

mod chains;
mod checker;
mod judge;
mod keys;
mod objects;

pub use checker::KmsChecker;
pub use judge::{KmsReport, judge_copy};
