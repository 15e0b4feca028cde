//! What an entry of the evidence log says.

use crate::names::sha256::Sha256;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The maximum size in bytes of an entry: its length has two bytes in an entry bundle.
/// <https://c2sp.org/tlog-tiles>
pub const MAX_ENTRY_BYTES: usize = 65_535;

/// How long after a round documents may be stored before the next one. A round is made each hour, and
/// an alarm reports three hours without one.
pub const CONTINUED_WITHIN: SignedDuration = SignedDuration::from_hours(3);

/// How long after its check a function stores a receipt at most. Lambda ends an invocation after 15
/// minutes (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>), and clocks
/// differ.
const STORED_WITHIN: SignedDuration = SignedDuration::from_mins(30);

/// How far the clocks of S3 and of a function may differ.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(10);

/// An entry of the evidence log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum LogEntry {
    /// A document of the evidence bucket.
    Document(LoggedDocument),
    /// A document that a listing named, and that could not be read.
    #[serde(rename_all = "camelCase")]
    Unread {
        /// Its key.
        key: String,
        /// When S3 stored it.
        last_modified: Timestamp,
        /// The reason.
        why: String,
    },
    /// The end of an append: where it looked for documents, and for which time.
    #[serde(rename_all = "camelCase")]
    Round {
        /// When the append was made.
        at: Timestamp,
        /// The folders. All their documents of these times are in the entries up to this one.
        folders: Vec<LoggedFolder>,
    },
}

/// A document of the evidence bucket, in an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggedDocument {
    /// Its key.
    pub key: String,
    /// SHA-256 of its content, in hex.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
    /// When S3 stored it.
    pub last_modified: Timestamp,
}

impl LoggedDocument {
    /// Returns whether a document has this content.
    #[must_use]
    pub fn is_of(&self, content: &[u8]) -> bool {
        Sha256::from_hex(&self.sha256) == Some(Sha256::of(content))
    }

    /// Returns whether S3 stored the document shortly after a check at this time.
    #[must_use]
    pub fn is_stored_after(&self, checked_at: Timestamp) -> bool {
        let passed = self.last_modified.duration_since(checked_at);
        passed <= STORED_WITHIN && passed >= -CLOCKS_DIFFER
    }

    /// Returns what is wrong with a document with receipts of checks that were made at these times, if
    /// S3 stored it at another time.
    pub(crate) fn backdating(&self, checks: impl IntoIterator<Item = Timestamp>) -> Option<String> {
        let mut checks = checks.into_iter();
        let checked_at = checks.find(|checked_at| !self.is_stored_after(*checked_at))?;
        Some(format!(
            "The receipt states that the check was made at {checked_at}, and S3 stored it at {}.",
            self.last_modified
        ))
    }
}

/// A folder in which an append looked for documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggedFolder {
    /// The folder, with its closing slash.
    pub folder: String,
    /// The documents were stored after this time; missing if there is no such limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Timestamp>,
    /// The documents were stored at this time or before.
    pub until: Timestamp,
}

/// The reason why bytes are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// They are not the JSON of an entry.
    #[error("it is not an entry of the evidence log: {0}")]
    Malformed(String),
    /// An entry of this size does not fit into an entry bundle.
    #[error("it has {0} bytes, and an entry has at most {MAX_ENTRY_BYTES}")]
    TooLong(usize),
}

impl LogEntry {
    /// Reads an entry.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn read(bytes: &[u8]) -> Result<Self, EntryError> {
        if bytes.len() > MAX_ENTRY_BYTES {
            return Err(EntryError::TooLong(bytes.len()));
        }
        serde_json::from_slice(bytes).map_err(|error| EntryError::Malformed(error.to_string()))
    }

    /// Returns the bytes of the entry, which are what the tree hashes.
    ///
    /// # Errors
    /// [`EntryError::TooLong`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, EntryError> {
        // Text, times and numbers: JSON can hold everything in it.
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        if bytes.len() > MAX_ENTRY_BYTES {
            return Err(EntryError::TooLong(bytes.len()));
        }
        Ok(bytes)
    }
}
