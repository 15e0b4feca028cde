//! Log files on disk: a copy of a bucket, or files by their names.

use super::subject::Subject;
use crate::exit::Stop;
use crate::source::directory::{Directory, DirectoryError, UNKNOWN_BUCKET, open_file};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use trailseal::config::Places;
use trailseal::discovery::Wanted;
use trailseal::kms::context::{Named, What};
use trailseal::kms::event::{EVENT_SOURCE, KmsEvent};
use trailseal::kms_check::MAX_OBJECT_BYTES;
use trailseal::location::ObjectLocation;
use trailseal::records::for_each_record_with;
use trailseal::store::{
    Body as _, Cause, Depth, DescribeKey, Encryption, KeyDescription, ListObjects, Object, Page,
    ReadEncryption, ReadKeyPolicy, ReadObject, StoreError,
};

/// What log files are called.
const NAME: &str = "ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHMMZ_UNIQUE.json.gz";

/// The most buckets that events on disk make ours.
const MAX_BUCKETS: usize = 100;

/// How deep below the directory log files are looked for.
const MAX_DEPTH: usize = 32;

/// A file, or a directory with files.
#[derive(Debug, Clone)]
pub(super) struct Disk {
    root: PathBuf,
    /// What tells where the files were delivered.
    copy: Option<Arc<Directory>>,
}

impl Disk {
    /// Opens a path.
    ///
    /// # Errors
    /// [`Stop`] when it cannot be read, or is a file that has no log file's name.
    pub(super) fn open(path: &Path) -> Result<Self, Stop> {
        let metadata = fs::metadata(path).map_err(|error| {
            Stop::usage(format_args!("cannot read {}: {error}", path.display()))
        })?;
        let copy = if metadata.is_dir() {
            match Directory::open(path) {
                Ok(copy) => Some(Arc::new(copy)),
                Err(DirectoryError::NoTrail { .. }) => None,
                Err(error) => return Err(Stop::usage(error)),
            }
        } else {
            let folder = match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            Directory::around(folder).ok().map(Arc::new)
        };
        let disk = Self {
            root: path.to_owned(),
            copy,
        };
        if !metadata.is_dir() && disk.subject(path).is_none() {
            return Err(no_log_file(&path.display().to_string()));
        }
        Ok(disk)
    }

    /// Whether it is one file.
    pub(super) fn is_file(&self) -> bool {
        !self.root.is_dir()
    }

    /// The buckets that digests beside the files name.
    pub(super) fn buckets(&self) -> BTreeSet<String> {
        let places = self.copy.iter().flat_map(|copy| copy.places());
        places
            .map(|(bucket, _)| bucket)
            .filter(|bucket| !bucket.starts_with(UNKNOWN_BUCKET))
            .collect()
    }

    /// Every log file of the time asked for, or why there may be more.
    pub(super) fn walk(&self, wanted: Wanted) -> Walk {
        Walk {
            disk: self.clone(),
            wanted,
            left: vec![(self.root.clone(), 0)],
        }
    }

    /// The log file that a file is a copy of: by its path in the copy of a bucket, else by its
    /// name.
    fn subject(&self, file: &Path) -> Option<Subject> {
        let in_copy = self
            .copy
            .as_ref()
            .and_then(|copy| copy.location_of(file))
            .and_then(Subject::of_object);
        let subject = match in_copy {
            Some(subject) => subject,
            None => Subject::of_object(ObjectLocation::new(
                UNKNOWN_BUCKET,
                key_of_name(file.file_name()?.to_str()?)?,
            ))?,
        };
        Some(Subject {
            file: Some(file.to_owned()),
            ..subject
        })
    }
}

/// Says that a text names no log file.
pub(super) fn no_log_file(text: &str) -> Stop {
    Stop::usage(format_args!(
        "`{text}` has no log file's name, which tells the account, the Region and the time: expected is {NAME}"
    ))
}

/// The key that a log file of this name has where a trail has neither prefix nor organization.
fn key_of_name(name: &str) -> Option<String> {
    let mut parts = name.split('_');
    let (account, _, region) = (parts.next()?, parts.next()?, parts.next()?);
    let time = parts.next()?;
    let (year, month, day) = (time.get(..4)?, time.get(4..6)?, time.get(6..8)?);
    Some(format!(
        "AWSLogs/{account}/CloudTrail/{region}/{year}/{month}/{day}/{name}"
    ))
}

/// Log files in the order of their paths.
pub(super) struct Walk {
    disk: Disk,
    wanted: Wanted,
    /// What is still to be looked at, the next one last, and how deep it is.
    left: Vec<(PathBuf, usize)>,
}

impl Iterator for Walk {
    type Item = Result<Subject, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some((path, deep)) = self.left.pop() {
            match self.visit(&path, deep) {
                Ok(None) => {}
                Ok(Some(subject)) => return Some(Ok(subject)),
                Err(error) => {
                    return Some(Err(StoreError {
                        action: "look into",
                        subject: path.display().to_string(),
                        cause: match error.kind() {
                            io::ErrorKind::PermissionDenied => Cause::Denied(error.to_string()),
                            _ => Cause::Failed(error.to_string()),
                        },
                    }));
                }
            }
        }
        None
    }
}

