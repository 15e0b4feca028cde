//! Where objects and keys come from: S3 and CloudTrail, or a directory and a file.

pub(crate) mod directory;
pub(crate) mod folder;
mod keys;
pub(crate) mod links;
mod lone;
pub(crate) mod names;
mod objects;
mod search;
pub(crate) mod strays;

pub(crate) use keys::{Keys, read_keys, read_signatures};
pub(crate) use lone::LoneFile;
pub(crate) use objects::Objects;

use directory::{Directory, DirectoryError};
use std::fmt;
use std::path::PathBuf;

/// A source as it stands on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// `s3://bucket/prefix`.
    S3 {
        /// The bucket.
        bucket: String,
        /// The prefix, or empty.
        prefix: String,
    },
    /// A directory.
    Directory(PathBuf),
}

/// Why a source cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// The text names no bucket.
    #[error("`{0}` names no bucket: write s3://BUCKET or s3://BUCKET/PREFIX")]
    NoBucket(String),
    /// Another scheme.
    #[error("`{0}` is neither s3://BUCKET[/PREFIX] nor a directory")]
    Scheme(String),
    /// The directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => {
                write!(f, "s3://{bucket}/{}", prefix.trim_end_matches('/'))
            }
            Self::Directory(path) => path.display().fmt(f),
        }
    }
}

impl Named {
    /// Reads `s3://bucket/prefix` or a path.
    pub(crate) fn parse(text: &str) -> Result<Self, SourceError> {
        if let Some(rest) = text.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let named = (3..=63).contains(&bucket.len())
                && bucket
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
            if !named {
                return Err(SourceError::NoBucket(text.to_owned()));
            }
            return Ok(Self::S3 {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
            });
        }
        if text.contains("://") {
            return Err(SourceError::Scheme(text.to_owned()));
        }
        Ok(Self::Directory(PathBuf::from(text)))
    }
}

/// A place to look for trails in: a bucket and a prefix.
pub(crate) type Place = (String, String);

/// Opens a directory, which holds everything that was in the bucket if `is_complete`, and says where
/// its trails were delivered.
pub(crate) fn open_directory(
    path: &std::path::Path,
    is_complete: bool,
) -> Result<(Directory, Vec<Place>), SourceError> {
    let directory = Directory::open(path)?.complete(is_complete);
    let places = directory.places();
    Ok((directory, places))
}
