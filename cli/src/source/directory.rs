//! A log bucket as `aws s3 sync` leaves it on disk.
//!
//! Files keep the content of objects and their keys below the prefix that was copied; they keep
//! neither metadata nor the bucket's name nor the prefix itself. Digests say both: what most of
//! a few of them say is what the directory is taken for, so that everything has the name here
//! that it has in S3. A digest that says something else is found to be moved, as it would be
//! there.
//!
//! A copy may hold less than the bucket. What is not in it is not called missing, unless the command
//! line says that the copy is complete.

use super::Place;
use super::folder::{Folder, decompressed_beside, stand_ins};
use super::links::{Followed, broken};
use super::names::object_name;
use super::search::{Folders, Search};
use super::strays::Strays;
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use trailseal::format::digest::{self, UnverifiedDigest};
use trailseal::format::form::Form;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{ObjectKind, classify};
use trailseal::trust::log_file::MAX_WHOLE_BYTES;
use trailseal::world::{
    Absence, Body, Cause, Depth, Encryption, Headers, ListObjects, Object, Page, ReadObject,
    StoreError,
};

/// The folder that every trail's objects lie in.
pub(super) const ROOT: &str = "AWSLogs";
/// The most directories looked into for a few digests.
const MAX_DIRECTORIES: usize = 10_000;
/// The most folders of one listing that links lead to, or that are below such a folder.
const MAX_LINKED: usize = 10_000;
/// The most folders whose stand-ins are remembered.
const MAX_REMEMBERED: usize = 50_000;
/// How many digests are asked where they were delivered.
const SAMPLES: usize = 7;
/// The most Regions of an account that are asked for one.
const MAX_REGIONS: usize = 100;
/// The most folders of a Region that are looked into for one of them.
const MAX_DATES: usize = 50;
/// The most files of a Region that are read for one of them.
const MAX_TRIED: usize = 10;
/// The folder that an account's digests are in.
const DIGESTS: &str = "CloudTrail-Digest";
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
    /// Whether the copy holds everything that was in the bucket.
    is_complete: bool,
    /// An object that is read from this file, whatever else there is of it.
    pinned: Option<(ObjectLocation, PathBuf)>,
    /// What is unusual about its files.
    strays: Arc<Strays>,
    /// By folder, the files that stand for objects of other names.
    stand_ins: Mutex<HashMap<PathBuf, StandIns>>,
}

/// Files that stand for objects of other names, by those names.
type StandIns = Arc<HashMap<String, PathBuf>>;

