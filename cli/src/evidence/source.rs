//! The evidence bucket, or a copy of it on disk.

use crate::exit::Stop;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use trailseal::names::bucket_name::bucket_name;
use trailseal::world::{Cause, FetchEvidence, ListStored, StoreError, StoredDocument, StoredPage};
use trailseal_aws::EvidenceBucket;
use trailseal_sign_in::signed_in;

/// The evidence bucket, or a copy of it.
pub(crate) enum Evidence {
    /// The bucket.
    Bucket(EvidenceBucket),
    /// A directory.
    Directory(Copy),
}

/// A copy of the evidence bucket in a directory.
pub(crate) struct Copy {
    files: BTreeMap<String, CopiedFile>,
}

struct CopiedFile {
    path: PathBuf,
    last_modified: Timestamp,
}

impl Evidence {
    /// Opens the place that a command line names.
    ///
    /// # Errors
    /// [`Stop`]: it is neither a bucket nor a directory, or cannot be opened.
    pub(crate) async fn open(source: &str, profile: Option<&str>) -> Result<Self, Stop> {
        if let Some(bucket) = source.strip_prefix("s3://") {
            let bucket = bucket.trim_end_matches('/');
            let bucket = bucket_name(bucket).ok_or_else(|| {
                Stop::usage(format_args!(
                    "`{source}` is not the name of a bucket: give s3://BUCKET, without a folder"
                ))
            })?;
            let config = signed_in(profile).await?;
            return Ok(Self::Bucket(EvidenceBucket::new(&config, Some(bucket))));
        }
        let root = Path::new(source);
        if !root.is_dir() {
            return Err(Stop::usage(format_args!(
                "`{source}` is not a directory: give s3://BUCKET, or a directory with a copy of the evidence bucket"
            )));
        }
        let mut files = BTreeMap::new();
        collect(root, "", &mut files).map_err(|(path, error)| {
            Stop::cannot_tell(format_args!("cannot read {}: {error}", path.display()))
        })?;
        Ok(Self::Directory(Copy { files }))
    }
}

/// Collects the files below a folder. Symbolic links are not followed.
fn collect(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, CopiedFile>,
) -> Result<(), (PathBuf, std::io::Error)> {
    let failed = |error| (folder.to_owned(), error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let failed = |error| (path.clone(), error);
        // A key is text: S3 has no other names.
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files)?;
        } else if kind.is_file() {
            let metadata = entry.metadata().map_err(failed)?;
            let modified = metadata.modified().map_err(failed)?;
            let file = CopiedFile {
                last_modified: Timestamp::try_from(modified).unwrap_or(Timestamp::MAX),
                path,
            };
            files.insert(format!("{prefix}{name}"), file);
        }
    }
    Ok(())
}

impl Copy {
    fn read(&self, key: &str, limit: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(file) = self.files.get(key) else {
            return Ok(None);
        };
        let failed = |cause| StoreError {
            action: "read",
            subject: file.path.display().to_string(),
            cause,
        };
        let opened = fs::File::open(&file.path);
        let opened = opened.map_err(|error| failed(Cause::Failed(error.to_string())))?;
        let mut content = Vec::new();
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        let read = opened.take(most).read_to_end(&mut content);
        read.map_err(|error| failed(Cause::Failed(error.to_string())))?;
        if content.len() > limit {
            return Err(failed(Cause::TooLarge(format!(
                "it has more than {limit} bytes"
            ))));
        }
        Ok(Some(content))
    }
}

impl FetchEvidence for Evidence {
    async fn fetch(&self, key: &str, limit: usize) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Bucket(bucket) => bucket.fetch(key, limit).await,
            Self::Directory(copy) => copy.read(key, limit),
        }
    }
}

impl ListStored for Evidence {
    async fn list_stored(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<StoredPage, StoreError> {
        let copy = match self {
            Self::Bucket(bucket) => return bucket.list_stored(prefix, after).await,
            Self::Directory(copy) => copy,
        };
        let files = copy.files.range(prefix.to_owned()..);
        let below = files.take_while(|(key, _)| key.starts_with(prefix));
        let below = below.filter(|(key, _)| after.is_none_or(|after| key.as_str() > after));
        let documents = below.map(|(key, file)| StoredDocument {
            key: key.clone(),
            last_modified: file.last_modified,
        });
        Ok(StoredPage {
            documents: documents.collect(),
            more: false,
        })
    }

    async fn list_folders(&self, prefix: &str) -> Result<(Vec<String>, bool), StoreError> {
        let copy = match self {
            Self::Bucket(bucket) => return bucket.list_folders(prefix).await,
            Self::Directory(copy) => copy,
        };
        let files = copy.files.range(prefix.to_owned()..);
        let below = files.map_while(|(key, _)| key.strip_prefix(prefix));
        let folders = below.filter_map(|key| key.split_once('/'));
        let folders: BTreeSet<&str> = folders.map(|(folder, _)| folder).collect();
        let folders = folders.into_iter().map(|name| format!("{prefix}{name}/"));
        Ok((folders.collect(), false))
    }
}
