//! The check of an object that was written or deleted, according to an event of S3.
//!
//! The event only says where to look, and who did it. The verdict depends on what the bucket holds,
//! and on what CloudTrail signed. An event about a file that CloudTrail has just written is
//! therefore never a finding, whoever S3 names as its writer.
//!
//! - `judge`: the verdict on what is known
//! - `listing`: the signed digest that lists a log file
//! - `left`: the versions that are left
//! - `object`: the object, with what the bucket holds under its key
//! - `monitor`: the requests, in their order, and the report
//!
//! The tests are in `tests/tests/changed`.

mod judge;
mod left;
mod listing;
mod monitor;
mod object;

pub use monitor::ChangeMonitor;
