//! A log bucket as `aws s3 sync` leaves it on disk.
//!
//! Files keep the content of objects and their keys below the prefix that was copied; they keep
//! neither metadata nor the bucket's name nor the prefix itself. Digests say both: what most of
//! a few of them say is what the directory is taken for, so that everything has the name here
//! that it has in S3. A digest that says something else is found to be moved, as it would be
//! there.

use super::Place;
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use trailseal::digest::{self, UnverifiedDigest};
use trailseal::gunzip::gunzip;
use trailseal::location::ObjectLocation;
use trailseal::log_file::MAX_WHOLE_BYTES;
use trailseal::object_key::{ObjectKind, classify};
use trailseal::store::{
    Absence, Body, Cause, Depth, Encryption, ListObjects, Object, Page, ReadObject, StoreError,
};

/// The folder that every trail's objects lie in.
const ROOT: &str = "AWSLogs";
/// How deep below the directory such a folder may be.
const MAX_DEPTH: usize = 10;
/// The most directories looked into for such folders.
const MAX_DIRECTORIES: usize = 10_000;
/// How many digests are asked where they were delivered.
const SAMPLES: usize = 7;
/// What large files are read in.
const PIECE: usize = 256 * 1024;
/// What a bucket is called that no digest names.
pub(crate) const UNKNOWN_BUCKET: &str = "unknown-bucket";

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
        "{path} holds no trail: no folder {ROOT} is in it; give the directory that `aws s3 sync s3://BUCKET DIRECTORY` wrote"
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

/// A folder that holds an [`ROOT`] folder, and where that was delivered.
#[derive(Debug)]
struct Root {
    path: PathBuf,
    bucket: String,
    /// With its closing slash, or empty.
    prefix: String,
}

/// A directory that holds copies of log buckets.
#[derive(Debug)]
pub(crate) struct Directory {
    roots: Vec<Root>,
    /// What is asked for below the roots: a directory inside a trail's folders asks for those
    /// alone.
    below: String,
    /// Why there may be trails that were not found.
    unseen: Vec<String>,
}

impl Directory {
    /// Opens a directory.
    ///
    /// # Errors
    /// [`DirectoryError`] when it cannot be read, or holds no trail.
    pub(crate) fn open(path: &Path) -> Result<Self, DirectoryError> {
        let path = canonical(path)?;
        let mut search = Search::default();
        search.roots(&path)?;
        search.found.retain(|root| holds_trail(root));
        if search.found.is_empty() {
            return Self::around(&path);
        }
        search.found.sort();
        let mut directory = Self::of_roots(search.found, String::new())?;
        directory.unseen = search.unseen;
        Ok(directory)
    }

    /// Why there may be trails in the directory that were not found.
    pub(crate) fn unseen(&self) -> &[String] {
        &self.unseen
    }

    /// Opens the copy that a directory is inside of.
    ///
    /// # Errors
    /// [`DirectoryError`] when it is in none.
    pub(crate) fn around(path: &Path) -> Result<Self, DirectoryError> {
        let path = canonical(path)?;
        let (root, below) = above(&path).ok_or_else(|| DirectoryError::NoTrail {
            path: path.display().to_string(),
        })?;
        Self::of_roots(vec![root], below)
    }

    fn of_roots(found: Vec<PathBuf>, below: String) -> Result<Self, DirectoryError> {
        let mut roots: Vec<Root> = Vec::new();
        for path in found {
            let (bucket, prefix) = delivered_to(&path).unwrap_or_else(|| {
                // Told apart by where they lie.
                let number = roots.len();
                let name = if number == 0 {
                    UNKNOWN_BUCKET.to_owned()
                } else {
                    format!("{UNKNOWN_BUCKET}-{number}")
                };
                (name, String::new())
            });
            let root = Root {
                path,
                bucket,
                prefix,
            };
            let same = |other: &&Root| other.bucket == root.bucket && other.prefix == root.prefix;
            if let Some(other) = roots.iter().find(same) {
                return Err(DirectoryError::Twice {
                    first: other.path.display().to_string(),
                    second: root.path.display().to_string(),
                });
            }
            roots.push(root);
        }
        Ok(Self {
            roots,
            below,
            unseen: Vec::new(),
        })
    }

