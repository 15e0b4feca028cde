//! Why progress on disk cannot be gone on from.

use std::io;

/// Why a file cannot be gone on from.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResumeError {
    /// It cannot be read or written.
    #[error("cannot keep progress in {path}: {error}")]
    Io {
        /// The file.
        path: String,
        /// Why not.
        error: io::Error,
    },
    /// It holds something else.
    #[error("{path} holds no progress of `trailseal verify`: name another file, or remove it")]
    Foreign {
        /// The file.
        path: String,
    },
    /// A version of Trailseal wrote it that keeps progress in another way.
    #[error(
        "{path} holds progress in the form {schema}, which this version of Trailseal does not read: use the version that wrote the file, or remove the file"
    )]
    OtherVersion {
        /// The file.
        path: String,
        /// The form that the file names.
        schema: String,
    },
    /// Another run keeps its progress in it.
    #[error("another run of trailseal uses {path}: wait for its end, or name another file")]
    InUse {
        /// The file.
        path: String,
    },
    /// It is about something else.
    #[error(
        "{path} holds the progress of verifying {source_of_file}: name another file, or remove it"
    )]
    OtherSource {
        /// The file.
        path: String,
        /// What it is about.
        source_of_file: String,
    },
}