impl Walk {
    /// A log file, or none and what is in it to be looked at next.
    fn visit(&mut self, path: &Path, deep: usize) -> io::Result<Option<Subject>> {
        let kind = if deep == 0 {
            // What is named is looked at, also behind a link.
            fs::metadata(path)?.file_type()
        } else {
            fs::symlink_metadata(path)?.file_type()
        };
        if kind.is_dir() {
            if deep >= MAX_DEPTH {
                return Err(io::Error::other(format!(
                    "it is more than {MAX_DEPTH} folders deep"
                )));
            }
            let mut below: Vec<PathBuf> = fs::read_dir(path)?
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<io::Result<_>>()?;
            below.sort_unstable_by(|a, b| b.cmp(a));
            self.left
                .extend(below.into_iter().map(|path| (path, deep + 1)));
            return Ok(None);
        }
        let Some(subject) = self.disk.subject(path) else {
            if kind.is_symlink() && path.is_dir() {
                return Err(not_followed());
            }
            return Ok(None);
        };
        if kind.is_symlink() {
            return Err(not_followed());
        }
        Ok(self.wanted.instant(subject.key.time).then_some(subject))
    }
}

fn not_followed() -> io::Error {
    io::Error::other("it is a link, and is not followed: put what it leads to in its place")
}

/// Reads a file.
///
/// # Errors
/// [`StoreError`], also where it is larger than any log file.
pub(super) async fn read(file: &Path) -> Result<Vec<u8>, StoreError> {
    let subject = file.display().to_string();
    let mut object = open_file(file, subject.clone())?;
    let mut bytes = Vec::new();
    while let Some(piece) = object.body.next().await? {
        if bytes.len().saturating_add(piece.len()) > MAX_OBJECT_BYTES {
            return Err(StoreError {
                action: "read the records of",
                subject,
                cause: Cause::Failed(format!(
                    "it has more than {MAX_OBJECT_BYTES} bytes, more than any log file of CloudTrail's"
                )),
            });
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// The buckets that the KMS events of a log file name for log files, or together with a trail.
pub(super) async fn buckets_named(file: PathBuf) -> BTreeSet<String> {
    let mut buckets = BTreeSet::new();
    let Ok(bytes) = read(&file).await else {
        return buckets;
    };
    let places = Places::default();
    // What is no log file is found when it is judged.
    let _ = for_each_record_with(&bytes, EVENT_SOURCE, |record| {
        if let Some(event) = KmsEvent::from_record(record)
            && let Some(arn) = event.object.as_deref()
            && let Some(named) = Named::parse(arn, &places, "")
            && (named.log_file().is_some()
                || (event.trail.is_some()
                    && matches!(named.what, What::Bucket | What::Folder { .. })))
            && buckets.len() < MAX_BUCKETS
        {
            buckets.insert(named.bucket);
        }
    });
    buckets
}

/// Adds names of buckets, as many as are believed.
pub(super) fn add(buckets: &mut BTreeSet<String>, more: &BTreeSet<String>) {
    let free = MAX_BUCKETS.saturating_sub(buckets.len());
    let new: Vec<String> = more.difference(buckets).take(free).cloned().collect();
    buckets.extend(new);
}

/// What stands behind a copy: neither headers nor keys. Nobody asks it where it is known that
/// only a copy is at hand.
#[derive(Debug)]
pub(super) struct Nothing;

impl Nothing {
    fn refuse<T>(action: &'static str, subject: &impl ToString) -> Result<T, StoreError> {
        Err(StoreError {
            action,
            subject: subject.to_string(),
            cause: Cause::Failed("only a copy on disk is at hand".to_owned()),
        })
    }
}

impl ReadObject for Nothing {
    type Body = crate::source::directory::FileBody;

    async fn read(&self, at: &ObjectLocation) -> Result<Object<Self::Body>, StoreError> {
        Self::refuse("read", at)
    }
}

impl ReadEncryption for Nothing {
    async fn encryption(&self, at: &ObjectLocation) -> Result<Encryption, StoreError> {
        Self::refuse("read the headers of", at)
    }
}

impl ListObjects for Nothing {
    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        _: Depth,
        _: Option<&str>,
    ) -> Result<Page, StoreError> {
        Self::refuse("list", &format!("s3://{bucket}/{prefix}"))
    }
}

impl DescribeKey for Nothing {
    async fn describe_key(
        &self,
        key: &str,
        _: Option<&trailseal::ids::Region>,
    ) -> Result<KeyDescription, StoreError> {
        Self::refuse("describe the KMS key", &key)
    }
}

impl ReadKeyPolicy for Nothing {
    async fn key_policy(&self, key_arn: &str) -> Result<String, StoreError> {
        Self::refuse("read the policy of the KMS key", &key_arn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_files_name_tells_its_key() {
        let name = "111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz";
        assert_eq!(
            key_of_name(name).unwrap(),
            format!("AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/{name}")
        );
        for name in [
            "",
            "x.json.gz",
            "1_2_3_4.json.gz",
            "../a_b_c_20260115T.json.gz",
        ] {
            let key = key_of_name(name);
            let subject = key.and_then(|key| Subject::of_object(ObjectLocation::new("b", key)));
            assert!(subject.is_none(), "{name}");
        }
    }
}