impl Directory {
    /// Opens a directory.
    ///
    /// # Errors
    /// [`DirectoryError`] when it cannot be read, or holds no trail.
    pub(crate) fn open(path: &Path) -> Result<Self, DirectoryError> {
        let given = path;
        let path = canonical(path)?;
        // A folder of a copy is that folder, whatever somebody put below it.
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

    /// Why there may be trails in the directory that were not found.
    pub(crate) fn unseen(&self) -> &[String] {
        &self.unseen
    }

    /// Opens the copy that a directory is inside of.
    ///
    /// # Errors
    /// [`DirectoryError`] when it is in none.
    pub(crate) fn around(path: &Path) -> Result<Self, DirectoryError> {
        let canonical = canonical(path)?;
        // A link may lead out of the copy: then the path as it is written tells.
        let written = std::path::absolute(path).ok();
        let (root, below) = above(&canonical)
            .or_else(|| above(written.as_deref()?))
            .ok_or_else(|| DirectoryError::NoTrail {
                path: canonical.display().to_string(),
            })?;
        Self::of_roots(vec![root], below, Strays::default())
    }

    /// Says whether the copy holds everything that was in the bucket: then what is not in it is
    /// gone.
    #[must_use]
    pub(crate) fn complete(mut self, is_complete: bool) -> Self {
        self.is_complete = is_complete;
        self
    }

    /// Has an object read from this file, whatever else the copy holds of it.
    #[must_use]
    pub(crate) fn pinned(mut self, at: ObjectLocation, file: &Path) -> Self {
        self.pinned = Some((at, file.to_owned()));
        self
    }

    /// What is unusual about its files, as it is found out.
    pub(crate) fn strays(&self) -> Arc<Strays> {
        Arc::clone(&self.strays)
    }

    fn of_roots(
        found: Vec<PathBuf>,
        below: String,
        strays: Strays,
    ) -> Result<Self, DirectoryError> {
        let mut roots: Vec<Root> = Vec::new();
        for path in found {
            let (bucket, prefix) = delivered_to(&path, &strays).unwrap_or_else(|| {
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
            is_complete: false,
            pinned: None,
            strays: Arc::new(strays),
            stand_ins: Mutex::default(),
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

    /// Where the object that a file is a copy of was delivered, by the file's path below the root.
    /// None where it is in no copy, or its name is no text.
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

    /// The file to read an object from, by the path that it has in the copy: that, or one that
    /// stands for it.
    fn file_of(&self, path: PathBuf) -> io::Result<PathBuf> {
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            _ => return Ok(path),
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|n| n.to_str()))
        else {
            return Ok(path);
        };
        if let Some(decompressed) = decompressed_beside(folder, name) {
            return Ok(decompressed);
        }
        if object_name(name).as_deref() != Some(name) {
            return Ok(path);
        }
        let file = self.stand_ins_in(folder)?.get(name).cloned();
        Ok(file.unwrap_or(path))
    }

    /// The files of a folder that stand for objects of other names.
    fn stand_ins_in(&self, folder: &Path) -> io::Result<StandIns> {
        let remembered = || {
            self.stand_ins
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(known) = remembered().get(folder) {
            return Ok(Arc::clone(known));
        }
        let found: StandIns = Arc::new(stand_ins(folder, &self.strays)?);
        let mut remembered = remembered();
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(folder.to_owned(), Arc::clone(&found));
        Ok(found)
    }

    /// An error as it counts for this copy: what is not in it may be in the bucket all the same.
    fn weighed(&self, error: StoreError) -> StoreError {
        match error.absence() {
            Some(Absence::NoObject) if !self.is_complete => StoreError {
                cause: Cause::Absent(Absence::NotInCopy),
                ..error
            },
            _ => error,
        }
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

/// The names of the folders in a folder, sorted.
fn folders_in(path: &Path) -> io::Result<Vec<String>> {
    Ok(Folders::of(path)?.all())
}

/// What most of a few digests say of where they were delivered: bucket, and what stands before
/// [`ROOT`].
fn delivered_to(root: &Path, strays: &Strays) -> Option<Place> {
    let mut told: BTreeMap<Place, usize> = BTreeMap::new();
    for (relative, said) in sample(root, strays) {
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
fn sample(root: &Path, strays: &Strays) -> Vec<(String, UnverifiedDigest)> {
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
        if folder.file_name().is_some_and(|name| name == DIGESTS) {
            let regions = below.iter().take(MAX_REGIONS);
            let newest = regions
                .filter_map(|region| newest_digest(root, folder.join(region), strays))
                .take(SAMPLES);
            samples.extend(newest);
            continue;
        }
        let is_account =
            |name: &String| name.len() == 12 && name.bytes().all(|b| b.is_ascii_digit());
        below.retain(|name| is_account(name) || name.starts_with("o-") || name == DIGESTS);
        folders.extend(below.into_iter().map(|name| folder.join(name)));
    }
    samples
}

/// The newest digest of a Region that can be read, by the name that it has in S3, with its path
/// below the root.
fn newest_digest(
    root: &Path,
    region: PathBuf,
    strays: &Strays,
) -> Option<(String, UnverifiedDigest)> {
    let mut folders = vec![region];
    let (mut looked_into, mut tried) = (0, 0);
    while let Some(folder) = folders.pop() {
        looked_into += 1;
        let read = Folder::read(&folder, strays).ok()?;
        let inside = folder.strip_prefix(root).ok()?.to_owned();
        for file in read.files.into_iter().rev() {
            let Some(relative) = inside.join(&file.name).to_str().map(str::to_owned) else {
                continue;
            };
            if !matches!(classify(&relative), ObjectKind::Digest(_)) {
                continue;
            }
            if let Some(said) = read_digest(&file.path) {
                return Some((relative, said));
            }
            tried += 1;
            if tried >= MAX_TRIED {
                return None;
            }
        }
        if looked_into >= MAX_DATES {
            return None;
        }
        // The newest year, month or day is looked into first.
        let is_date = |name: &str| name.bytes().all(|b| b.is_ascii_digit());
        let dates = read.folders.into_iter().filter(|date| is_date(&date.name));
        folders.extend(dates.map(|date| date.path));
    }
    None
}

/// What a file says, if it is a digest. It may be decompressed.
pub(super) fn read_digest(path: &Path) -> Option<UnverifiedDigest> {
    let is_file = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let mut bytes = Vec::new();
    is_file
        .then(|| File::open(path).ok())
        .flatten()?
        .take(digest::MAX_OBJECT_BYTES)
        .read_to_end(&mut bytes)
        .ok()?;
    let content = Form::of_copy(&bytes).inflate(&bytes, digest::MAX_INFLATED_BYTES);
    UnverifiedDigest::parse(&content.ok()?).ok()
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
        .map_err(|error| self.weighed(error))
    }

    /// A file says nothing of the object that it is a copy of.
    async fn headers(&self, at: &ObjectLocation) -> Result<Headers, StoreError> {
        Err(StoreError {
            action: "read the headers of",
            subject: at.to_string(),
            cause: Cause::Failed("a copy on disk does not hold them".to_owned()),
        })
    }
}

/// Opens a file as the object `subject`.
pub(crate) fn open_file(path: &Path, subject: String) -> Result<Object<FileBody>, StoreError> {
    let failed = |error: io::Error| failed("read", &subject, &error);
    // Not opened before it is known to be a file: opening a pipe waits for its writer.
    let metadata = fs::metadata(path).map_err(|error| {
        let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
        failed(if is_link { broken(path) } else { error })
    })?;
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
        let failed = |error: &io::Error| failed("list", &subject, error);
        let mut linked = 0;
        let mut folders = vec![(
            path.clone(),
            prefix.to_owned(),
            Followed::from(&path),
            false,
        )];
        let mut is_first = true;
        while let Some((path, key, followed, is_behind_link)) = folders.pop() {
            let below = match Folder::read(&path, &self.strays) {
                Ok(below) => below,
                Err(error) if error.kind() == io::ErrorKind::NotFound && is_first => break,
                Err(error) => return Err(failed(&error)),
            };
            is_first = false;
            linked += usize::from(is_behind_link);
            if linked > MAX_LINKED {
                return Err(failed(&io::Error::other(format!(
                    "symbolic links in it lead to more than {MAX_LINKED} folders"
                ))));
            }
            let files = below.files.into_iter();
            page.keys
                .extend(files.map(|file| format!("{key}{}", file.name)));
            for folder in below.folders {
                let key = format!("{key}{}/", folder.name);
                if depth == Depth::Folders {
                    page.folders.push(key);
                    continue;
                }
                // A link that leads back to where the listing is leads to nothing else.
                let on = if folder.is_linked {
                    followed.through(&folder.path, &path)
                } else {
                    Some(followed.clone())
                };
                folders.extend(on.map(|on| {
                    let is_behind_link = is_behind_link || folder.is_linked;
                    (folder.path, key, on, is_behind_link)
                }));
            }
        }
        page.keys.sort_unstable();
        page.folders.sort_unstable();
        Ok(page)
    }
}
