//! What makes a digest file or log file authentic.

pub mod chain;
pub mod given;
pub mod log_file;
pub mod public_key;
pub mod signature;
pub mod signed_time;
