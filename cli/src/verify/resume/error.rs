//! The reasons why a run cannot continue from a progress file.

use std::io;

/// The reason why a run cannot continue from a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResumeError {
    /// The file cannot be read or written.
    #[error("cannot save progress in {path}: {error}")]
    Io {
        /// The file.
        path: String,
        /// The error.
        error: io::Error,
    },
    /// The file holds something else.
    #[error("{path} is not a progress file of `trailseal verify`: give another file, or remove it")]
    Foreign {
        /// The file.
        path: String,
    },
    /// A version of Trailseal with another progress format wrote the file.
    #[error(
        "{path} contains progress in the form {schema}, which this version of Trailseal does not read: use the version that wrote the file, or remove the file"
    )]
    OtherVersion {
        /// The file.
        path: String,
        /// The format that the file names.
        schema: String,
    },
    /// Another run saves its progress in the file.
    #[error("another run of trailseal uses {path}: wait until it ends, or give another file")]
    InUse {
        /// The file.
        path: String,
    },
    /// The file is for another source.
    #[error(
        "{path} contains the progress of verifying {source_of_file}: give another file, or remove it"
    )]
    OtherSource {
        /// The file.
        path: String,
        /// The source that it is for.
        source_of_file: String,
    },
}
