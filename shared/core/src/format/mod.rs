//! The contents of files: digest files, log files, and files that people save from tools.

pub mod digest;
pub mod form;
pub mod log_file_size;
pub mod records;
pub mod saved;
