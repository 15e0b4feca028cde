//! The end of a chain: whether another folder or bucket continues it, and whether a user says that
//! its trail ended on purpose.

mod ended;
mod successor;

pub use ended::{EndVerdict, Ended, EndedError, PendingEnd, judge, trail_filter, unused};
pub use successor::{AFTER_STOP, ChainSuccessor, Sibling, claims, find_successor};
