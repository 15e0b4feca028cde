//! The reasons why a directory cannot be verified.

use std::io;
use trailseal::names::object_key::ROOT_FOLDER;

/// The reason why a directory cannot be verified.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DirectoryError {
    /// The directory does not exist, or cannot be read.
    #[error("cannot read the directory {path}: {error}")]
    Read {
        /// The directory.
        path: String,
        /// The error.
        error: io::Error,
    },
    /// The directory holds no trail.
    #[error(
        "{path} contains no trail, because it has no folder {ROOT_FOLDER}: give the directory that `aws s3 sync s3://BUCKET DIRECTORY` wrote"
    )]
    NoTrail {
        /// The directory.
        path: String,
    },
    /// The directory holds two copies of one place.
    #[error("{first} and {second} are copies of the same folder of a bucket: verify one at a time")]
    Twice {
        /// One copy.
        first: String,
        /// The other.
        second: String,
    },
}
