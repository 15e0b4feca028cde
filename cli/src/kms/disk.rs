//! Log files on disk: a copy of a bucket, or files by their names.
//!
//! The tests are in `tests/tests/command/kms.rs`.

use super::subject::KmsSubject;
use crate::exit::Stop;
use crate::report::copy::{Note, NoteKind};
use crate::source::directory::{Directory, UNKNOWN_BUCKET};
use crate::source::directory_error::DirectoryError;
use crate::source::file::open_file;
use crate::source::folder::Folder;
use crate::source::links::Followed;
use crate::source::names::object_name;
use crate::source::strays::Strays;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use trailseal::bucket::wanted::Wanted;
use trailseal::format::form::Form;
use trailseal::format::records::{Needles, for_each_record_in_copy};
use trailseal::kms::context::{ContextObject, ContextTarget};
use trailseal::kms::event::{EVENT_SOURCE, KmsEvent};
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::key_of_log_file;
use trailseal::names::places::Places;
use trailseal::world::{Body as _, Cause, StoreError};

/// The form of a log file's name.
const NAME: &str = "ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHMMZ_UNIQUE.json.gz";

/// The maximum number of buckets that events on disk add to the trail's buckets.
const MAX_BUCKETS: usize = 100;

/// The maximum depth of log files below the directory.
const MAX_DEPTH: usize = 32;

/// The maximum number of folders that links lead to, or that are below such a folder.
const MAX_LINKED: usize = 10_000;

/// The maximum number of bytes of a log file that are held in memory. CloudTrail's log files have a
/// few megabytes.
const MAX_OBJECT_BYTES: usize = 32 * 1024 * 1024;

/// The maximum number of bytes of a decompressed log file that are held in memory. CloudTrail's log
/// files have tens of megabytes.
const MAX_INFLATED_BYTES: usize = 128 * 1024 * 1024;

/// A file, or a directory with files.
#[derive(Debug, Clone)]
pub(super) struct Disk {
    root: PathBuf,
    /// The copy that shows where the files were delivered.
    copy: Option<Arc<Directory>>,
    /// The unusual facts about the files.
    strays: Arc<Strays>,
}

impl Disk {
    /// Opens a path.
    ///
    /// # Errors
    /// [`Stop`], if it cannot be read, or is a file without a log file's name.
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
        // Below a path without links, a file's path shows its place in the copy.
        let root = match (metadata.is_dir(), path.canonicalize()) {
            (true, Ok(root)) => root,
            _ => path.to_owned(),
        };
        let disk = Self {
            root,
            copy,
            strays: Arc::default(),
        };
        if !metadata.is_dir() && disk.subject(path).is_none() {
            return Err(no_log_file(&path.display().to_string()));
        }
        Ok(disk)
    }

    /// Returns whether it is one file.
    pub(super) fn is_file(&self) -> bool {
        !self.root.is_dir()
    }

    /// Returns the buckets that digests next to the files name.
    pub(super) fn buckets(&self) -> BTreeSet<String> {
        let places = self.copy.iter().flat_map(|copy| copy.places());
        places
            .map(|(bucket, _)| bucket)
            .filter(|bucket| !bucket.starts_with(UNKNOWN_BUCKET))
            .collect()
    }

    /// Returns every log file of the requested time, or the reason why there may be more.
    pub(super) fn walk(&self, wanted: Wanted) -> KmsWalk {
        KmsWalk {
            disk: self.clone(),
            wanted,
            left: vec![PlaceInCopy {
                path: self.root.clone(),
                deep: 0,
                followed: Followed::from(&self.root),
                is_below_link: false,
            }],
            found: Vec::new().into_iter(),
            linked: 0,
        }
    }

    /// Returns the unusual facts about the files that were found.
    pub(super) fn notes(&self) -> Vec<Note> {
        self.strays.notes()
    }

    /// Records the form of a file that was read.
    pub(super) fn note_form(&self, file: &Path, bytes: &[u8]) {
        if Form::of_copy(bytes) == Form::Inflated {
            self.strays.note(NoteKind::Decompressed, file);
        }
    }

    /// Returns the key of a log file with this name, if its trail has neither a prefix nor an
    /// organization.
    fn key_of(file: &Path) -> Option<String> {
        key_of_log_file(&object_name(file.file_name()?.to_str()?)?)
    }

    /// Returns the log file that a file is a copy of: by its path in the copy of a bucket,
    /// otherwise by its name.
    fn subject(&self, file: &Path) -> Option<KmsSubject> {
        let in_copy = self
            .copy
            .as_ref()
            .and_then(|copy| copy.location_of(file))
            .and_then(KmsSubject::of_object);
        let subject = match in_copy {
            Some(subject) => subject,
            None => {
                KmsSubject::of_object(ObjectLocation::new(UNKNOWN_BUCKET, Self::key_of(file)?))?
            }
        };
        Some(KmsSubject {
            file: Some(file.to_owned()),
            ..subject
        })
    }
}

/// Returns the error that a text names no log file.
pub(super) fn no_log_file(text: &str) -> Stop {
    Stop::usage(format_args!(
        "`{text}` does not have the name of a log file, which contains the account, the Region and the time: the name must be {NAME}"
    ))
}

