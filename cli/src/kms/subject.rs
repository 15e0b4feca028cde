//! A log file to look at.

use std::path::PathBuf;
use trailseal::location::ObjectLocation;
use trailseal::object_key::{LogFileKey, ObjectKind, classify};

/// A log file, and where it is.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    /// Where it was delivered.
    pub(super) at: ObjectLocation,
    /// What its key says.
    pub(super) key: LogFileKey,
    /// The file on disk that is a copy of it.
    pub(super) file: Option<PathBuf>,
}

impl Subject {
    /// The object at `at`; none where its key is no log file's.
    pub(super) fn of_object(at: ObjectLocation) -> Option<Self> {
        match classify(&at.key) {
            ObjectKind::LogFile(key) => Some(Self {
                at,
                key,
                file: None,
            }),
            _ => None,
        }
    }
}