    /// The buckets and prefixes that the directory is a copy of.
    pub(crate) fn places(&self) -> Vec<Place> {
        self.roots
            .iter()
            .map(|root| {
                (
                    root.bucket.clone(),
                    format!("{}{ROOT}/{}", root.prefix, self.below),
                )
            })
            .collect()
    }

    /// Where a file was delivered, by its path below the root. None where it is in no copy, or its
    /// name is no text.
    pub(crate) fn location_of(&self, file: &Path) -> Option<ObjectLocation> {
        let folder = file.parent()?.canonicalize().ok()?;
        let file = folder.join(file.file_name()?);
        self.roots.iter().find_map(|root| {
            let rest = file.strip_prefix(&root.path).ok()?.to_str()?;
            let key = format!("{}{rest}", root.prefix);
            Some(ObjectLocation::new(root.bucket.clone(), key))
        })
    }

    /// The file of a key. None where the key is none of a copy's.
    fn path_of(&self, bucket: &str, key: &str) -> Option<PathBuf> {
        let root = self.roots.iter().find(|root| {
            root.bucket == bucket
                && key
                    .strip_prefix(&root.prefix)
                    .is_some_and(|rest| rest.starts_with(ROOT))
        })?;
        let rest = Path::new(key.strip_prefix(&root.prefix)?);
        let plain = rest
            .components()
            .all(|component| matches!(component, Component::Normal(_)));
        (plain && !key.contains('\0')).then(|| root.path.join(rest))
    }
}

fn canonical(path: &Path) -> Result<PathBuf, DirectoryError> {
    path.canonicalize().map_err(|error| DirectoryError::Read {
        path: path.display().to_string(),
        error,
    })
}

/// A search for folders that hold an [`ROOT`] folder.
#[derive(Default)]
struct Search {
    found: Vec<PathBuf>,
    looked_into: usize,
    unseen: Vec<String>,
}

impl Search {
    /// Looks at and below `path`.
    fn roots(&mut self, path: &Path) -> Result<(), DirectoryError> {
        let mut level = vec![path.to_owned()];
        for _ in 0..MAX_DEPTH {
            let mut next = Vec::new();
            for folder in level {
                self.looked_into += 1;
                if self.looked_into > MAX_DIRECTORIES {
                    self.unseen.push(format!(
                        "{} holds more than {MAX_DIRECTORIES} directories besides those of trails, and not all were looked into: give those that hold an {ROOT} folder",
                        path.display()
                    ));
                    return Ok(());
                }
                let below = below(&folder).map_err(|error| DirectoryError::Read {
                    path: folder.display().to_string(),
                    error,
                })?;
                for link in below.links {
                    self.unseen.push(format!(
                        "{} is a link, and is not followed: give the directory that it leads to",
                        folder.join(link).display()
                    ));
                }
                for name in below.folders {
                    if name == ROOT {
                        self.found.push(folder.clone());
                        // The trail's prefix may be called as the folder is.
                        if folder.join(ROOT).join(ROOT).is_dir() {
                            next.push(folder.join(ROOT));
                        }
                    } else {
                        next.push(folder.join(name));
                    }
                }
            }
            level = next;
        }
        if !level.is_empty() {
            self.unseen.push(format!(
                "{} holds directories more than {MAX_DEPTH} deep, which were not looked into: give those that hold an {ROOT} folder",
                path.display()
            ));
        }
        Ok(())
    }
}

/// Whether the [`ROOT`] folder of a root holds any trail's objects. Other services deliver
/// there, too.
fn holds_trail(root: &Path) -> bool {
    let folders = |path: &Path| -> Vec<PathBuf> {
        let below = folders_in(path).unwrap_or_default();
        below.into_iter().map(|name| path.join(name)).collect()
    };
    let of_trail = |account: &PathBuf| {
        folders(account).iter().any(|folder| {
            folder
                .file_name()
                .is_some_and(|name| name == "CloudTrail" || name == "CloudTrail-Digest")
        })
    };
    let first = folders(&root.join(ROOT));
    first.iter().any(of_trail)
        || first
            .iter()
            .filter(|folder| {
                let name = folder.file_name().and_then(|name| name.to_str());
                name.is_some_and(|name| name.starts_with("o-"))
            })
            .any(|organization| folders(organization).iter().any(of_trail))
}

