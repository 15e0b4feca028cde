//! Why a directory cannot be verified.

use std::io;
use trailseal::names::object_key::ROOT_FOLDER;

/// Why a directory cannot be verified.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DirectoryError {
    /// It is not there, or cannot be read.
    #[error("cannot read the directory {path}: {error}")]
    Read {
        /// The directory.
        path: String,
        /// Why not.
        error: io::Error,
    },
    /// It holds no trail.
    #[error(
        "{path} holds no trail: no folder {ROOT_FOLDER} is in it; give the directory that `aws s3 sync s3://BUCKET DIRECTORY` wrote"
    )]
    NoTrail {
        /// The directory.
        path: String,
    },
    /// It holds one place twice.
    #[error("{first} and {second} are copies of the same place: verify one at a time")]
    Twice {
        /// One copy.
        first: String,
        /// The other.
        second: String,
    },
}
