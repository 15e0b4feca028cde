//! A digest in a file outside of any copy of a bucket: nothing next to it is known.

use super::directory::UNKNOWN_BUCKET;
use super::file::{FileBody, open_file};
use super::names::object_name;
use super::sample::read_digest;
use std::path::{Path, PathBuf};
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{DigestKey, ObjectKind, classify};
use trailseal::world::{Cause, Object, StoreError};

/// A file, and the place that it was delivered to.
#[derive(Debug)]
pub(crate) struct LoneFile {
    path: PathBuf,
    at: ObjectLocation,
}

impl LoneFile {
    /// Opens a digest file by its name, or by the name of the object that it is a copy of, and
    /// returns the key that this gives. The digest itself says where it was delivered. If it says
    /// another name, the file's own name is used. Returns none if the name is not that of a digest.
    pub(crate) fn open(path: &Path) -> Option<(Self, DigestKey)> {
        let name = object_name(path.file_name()?.to_str()?)?;
        let by_name = DigestKey::of_name(&name)?;
        let said = read_digest(path).map(|said| said.location);
        let (at, key) = match said.map(|at| (classify(&at.key), at)) {
            Some((ObjectKind::Digest(key), at))
                if at.key.rsplit('/').next() == Some(name.as_str()) =>
            {
                (at, key)
            }
            _ => (
                ObjectLocation::new(UNKNOWN_BUCKET, by_name.to_string()),
                by_name,
            ),
        };
        let path = path.to_owned();
        Some((Self { path, at }, key))
    }

    /// Returns the place that it was delivered to.
    pub(crate) fn at(&self) -> &ObjectLocation {
        &self.at
    }

    /// Opens this file, but no other.
    pub(super) fn read(&self, at: &ObjectLocation) -> Result<Object<FileBody>, StoreError> {
        if *at == self.at {
            open_file(&self.path, at.to_string())
        } else {
            Err(self.only_this_file("read", at.to_string()))
        }
    }

    /// Returns the error that only this file is available.
    pub(super) fn only_this_file(&self, action: &'static str, subject: String) -> StoreError {
        StoreError {
            action,
            subject,
            cause: Cause::Failed(format!(
                "{} is not in a copy of a bucket",
                self.path.display()
            )),
        }
    }
}
