//! The check of a new log file's KMS events: its bytes are judged, and the things that the events
//! name are looked up.
//!
//! The tests are in `tests/tests/kms/`.

mod chains;
mod checker;
mod judge;
mod keys;
mod objects;

pub use checker::KmsChecker;
pub use judge::{KmsReport, judge_copy};
