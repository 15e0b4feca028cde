//! The content of an object in a bundle.

use super::manifest::{StoredFile, StoredObject};
use super::{MANIFEST, OBJECTS};
use bytes::Bytes;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use trailseal::names::sha256::Hasher;
use trailseal::world::{Body, Cause, Encryption, Object, StoreError};

/// The size of the pieces in which files are read.
const PIECE: usize = 256 * 1024;

/// The content of a file of the bundle.
#[derive(Debug)]
pub(crate) struct StoredBody {
    file: File,
    is_cut: bool,
    subject: String,
}

impl Body for StoredBody {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let failed = |text: String| StoreError {
            action: "finish reading",
            subject: self.subject.clone(),
            cause: Cause::Failed(text),
        };
        let mut piece = vec![0; PIECE];
        let read = self.file.read(&mut piece);
        let read = read.map_err(|error| failed(error.to_string()))?;
        if read == 0 && self.is_cut {
            return Err(failed(
                "the bundle holds only the beginning of this object, which is larger than any log file".to_owned(),
            ));
        }
        piece.truncate(read);
        Ok((read > 0).then(|| piece.into()))
    }
}

impl StoredObject {
    /// Returns the object with its content, which `file` holds.
    pub(super) fn with_content(&self, file: File, subject: String) -> Object<StoredBody> {
        Object {
            version_id: self.version_id.clone(),
            e_tag: self.e_tag.clone(),
            last_modified: self.last_modified,
            size: self.size,
            metadata: self.metadata.clone().into_iter().collect::<HashMap<_, _>>(),
            encryption: Encryption {
                algorithm: self.encryption.clone(),
                kms_key_id: self.kms_key_id.clone(),
            },
            body: StoredBody {
                file,
                is_cut: self.is_cut,
                subject,
            },
        }
    }
}

/// Returns whether a name is that of an object's file: `objects/`, and only digits.
pub(super) fn is_object_file(name: &str) -> bool {
    let number = name
        .strip_prefix(OBJECTS)
        .and_then(|rest| rest.strip_prefix('/'));
    number.is_some_and(|number| {
        (6..=20).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Opens a file below a folder that is itself, not a link to another one.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    // A link may lead out of the bundle, and opening a pipe waits for its writer.
    if !path.symlink_metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    File::open(path)
}

impl StoredFile {
    /// Opens the file in a bundle, and checks that its content is what the manifest says.
    ///
    /// # Errors
    /// The damage, in words.
    pub(super) fn open_in(&self, folder: &Path) -> Result<File, String> {
        let damaged = |what: &str| format!("the bundle is damaged: {} {what}", self.file);
        let path: PathBuf = folder.join(&self.file);
        let inside = path.parent().is_some_and(|inside| {
            inside == folder
                || inside
                    .symlink_metadata()
                    .is_ok_and(|inside| inside.is_dir())
        });
        if !inside {
            return Err(damaged("is not in the bundle's own folder"));
        }
        let mut file = open_regular(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => damaged("is missing"),
            _ => damaged(&format!("cannot be read: {error}")),
        })?;
        let unread = |error: io::Error| damaged(&format!("cannot be read: {error}"));
        let differs = || damaged(&format!("is not the file that {MANIFEST} describes"));
        if file.metadata().map_err(unread)?.len() != self.bytes {
            return Err(differs());
        }
        let mut hasher = Hasher::default();
        let mut piece = vec![0; PIECE];
        loop {
            let read = file.read(&mut piece).map_err(unread)?;
            let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else {
                break;
            };
            hasher.update(bytes);
        }
        if hasher.finish().to_string() != self.sha256 {
            return Err(differs());
        }
        file.rewind().map_err(unread)?;
        Ok(file)
    }
}
