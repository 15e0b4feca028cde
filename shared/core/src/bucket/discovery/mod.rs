//! What is in a bucket: which accounts and Regions have digests, and which digests and log files
//! a stretch of time has.
//!
//! A log bucket may hold hundreds of millions of objects: folders are listed with a delimiter,
//! and only the months that were asked for.

mod digests;
mod folders;
mod log_files;

pub use digests::{ChainDigests, FoundDigests, MARGIN, digests};
pub use folders::{accounts_beside, region_folders};
pub use log_files::{holds_log_files, log_files, oldest_log_file, other_folders, outside_regions};
