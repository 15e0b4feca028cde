//! Names of files on the command line.

use crate::options;
use clap::builder::{PathBufValueParser, TypedValueParser};
use std::path::PathBuf;

/// Reads the name of a file that is there.
pub(super) fn input_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().map(options::input)
}

/// Reads the name of a file that is to be written.
pub(super) fn output_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().map(options::output)
}
