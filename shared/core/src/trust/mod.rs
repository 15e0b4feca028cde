//! The authenticity of a digest file or log file.

pub mod chain;
pub mod given;
pub mod log_file;
pub mod public_key;
pub mod signature;
pub mod signed_time;
