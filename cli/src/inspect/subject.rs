//! The digest to inspect.

use crate::exit::Stop;
use crate::source::directory::Directory;
use crate::source::{LoneFile, Named, Objects};
use std::fs;
use std::path::Path;
use trailseal::check::arrival::{SearchResult, look_for};
use trailseal::names::event_object::EventObject;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{DigestKey, ObjectKind, classify};
use trailseal::names::places::Storage;
use trailseal::world::ReadObject;

/// The form of a digest's name.
const NAME: &str = "ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOMEREGION_YYYYMMDDTHHMMSSZ.json.gz";

/// A digest as it is written on the command line.
#[derive(Debug)]
pub(super) struct InspectedDigest {
    /// Its place.
    pub(super) at: ObjectLocation,
    /// The content of its key, or only of its name.
    pub(super) key: DigestKey,
    /// The place that holds it.
    pub(super) held: HeldIn,
    /// Its place if the key is URL-encoded or starts with an extra slash.
    others: Vec<ObjectLocation>,
}

/// The place that holds a digest.
#[derive(Debug)]
pub(super) enum HeldIn {
    /// A bucket.
    Bucket,
    /// A directory, as `aws s3 sync` writes it.
    Copy(Objects),
    /// A file outside of any copy of a bucket.
    Alone(Objects),
}

impl HeldIn {
    /// Returns the storage that the digest is read from.
    pub(super) fn storage(&self) -> Storage {
        match self {
            Self::Bucket => Storage::Bucket,
            Self::Copy(_) | Self::Alone(_) => Storage::BareCopy,
        }
    }
}

impl InspectedDigest {
    /// Reads `s3://BUCKET/KEY` or the path of a file.
    ///
    /// The copy that the file is in holds everything that was in the bucket if `is_complete`.
    pub(super) fn parse(text: &str, is_complete: bool) -> Result<Self, Stop> {
        match Named::parse(text).map_err(Stop::usage)? {
            Named::S3 { .. } if is_complete => Err(Stop::usage(
                "--complete is for a copy on disk: a bucket always counts as complete",
            )),
            Named::S3 { bucket, prefix } => {
                let created = EventObject::as_written(&bucket, &prefix);
                let mut readings = created
                    .readings()
                    .filter_map(|at| key_of(&at.key).map(|key| (at, key)));
                let (at, key) = readings.next().ok_or_else(|| no_digest(text))?;
                Ok(Self {
                    at,
                    key,
                    held: HeldIn::Bucket,
                    others: readings.map(|(at, _)| at).collect(),
                })
            }
            Named::Directory(path) => Self::of_file(text, &path, is_complete),
        }
    }

    fn of_file(text: &str, path: &Path, is_complete: bool) -> Result<Self, Stop> {
        let metadata = fs::metadata(path)
            .map_err(|error| Stop::usage(format_args!("cannot read {text}: {error}")))?;
        if !metadata.is_file() {
            return Err(Stop::usage(format_args!(
                "{text} is not a file: give one digest file; to check a directory, use `trailseal verify`"
            )));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if let Ok(copy) = Directory::around(folder)
            && let Some(at) = copy.location_of(path)
            && let Some(key) = key_of(&at.key)
        {
            // Reads the file itself, even if it is one of several copies of the object.
            let copy = copy.complete(is_complete).pinned(at.clone(), path);
            return Ok(Self {
                at,
                key,
                held: HeldIn::Copy(Objects::Directory(copy)),
                others: Vec::new(),
            });
        }
        if is_complete {
            return Err(Stop::usage(format_args!(
                "--complete is for a file in a copy of a bucket, but {text} is not in one"
            )));
        }
        let (file, key) = LoneFile::open(path).ok_or_else(|| no_digest(text))?;
        Ok(Self {
            at: file.at().clone(),
            key,
            held: HeldIn::Alone(Objects::Lone(file)),
            others: Vec::new(),
        })
    }

    /// Takes another reading of the key, if the digest exists only under that one.
    pub(super) async fn find(&mut self, store: &impl ReadObject) {
        if self.others.is_empty() {
            return;
        }
        let mut places = vec![self.at.clone()];
        places.append(&mut self.others);
        if let SearchResult::At(at) = look_for(store, &places).await
            && let Some(key) = key_of(&at.key)
        {
            self.at = at.clone();
            self.key = key;
        }
    }
}

/// Returns the digest key of an object key. If the object key is not a digest's place, its name
/// decides.
fn key_of(key: &str) -> Option<DigestKey> {
    match classify(key) {
        ObjectKind::Digest(key) => Some(key),
        _ => DigestKey::of_name(key.rsplit('/').next()?),
    }
}

fn no_digest(text: &str) -> Stop {
    Stop::usage(format_args!(
        "`{text}` does not have the name of a digest file, which contains the account, the Region and the trail: the name must be {NAME}"
    ))
}
