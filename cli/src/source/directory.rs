//! A log bucket as `aws s3 sync` writes it to disk.
//!
//! Files keep the content of objects, and their keys below the prefix that was copied. They do not
//! keep the metadata, the bucket's name or the prefix itself. Digests name bucket and prefix: the
//! directory is taken for a copy of the place that most of a few digests name, so that everything
//! has the same name here as in S3. A digest that names another place is found to be moved, as it
//! would be there.
//!
//! A copy may hold less than the bucket. An object that is not in it is not reported missing,
//! unless the command line says that the copy is complete.

use super::directory_error::DirectoryError;
use super::file::{FileBody, failed, open_file};
use super::folder::{decompressed_sibling, substitutes};
use super::listing::list_below;
use super::names::object_name;
use super::place::SourcePlace;
use super::root::{above, holds_trail};
use super::sample::delivered_to;
use super::search::Search;
use super::strays::Strays;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::ROOT_FOLDER;
use trailseal::world::{
    Absence, Cause, Depth, Headers, ListObjects, Object, Page, ReadObject, StoreError,
};

/// The maximum number of folders whose stand-ins are remembered.
const MAX_REMEMBERED: usize = 50_000;
/// The name of a bucket that no digest names.
pub(crate) const UNKNOWN_BUCKET: &str = "unknown-bucket";

/// A folder that holds an [`ROOT_FOLDER`] folder, and the place that it was delivered to.
#[derive(Debug)]
struct CopyRoot {
    path: PathBuf,
    bucket: String,
    /// The prefix with its closing slash, or empty.
    prefix: String,
}

/// A directory that holds copies of log buckets.
#[derive(Debug)]
pub(crate) struct Directory {
    roots: Vec<CopyRoot>,
    /// The requested folder below the roots: a directory inside a trail's folders requests only
    /// those.
    below: String,
    /// The reasons why there may be trails that were not found.
    unseen: Vec<String>,
    /// Whether the copy holds everything that was in the bucket.
    is_complete: bool,
    /// An object that is read from this file, regardless of its other copies.
    pinned: Option<(ObjectLocation, PathBuf)>,
    /// The unusual facts about its files.
    strays: Arc<Strays>,
    /// The files that represent objects with other names, by folder.
    substitutes: Mutex<HashMap<PathBuf, Substitutes>>,
}

/// Files that represent objects with other names, by those names.
type Substitutes = Arc<HashMap<String, PathBuf>>;

impl Directory {
    /// Opens a directory.
    ///
    /// # Errors
    /// [`DirectoryError`], if it cannot be read or holds no trail.
    pub(crate) fn open(path: &Path) -> Result<Self, DirectoryError> {
        let given = path;
        let path = canonical(path)?;
        // A folder of a copy is that folder, regardless of what is below it.
        if above(&path).is_some_and(|(root, _)| holds_trail(&root)) {
            return Self::around(given);
        }
        let strays = Strays::default();
        let Search { found, unseen, .. } = Search::below(&path, &strays)?;
        let found: Vec<PathBuf> = found.into_iter().filter(|root| holds_trail(root)).collect();
        if found.is_empty() {
            return Self::around(given);
        }
        let mut directory = Self::of_roots(found, String::new(), strays)?;
        directory.unseen = unseen;
        Ok(directory)
    }

    /// Returns the reasons why there may be trails in the directory that were not found.
    pub(crate) fn unseen(&self) -> &[String] {
        &self.unseen
    }

    /// Opens the copy that contains a directory.
    ///
    /// # Errors
    /// [`DirectoryError`], if the directory is not in a copy.
    pub(crate) fn around(path: &Path) -> Result<Self, DirectoryError> {
        let canonical = canonical(path)?;
        // A link may lead out of the copy: then the path as written shows the root.
        let written = std::path::absolute(path).ok();
        let (root, below) = above(&canonical)
            .or_else(|| above(written.as_deref()?))
            .ok_or_else(|| DirectoryError::NoTrail {
                path: canonical.display().to_string(),
            })?;
        Self::of_roots(vec![root], below, Strays::default())
    }

    /// Sets whether the copy holds everything that was in the bucket: then an object that is not in
    /// it is missing.
    #[must_use]
    pub(crate) fn complete(mut self, is_complete: bool) -> Self {
        self.is_complete = is_complete;
        self
    }

    /// Makes an object be read from this file, regardless of the copy's other files for it.
    #[must_use]
    pub(crate) fn pinned(mut self, at: ObjectLocation, file: &Path) -> Self {
        self.pinned = Some((at, file.to_owned()));
        self
    }

    /// Returns the unusual facts about its files, as they are found.
    pub(crate) fn strays(&self) -> Arc<Strays> {
        Arc::clone(&self.strays)
    }