/// For a directory inside an [`ROOT`] folder: what holds that, and the way down.
fn above(path: &Path) -> Option<(PathBuf, String)> {
    let root = path
        .ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == ROOT))?;
    let inside = path.strip_prefix(root).ok()?.to_str()?;
    Some((root.parent()?.to_owned(), inside.to_owned()))
}

/// What lies right below a folder.
#[derive(Default)]
struct Below {
    /// Names of folders, sorted.
    folders: Vec<String>,
    /// Names of links that lead to folders.
    links: Vec<String>,
}

fn below(path: &Path) -> io::Result<Below> {
    let mut below = Below::default();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if kind.is_dir() {
            below.folders.push(name);
        } else if kind.is_symlink() && entry.path().is_dir() {
            below.links.push(name);
        }
    }
    below.folders.sort();
    Ok(below)
}

/// The names of the folders in a folder, sorted.
fn folders_in(path: &Path) -> io::Result<Vec<String>> {
    Ok(below(path)?.folders)
}

/// What most of a few digests say of where they were delivered: bucket, and what stands before
/// [`ROOT`].
fn delivered_to(root: &Path) -> Option<Place> {
    let mut told: BTreeMap<Place, usize> = BTreeMap::new();
    for (relative, path) in sample(root) {
        let Some(said) = read_digest(&path) else {
            continue;
        };
        if let Some(prefix) = said.location.key.strip_suffix(&relative)
            && (prefix.is_empty() || prefix.ends_with('/'))
        {
            *told
                .entry((said.location.bucket, prefix.to_owned()))
                .or_default() += 1;
        }
    }
    told.into_iter()
        .max_by_key(|(_, times)| *times)
        .map(|(place, _)| place)
}

/// The newest digests of a few accounts and Regions, with their paths below the root.
fn sample(root: &Path) -> Vec<(String, PathBuf)> {
    let mut samples = Vec::new();
    let mut folders = vec![root.join(ROOT)];
    let mut looked_into = 0;
    while let Some(folder) = folders.pop() {
        looked_into += 1;
        if samples.len() >= SAMPLES || looked_into > MAX_DIRECTORIES {
            break;
        }
        let Ok(mut below) = folders_in(&folder) else {
            continue;
        };
        let inside_digests = folder
            .components()
            .any(|c| c.as_os_str() == "CloudTrail-Digest");
        let is_account =
            |name: &String| name.len() == 12 && name.bytes().all(|b| b.is_ascii_digit());
        if inside_digests {
            let newest_file = fs::read_dir(&folder)
                .into_iter()
                .flatten()
                .flatten()
                .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
                .map(|entry| entry.path())
                .max();
            if let Some(path) = newest_file
                && let Some(relative) = path.strip_prefix(root).ok().and_then(Path::to_str)
                && matches!(classify(relative), ObjectKind::Digest(_))
            {
                samples.push((relative.to_owned(), path));
                continue;
            }
            // The newest Region, year, month or day; of Regions every one.
            if folder
                .file_name()
                .is_none_or(|name| name != "CloudTrail-Digest")
            {
                below = below.pop().into_iter().collect();
            }
        } else {
            below.retain(|name| {
                is_account(name) || name.starts_with("o-") || name == "CloudTrail-Digest"
            });
        }
        folders.extend(below.into_iter().map(|name| folder.join(name)));
    }
    samples
}

/// What a file says, if it is a digest.
pub(super) fn read_digest(path: &Path) -> Option<UnverifiedDigest> {
    let mut bytes = Vec::new();
    File::open(path)
        .ok()?
        .take(digest::MAX_OBJECT_BYTES)
        .read_to_end(&mut bytes)
        .ok()?;
    let inflated = gunzip(&bytes, digest::MAX_INFLATED_BYTES).ok()?;
    UnverifiedDigest::parse(&inflated).ok()
}