/// Log files in the order of their paths.
pub(super) struct KmsWalk {
    disk: Disk,
    wanted: Wanted,
    /// The places still to visit, the next one last.
    left: Vec<PlaceInCopy>,
    /// The log files of the folder that was visited last.
    found: std::vec::IntoIter<KmsSubject>,
    /// The number of visited folders that links led to.
    linked: usize,
}

/// A file or folder to visit.
struct PlaceInCopy {
    path: PathBuf,
    deep: usize,
    followed: Followed,
    is_below_link: bool,
}

impl Iterator for KmsWalk {
    type Item = Result<KmsSubject, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(subject) = self.found.next() {
                return Some(Ok(subject));
            }
            let place = self.left.pop()?;
            if let Err(error) = self.visit(&place) {
                return Some(Err(StoreError {
                    action: "search",
                    subject: place.path.display().to_string(),
                    cause: match error.kind() {
                        io::ErrorKind::PermissionDenied => Cause::Denied(error.to_string()),
                        _ => Cause::Failed(error.to_string()),
                    },
                }));
            }
        }
    }
}

impl KmsWalk {
    /// Finds the log file, or those of the folder, and the places to visit next.
    fn visit(&mut self, place: &PlaceInCopy) -> io::Result<()> {
        let PlaceInCopy {
            path,
            deep,
            followed,
            is_below_link,
        } = place;
        if !fs::metadata(path)?.is_dir() {
            self.found = self.in_time(self.disk.subject(path));
            return Ok(());
        }
        if *deep >= MAX_DEPTH {
            return Err(io::Error::other(format!(
                "it is more than {MAX_DEPTH} levels deep"
            )));
        }
        self.linked += usize::from(*is_below_link);
        if self.linked > MAX_LINKED {
            self.left.retain(|place| !place.is_below_link);
            return Err(io::Error::other(format!(
                "symbolic links lead to more than {MAX_LINKED} folders, and the others were not searched"
            )));
        }
        let below = Folder::read(path, &self.disk.strays)?;
        let subjects = below
            .files
            .into_iter()
            .filter_map(|file| self.disk.subject(&file.path));
        self.found = self.in_time(subjects);
        for folder in below.folders.into_iter().rev() {
            // A link that leads back leads to nothing else.
            let on = if folder.is_linked {
                followed.through(&folder.path, path)
            } else {
                Some(followed.clone())
            };
            self.left.extend(on.map(|followed| PlaceInCopy {
                path: folder.path,
                deep: deep + 1,
                followed,
                is_below_link: *is_below_link || folder.is_linked,
            }));
        }
        Ok(())
    }

    /// Returns the subjects that were delivered in the requested time.
    fn in_time(
        &self,
        subjects: impl IntoIterator<Item = KmsSubject>,
    ) -> std::vec::IntoIter<KmsSubject> {
        let subjects = subjects.into_iter();
        let wanted = subjects.filter(|subject| self.wanted.instant(subject.key.time));
        wanted.collect::<Vec<_>>().into_iter()
    }
}

/// Reads a file.
///
/// # Errors
/// [`StoreError`], also if it is larger than any log file.
pub(super) async fn read(file: &Path) -> Result<Vec<u8>, StoreError> {
    let subject = file.display().to_string();
    let mut object = open_file(file, subject.clone())?;
    let mut bytes = Vec::new();
    // The first byte shows the form of the file.
    object.body.collect(&mut bytes, 0).await?;
    let limit = match Form::of_copy(&bytes) {
        Form::Gzip => MAX_OBJECT_BYTES,
        Form::Inflated => MAX_INFLATED_BYTES,
    };
    if object.body.collect(&mut bytes, limit).await? {
        return Ok(bytes);
    }
    Err(StoreError {
        action: "read the records of",
        subject,
        cause: Cause::TooLarge(format!(
            "it has more than {limit} bytes, which is more than any CloudTrail log file has"
        )),
    })
}

/// Returns the buckets that the KMS events of a log file name for log files, or together with a
/// trail.
pub(super) async fn buckets_named(file: PathBuf) -> BTreeSet<String> {
    let mut buckets = BTreeSet::new();
    let Ok(bytes) = read(&file).await else {
        return buckets;
    };
    let places = Places::default();
    // An object that is not a log file is reported when it is judged.
    let _ = for_each_record_in_copy(&bytes, &Needles::new(&[EVENT_SOURCE]), |record| {
        if let Some(event) = KmsEvent::from_record(record)
            && let Some(arn) = event.object.as_deref()
            && let Some(named) = ContextObject::parse(arn, &places, "")
            && (named.log_file().is_some()
                || (event.trail.is_some()
                    && matches!(
                        named.target,
                        ContextTarget::Bucket | ContextTarget::Folder { .. }
                    )))
            && buckets.len() < MAX_BUCKETS
        {
            buckets.insert(named.bucket.to_owned());
        }
    });
    buckets
}

/// Adds names of buckets, up to the maximum.
pub(super) fn add(buckets: &mut BTreeSet<String>, more: &BTreeSet<String>) {
    let free = MAX_BUCKETS.saturating_sub(buckets.len());
    let new: Vec<String> = more.difference(buckets).take(free).cloned().collect();
    buckets.extend(new);
}