    fn of_roots(
        found: Vec<PathBuf>,
        below: String,
        strays: Strays,
    ) -> Result<Self, DirectoryError> {
        let mut roots: Vec<CopyRoot> = Vec::new();
        for path in found {
            let (bucket, prefix) = delivered_to(&path, &strays).unwrap_or_else(|| {
                // Unknown buckets are distinguished by their paths.
                let number = roots.len();
                let name = if number == 0 {
                    UNKNOWN_BUCKET.to_owned()
                } else {
                    format!("{UNKNOWN_BUCKET}-{number}")
                };
                (name, String::new())
            });
            let root = CopyRoot {
                path,
                bucket,
                prefix,
            };
            let same =
                |other: &&CopyRoot| other.bucket == root.bucket && other.prefix == root.prefix;
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
            is_complete: false,
            pinned: None,
            strays: Arc::new(strays),
            substitutes: Mutex::default(),
        })
    }

    /// Returns the buckets and prefixes that the directory is a copy of.
    pub(crate) fn places(&self) -> Vec<SourcePlace> {
        self.roots
            .iter()
            .map(|root| {
                (
                    root.bucket.clone(),
                    format!("{}{ROOT_FOLDER}/{}", root.prefix, self.below),
                )
            })
            .collect()
    }

    /// Returns the place that a file's object was delivered to, by the file's path below the root.
    /// Returns none if the file is not in a copy, or its name is not text.
    pub(crate) fn location_of(&self, file: &Path) -> Option<ObjectLocation> {
        let canonical = file
            .parent()
            .and_then(|folder| folder.canonicalize().ok())
            .and_then(|folder| Some(folder.join(file.file_name()?)));
        let written = std::path::absolute(file).ok();
        canonical.into_iter().chain(written).find_map(|file| {
            let name = file.file_name()?.to_str()?;
            let file = file.with_file_name(object_name(name).as_deref().unwrap_or(name));
            self.roots.iter().find_map(|root| {
                let rest = file.strip_prefix(&root.path).ok()?.to_str()?;
                let key = format!("{}{rest}", root.prefix);
                Some(ObjectLocation::new(root.bucket.clone(), key))
            })
        })
    }

    /// Returns the file to read an object from, by the object's path in the copy: the file at that
    /// path, or one that represents it.
    fn file_of(&self, path: PathBuf) -> io::Result<PathBuf> {
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            _ => return Ok(path),
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|n| n.to_str()))
        else {
            return Ok(path);
        };
        if let Some(decompressed) = decompressed_sibling(folder, name) {
            return Ok(decompressed);
        }
        if object_name(name).as_deref() != Some(name) {
            return Ok(path);
        }
        let file = self.substitutes_in(folder)?.get(name).cloned();
        Ok(file.unwrap_or(path))
    }

    /// Returns the files of a folder that represent objects with other names.
    fn substitutes_in(&self, folder: &Path) -> io::Result<Substitutes> {
        let remembered = || {
            self.substitutes
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(known) = remembered().get(folder) {
            return Ok(Arc::clone(known));
        }
        let found: Substitutes = Arc::new(substitutes(folder, &self.strays)?);
        let mut remembered = remembered();
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(folder.to_owned(), Arc::clone(&found));
        Ok(found)
    }

    /// Returns an error as it counts for this copy: an object that is not in the copy may still be
    /// in the bucket.
    fn adjusted_for_copy(&self, error: StoreError) -> StoreError {
        match error.absence() {
            Some(Absence::NoObject) if !self.is_complete => StoreError {
                cause: Cause::Absent(Absence::NotInCopy),
                ..error
            },
            _ => error,
        }
    }

    /// Returns the file of a key, or none if the key cannot be in the copy.
    fn path_of(&self, bucket: &str, key: &str) -> Option<PathBuf> {
        let root = self.roots.iter().find(|root| {
            root.bucket == bucket
                && key
                    .strip_prefix(&root.prefix)
                    .is_some_and(|rest| rest.starts_with(ROOT_FOLDER))
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

impl ReadObject for Directory {
    type Body = FileBody;

    async fn read(&self, at: &ObjectLocation) -> Result<Object<FileBody>, StoreError> {
        if let Some((_, file)) = self.pinned.as_ref().filter(|(pinned, _)| pinned == at) {
            return open_file(file, at.to_string());
        }
        let named = || at.to_string();
        let path = self
            .path_of(&at.bucket, &at.key)
            .ok_or_else(|| failed("read", &named(), &io::ErrorKind::NotFound.into()));
        path.and_then(|path| {
            self.file_of(path)
                .map_err(|error| failed("read", &named(), &error))
        })
        .and_then(|file| open_file(&file, named()))
        .map_err(|error| self.adjusted_for_copy(error))
    }

    /// Returns an error: a file does not hold the headers of its object.
    async fn headers(&self, at: &ObjectLocation) -> Result<Headers, StoreError> {
        Err(StoreError {
            action: "read the headers of",
            subject: at.to_string(),
            cause: Cause::Failed("a copy on disk does not contain them".to_owned()),
        })
    }
}

impl ListObjects for Directory {
    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        depth: Depth,
        _next: Option<&str>,
    ) -> Result<Page, StoreError> {
        match self.path_of(bucket, prefix.trim_end_matches('/')) {
            Some(path) => list_below(&path, prefix, depth, &self.strays)
                .map_err(|error| failed("list", &format!("s3://{bucket}/{prefix}"), &error)),
            None => Ok(Page::default()),
        }
    }
}