/// The content of a file.
#[derive(Debug)]
pub(crate) struct FileBody {
    rest: Rest,
    subject: String,
}

#[derive(Debug)]
enum Rest {
    Whole(Bytes),
    File(File),
    Nothing,
}

impl Body for FileBody {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        match &mut self.rest {
            Rest::Nothing => Ok(None),
            Rest::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                self.rest = Rest::Nothing;
                Ok(Some(bytes))
            }
            Rest::File(file) => {
                let mut piece = vec![0; PIECE];
                let read = file
                    .read(&mut piece)
                    .map_err(|error| failed("read on in", &self.subject, &error))?;
                piece.truncate(read);
                if read == 0 {
                    self.rest = Rest::Nothing;
                }
                Ok((read > 0).then(|| piece.into()))
            }
        }
    }
}

fn failed(action: &'static str, subject: &str, error: &io::Error) -> StoreError {
    StoreError {
        action,
        subject: subject.to_owned(),
        cause: match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                Cause::Absent(Absence::NoObject)
            }
            io::ErrorKind::PermissionDenied => Cause::Denied(error.to_string()),
            _ => Cause::Failed(error.to_string()),
        },
    }
}

impl ReadObject for Directory {
    type Body = FileBody;

    async fn read(&self, at: &ObjectLocation) -> Result<Object<FileBody>, StoreError> {
        let path = self
            .path_of(&at.bucket, &at.key)
            .ok_or_else(|| failed("read", &at.to_string(), &io::ErrorKind::NotFound.into()))?;
        open_file(&path, at.to_string())
    }
}

/// Opens a file as the object `subject`.
pub(crate) fn open_file(path: &Path, subject: String) -> Result<Object<FileBody>, StoreError> {
    let failed = |error: io::Error| failed("read", &subject, &error);
    // Not opened before it is known to be a file: opening a pipe waits for its writer.
    let metadata = fs::symlink_metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(io::Error::other("it is no regular file")));
    }
    let size = metadata.len();
    let rest = if size <= MAX_WHOLE_BYTES {
        Rest::Whole(fs::read(path).map_err(failed)?.into())
    } else {
        Rest::File(File::open(path).map_err(failed)?)
    };
    Ok(Object {
        version_id: None,
        size: Some(size),
        metadata: HashMap::new(),
        encryption: Encryption::default(),
        body: FileBody { rest, subject },
    })
}

impl ListObjects for Directory {
    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        depth: Depth,
        _next: Option<&str>,
    ) -> Result<Page, StoreError> {
        let mut page = Page::default();
        let Some(path) = self.path_of(bucket, prefix.trim_end_matches('/')) else {
            return Ok(page);
        };
        let subject = format!("s3://{bucket}/{prefix}");
        let mut folders = vec![(path, prefix.to_owned(), 0_usize)];
        while let Some((path, key, deep)) = folders.pop() {
            let entries = match fs::read_dir(&path) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound && deep == 0 => break,
                Err(error) => return Err(failed("list", &subject, &error)),
            };
            for entry in entries {
                let entry = entry.map_err(|error| failed("list", &subject, &error))?;
                let kind = entry
                    .file_type()
                    .map_err(|error| failed("list", &subject, &error))?;
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                match depth {
                    Depth::Folders if kind.is_dir() => page.folders.push(format!("{key}{name}/")),
                    Depth::All if kind.is_dir() && deep < MAX_DEPTH => {
                        folders.push((entry.path(), format!("{key}{name}/"), deep + 1));
                    }
                    _ if kind.is_file() => page.keys.push(format!("{key}{name}")),
                    // What it leads to would be neither listed nor missed.
                    _ if kind.is_symlink() => {
                        let error = io::Error::other(format!(
                            "{} is a link: put what it leads to in its place",
                            entry.path().display()
                        ));
                        return Err(failed("list", &subject, &error));
                    }
                    _ => {}
                }
            }
        }
        page.keys.sort_unstable();
        page.folders.sort_unstable();
        Ok(page)
    }
}
