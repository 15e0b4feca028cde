//! The contents of files: digest files, log files, and files that people save from tools.

pub mod digest;
pub(crate) mod fields;
pub mod form;
mod json;
pub mod log_file_size;
pub mod policy;
pub mod records;
pub mod saved;
