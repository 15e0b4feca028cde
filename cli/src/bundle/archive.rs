//! A bundle that was opened.

use super::failure::RecordedAnswer;
use super::manifest::{
    KeyRequest, ListRequest, ListedPage, StoredFile, StoredHeaders, StoredObject,
};
use super::public_keys::RegionKeys;
use super::{MANIFEST, MAX_ANSWERS, MAX_MANIFEST_BYTES};
use crate::args::SelectionArgs;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use trailseal::names::location::ObjectLocation;
use trailseal::names::sha256::Sha256;
use trailseal::names::text::clip_visibly;

/// The maximum number of keys whose fingerprints a report shows.
const SHOWN_KEYS: usize = 5;

/// The maximum number of characters of the options of a collection in a report.
const SHOWN_OPTIONS: usize = 1000;

/// The reason why a bundle cannot be used or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BundleError {
    /// The manifest cannot be read.
    #[error("the bundle is damaged: {path} cannot be read: {error}")]
    Unread {
        /// The manifest.
        path: String,
        /// The error.
        error: String,
    },
    /// The manifest is larger than any that `trailseal collect` writes.
    #[error(
        "{path} has more than {MAX_MANIFEST_BYTES} bytes, or {MAX_ANSWERS} answers of one kind: `trailseal collect` writes no such manifest"
    )]
    TooLarge {
        /// The manifest.
        path: String,
    },
    /// The manifest is not what `trailseal collect` writes.
    #[error("the bundle is damaged: {path} {what}")]
    Damaged {
        /// The manifest.
        path: String,
        /// The damage.
        what: String,
    },
    /// The manifest has another schema.
    #[error(
        "{path} has the schema {schema}: verify the bundle with the version of Trailseal that collected it, or a later one"
    )]
    OtherSchema {
        /// The manifest.
        path: String,
        /// Its schema.
        schema: String,
    },
    /// A file of a bundle cannot be written.
    #[error("cannot write {path}: {error}")]
    Unwritten {
        /// The file.
        path: String,
        /// The error.
        error: String,
    },
}

/// A bundle that was opened.
#[derive(Debug)]
pub(crate) struct Archive {
    pub(super) folder: PathBuf,
    pub(super) sha256: Sha256,
    pub(super) source: String,
    pub(super) selection: SelectionArgs,
    pub(super) collected_at: Timestamp,
    pub(super) interrupted: bool,
    pub(super) reports: Vec<StoredFile>,
    pub(super) keys: RegionKeys,
    pub(super) key_requests: BTreeMap<KeyRequest, RecordedAnswer<()>>,
    pub(super) objects: BTreeMap<ObjectLocation, RecordedAnswer<StoredObject>>,
    pub(super) headers: BTreeMap<ObjectLocation, RecordedAnswer<StoredHeaders>>,
    pub(super) listings: BTreeMap<ListRequest, RecordedAnswer<ListedPage>>,
    /// The files whose content was checked.
    pub(super) checked: Mutex<BTreeSet<String>>,
}

impl Archive {
    /// Returns the SHA-256 of the manifest.
    pub(crate) fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Returns the source that was collected.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Returns the options that select a part of it.
    pub(crate) fn selection(&self) -> &SelectionArgs {
        &self.selection
    }

    /// Returns the time of the verification that was collected.
    pub(crate) fn collected_at(&self) -> Timestamp {
        self.collected_at
    }

    /// Returns the bundle's name in a report, worded like the name of a source.
    pub(crate) fn describe(&self) -> String {
        // They decide what a verdict is about, and the manifest may be somebody else's.
        let options: Vec<_> = self
            .selection
            .given()
            .iter()
            .map(|(name, value)| format!("{name} {value}").trim_end().to_owned())
            .collect();
        let options = match options.as_slice() {
            [] => String::new(),
            options => format!(" with {}", clip_visibly(options.join(" "), SHOWN_OPTIONS)),
        };
        format!(
            "{} in the bundle {} (collected at {}{options}, SHA-256 of {MANIFEST}: {})",
            self.source,
            self.folder.display(),
            self.collected_at,
            self.sha256
        )
    }

    /// Returns the source of its public keys, worded as the end of a sentence.
    pub(crate) fn describe_keys(&self) -> String {
        let keys = self.keys.all();
        let shown: Vec<_> = keys
            .iter()
            .take(SHOWN_KEYS)
            .map(|(region, key)| format!("{} of {region}", key.fingerprint))
            .collect();
        let more = keys.len().saturating_sub(SHOWN_KEYS);
        let more = match more {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        match keys.len() {
            0 => "the bundle, which holds no public key".to_owned(),
            1 => format!("the bundle (1 public key: {})", shown.concat()),
            count => format!(
                "the bundle ({count} public keys: {}{more})",
                shown.join(", ")
            ),
        }
    }

    /// Notes that a file's content was checked.
    pub(super) fn note_checked(&self, file: &str) {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.insert(file.to_owned());
    }
}
