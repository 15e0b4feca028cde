//! A file of a copy on disk, read as the object that it represents.

use super::links::broken;
use bytes::Bytes;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use trailseal::world::{Absence, Body, Cause, Encryption, Object, StoreError};

/// The size of the pieces in which large files are read.
const PIECE: usize = 256 * 1024;

/// The maximum size in bytes of a file that is read at once when it is opened. All files that are
/// open at a time, which are 48, then fit into the room for log files that are held whole. A larger
/// one is read in pieces, and held if there is room.
const READ_AT_ONCE: u64 = 1024 * 1024;

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
                    .map_err(|error| failed("finish reading", &self.subject, &error))?;
                piece.truncate(read);
                if read == 0 {
                    self.rest = Rest::Nothing;
                }
                Ok((read > 0).then(|| piece.into()))
            }
        }
    }
}

/// Opens a file as the object `subject`.
pub(crate) fn open_file(path: &Path, subject: String) -> Result<Object<FileBody>, StoreError> {
    let failed = |error: io::Error| failed("read", &subject, &error);
    // Opens only what is known to be a file: opening a pipe waits for its writer.
    let metadata = fs::metadata(path).map_err(|error| {
        let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
        failed(if is_link { broken(path) } else { error })
    })?;
    if !metadata.is_file() {
        return Err(failed(io::Error::other("it is not a regular file")));
    }
    let size = metadata.len();
    let rest = if size <= READ_AT_ONCE {
        Rest::Whole(fs::read(path).map_err(failed)?.into())
    } else {
        Rest::File(File::open(path).map_err(failed)?)
    };
    Ok(Object {
        version_id: None,
        e_tag: None,
        last_modified: None,
        size: Some(size),
        metadata: HashMap::new(),
        encryption: Encryption::default(),
        body: FileBody { rest, subject },
    })
}

/// Returns an error of the file system, as a store reports it.
pub(super) fn failed(action: &'static str, subject: &str, error: &io::Error) -> StoreError {
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
