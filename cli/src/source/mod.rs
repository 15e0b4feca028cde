//! The sources of objects and keys: S3 and CloudTrail, or a directory and a file.

pub(crate) mod directory;
pub(crate) mod directory_error;
pub(crate) mod file;
pub(crate) mod folder;
mod folders;
mod keys;
pub(crate) mod links;
mod listing;
mod lone;
pub(crate) mod names;
mod objects;
mod place;
mod root;
mod sample;
mod search;
mod signatures;
pub(crate) mod strays;
mod written;

pub(crate) use keys::{Keys, read_keys};
pub(crate) use lone::LoneFile;
pub(crate) use objects::Objects;
pub(crate) use place::SourcePlace;
pub(crate) use signatures::{read_signatures, unused_messages};

use crate::options::input;
use directory::Directory;
use directory_error::DirectoryError;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use trailseal::check::digest::DigestVerifier;
use trailseal::names::bucket_name::bucket_name;
use trailseal::names::value::plain;
use trailseal_aws::Limited;

/// The digest verifier of a source.
pub(crate) type SourceDigests = DigestVerifier<Arc<Limited<Objects>>, Keys>;

/// A source as it is written on the command line.
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

/// The reason why a source cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// The text names no bucket.
    #[error("`{0}` does not name a bucket: write s3://BUCKET or s3://BUCKET/PREFIX")]
    NoBucket(String),
    /// The text names something in S3, but in another notation.
    #[error("`{text}` is not a file or directory: if the bucket is meant, write {meant}")]
    OtherForm {
        /// The given text.
        text: String,
        /// The text to write instead.
        meant: String,
    },
    /// The text has another scheme.
    #[error("`{0}` is not s3://BUCKET[/PREFIX], and not a directory")]
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
    /// Reads `s3://bucket/prefix` or a path, without the quotes or white space that a tool put
    /// around it.
    ///
    /// # Errors
    /// [`SourceError`], with the text to write instead if that can be determined.
    pub(crate) fn parse(text: &str) -> Result<Self, SourceError> {
        let path = PathBuf::from(text);
        if path.symlink_metadata().is_ok() {
            return Ok(Self::Directory(path));
        }
        let value = plain(text);
        if let Some(rest) = value.strip_prefix("s3://") {
            // A prefix may start with a slash: `s3://bucket//logs`.
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let bucket =
                bucket_name(bucket).ok_or_else(|| SourceError::NoBucket(value.to_owned()))?;
            return Ok(Self::S3 {
                bucket,
                prefix: prefix.to_owned(),
            });
        }
        if let Some(meant) = written::suggestion(value) {
            return Err(SourceError::OtherForm {
                text: value.to_owned(),
                meant,
            });
        }
        if value.contains("://") || value.starts_with("arn:") {
            return Err(SourceError::Scheme(value.to_owned()));
        }
        Ok(Self::Directory(input(path)))
    }
}

/// Opens a directory, or one file of a copy, and returns where it was delivered. The copy holds
/// everything that was in the bucket if `is_complete`.
pub(crate) fn open_directory(
    path: &Path,
    is_complete: bool,
) -> Result<(Directory, Vec<SourcePlace>), SourceError> {
    if path.is_file() {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let copy = Directory::around(folder)?.complete(is_complete);
        let at = copy
            .location_of(path)
            .ok_or_else(|| DirectoryError::NoTrail {
                path: path.display().to_string(),
            })?;
        let place = (at.bucket.clone(), at.key.clone());
        // Reads the file itself, even if it is one of several copies of the object.
        return Ok((copy.pinned(at, path), vec![place]));
    }
    let directory = Directory::open(path)?.complete(is_complete);
    let places = directory.places();
    Ok((directory, places))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s3(bucket: &str, prefix: &str) -> Named {
        Named::S3 {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        }
    }

    #[test]
    fn a_bucket_and_a_prefix_are_parsed_unchanged() {
        for (text, bucket, prefix) in [
            ("s3://amzn-s3-demo-bucket", "amzn-s3-demo-bucket", ""),
            ("s3://amzn-s3-demo-bucket/", "amzn-s3-demo-bucket", ""),
            (
                "s3://amzn-s3-demo-bucket/logs",
                "amzn-s3-demo-bucket",
                "logs",
            ),
            (
                "s3://amzn-s3-demo-bucket//logs",
                "amzn-s3-demo-bucket",
                "/logs",
            ),
            (
                "s3://amzn-s3-demo-bucket/team a+b/",
                "amzn-s3-demo-bucket",
                "team a+b/",
            ),
            ("s3://Old_Bucket", "Old_Bucket", ""),
            (
                " s3://amzn-s3-demo-bucket/logs\r\n",
                "amzn-s3-demo-bucket",
                "logs",
            ),
            ("\"s3://amzn-s3-demo-bucket\"", "amzn-s3-demo-bucket", ""),
        ] {
            assert_eq!(Named::parse(text).unwrap(), s3(bucket, prefix), "{text:?}");
        }
        let slash = Named::parse("s3://amzn-s3-demo-bucket//logs").unwrap();
        assert_eq!(slash.to_string(), "s3://amzn-s3-demo-bucket//logs");
    }

    #[test]
    fn a_source_without_a_bucket_is_refused() {
        for text in [
            "s3://",
            "s3://x",
            "s3:///logs",
            "s3://name with spaces",
            "s3://192.0.2.1/logs",
            "s3://-amzn-s3-demo-bucket",
            "s3://arn:aws:s3:::amzn-s3-demo-bucket",
        ] {
            let error = Named::parse(text).unwrap_err();
            assert!(matches!(error, SourceError::NoBucket(_)), "{text}: {error}");
        }
    }
}
