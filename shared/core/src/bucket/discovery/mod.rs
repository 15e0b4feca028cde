//! The contents of a bucket: the accounts and Regions with digests, and the digests and log files
//! of a range of time.
//!
//! A log bucket may hold hundreds of millions of objects. Folders are listed with a delimiter, and
//! only the requested months.

mod digests;
mod folders;
mod log_files;

pub use digests::{ChainDigests, FoundDigests, MARGIN, digests};
pub use folders::{other_accounts, region_folders};
pub use log_files::{holds_log_files, log_files, oldest_log_file, other_folders, outside_regions};
