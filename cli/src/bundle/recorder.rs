//! The recorder of a collection: its files, and each answer.

use super::answers::{Answers, Room};
use super::archive::BundleError;
use super::manifest::{
    KeyRequest, ListRequest, ListedPage, StoredFile, StoredHeaders, StoredObject,
};
use super::public_keys::{RegionKeys, wider};
use super::{MANIFEST, OBJECTS};
use crate::exit::Stop;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::NamedTempFile;
use trailseal::format::log_file_size::MAX_OBJECT_BYTES;
use trailseal::names::ids::Region;
use trailseal::names::location::ObjectLocation;
use trailseal::names::sha256::Hasher;
use trailseal::trust::public_key::{PublicKey, SigningPeriod};
use trailseal::world::{Body, Cause, ListPublicKeys, Object, StoreError};

/// The recorder of a collection.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(super) folder: PathBuf,
    /// The number of files that were begun.
    files: AtomicU64,
    /// The bytes of the objects.
    bytes: AtomicU64,
    pub(super) room: Room,
    pub(super) objects: Answers<ObjectLocation, StoredObject>,
    pub(super) headers: Answers<ObjectLocation, StoredHeaders>,
    pub(super) listings: Answers<ListRequest, ListedPage>,
    pub(super) key_requests: Answers<KeyRequest, ()>,
    pub(super) keys: RegionKeys,
}

impl Recorder {
    /// Creates the folder of a bundle. An empty one may exist.
    ///
    /// # Errors
    /// [`Stop`], if something else is there, or the folder cannot be created.
    pub(crate) fn create(folder: &Path) -> Result<Self, Stop> {
        let refused = |error: &dyn std::fmt::Display| {
            Stop::usage(format_args!("--into {}: {error}", folder.display()))
        };
        match fs::read_dir(folder) {
            Ok(mut inside) => {
                if inside.next().is_some() {
                    return Err(refused(
                        &"the directory is not empty; name a directory that does not exist, or an empty one",
                    ));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(folder).map_err(|error| refused(&error))?;
            }
            Err(error) => return Err(refused(&error)),
        }
        fs::create_dir(folder.join(OBJECTS)).map_err(|error| refused(&error))?;
        Ok(Self {
            folder: folder.to_owned(),
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            room: Room::default(),
            objects: Answers::default(),
            headers: Answers::default(),
            listings: Answers::default(),
            key_requests: Answers::default(),
            keys: RegionKeys::default(),
        })
    }

    /// Returns the bytes of the objects that were stored.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Removes the folder of a collection that found nothing. Whatever is in it stays.
    pub(crate) fn discard(&self) {
        if !self.folder.join(MANIFEST).exists() {
            let _ = fs::remove_dir(self.folder.join(OBJECTS));
            let _ = fs::remove_dir(&self.folder);
        }
    }

    /// Stores an object in a file of its own.
    ///
    /// # Errors
    /// [`StoreError`]: the object cannot be read, or the file cannot be written.
    pub(super) async fn store<B: Body>(
        &self,
        object: Object<B>,
        at: &ObjectLocation,
    ) -> Result<StoredObject, StoreError> {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        let name = format!("{OBJECTS}/{number:06}");
        let path = self.folder.join(&name);
        let mut body = object.body;
        let Written {
            bytes,
            sha256,
            is_cut,
        } = write(&path, &mut body, at).await?;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(StoredObject {
            content: StoredFile {
                file: name,
                bytes,
                sha256,
            },
            is_cut,
            size: object.size,
            version_id: object.version_id,
            e_tag: object.e_tag,
            last_modified: object.last_modified,
            metadata: object.metadata.into_iter().collect(),
            encryption: object.encryption.algorithm,
            kms_key_id: object.encryption.kms_key_id,
        })
    }

    /// Opens the file of an object that was stored.
    ///
    /// # Errors
    /// Any error of the file system.
    pub(super) fn open(&self, stored: &StoredObject) -> io::Result<File> {
        File::open(self.folder.join(&stored.content.file))
    }

    /// Returns the keys that CloudTrail lists for a Region.
    ///
    /// # Errors
    /// [`StoreError`] of `cloudtrail`.
    pub(crate) async fn list_keys(
        &self,
        cloudtrail: &impl ListPublicKeys,
        region: &Region,
        period: SigningPeriod,
    ) -> Result<Vec<PublicKey>, StoreError> {
        let asked = wider(period);
        let request = KeyRequest {
            region: region.to_string(),
            from: asked.from,
            to: asked.to,
        };
        let action = "list CloudTrail's public keys in";
        let subject = || region.to_string();
        let ask = async {
            let keys = Box::pin(cloudtrail.list_public_keys(region, asked)).await?;
            let added = self.keys.add(region, keys);
            added.map_err(|cause| StoreError {
                action,
                subject: subject(),
                cause,
            })
        };
        self.key_requests
            .ask(&self.room, request, action, &subject, ask)
            .await?;
        Ok(self.keys.valid_in(region, period))
    }

    /// Returns the error that a file of the bundle cannot be written.
    pub(super) fn unwritten(path: &Path, error: &dyn std::fmt::Display) -> BundleError {
        BundleError::Unwritten {
            path: path.display().to_string(),
            error: error.to_string(),
        }
    }
}

/// The result of writing an object.
struct Written {
    bytes: u64,
    sha256: String,
    is_cut: bool,
}

async fn write(
    path: &Path,
    body: &mut impl Body,
    at: &ObjectLocation,
) -> Result<Written, StoreError> {
    let failed = |error: io::Error| StoreError {
        action: "store",
        subject: at.to_string(),
        cause: Cause::Failed(Recorder::unwritten(path, &error).to_string()),
    };
    // It disappears if the run is interrupted.
    let folder = path.parent().unwrap_or(path);
    let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
    let mut hasher = Hasher::default();
    let mut bytes = 0_u64;
    let mut is_cut = false;
    while let Some(piece) = body.next().await? {
        file.write_all(&piece).map_err(failed)?;
        hasher.update(&piece);
        bytes = bytes.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        // No check reads more of an object.
        if bytes > MAX_OBJECT_BYTES {
            is_cut = true;
            break;
        }
    }
    file.flush().map_err(failed)?;
    let persisted = file.persist_noclobber(path);
    persisted.map_err(|error| failed(error.error))?;
    Ok(Written {
        bytes,
        sha256: hasher.finish().to_string(),
        is_cut,
    })
}
