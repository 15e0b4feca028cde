//! A batch: what one append adds to the log, and the checkpoint after it.
//!
//! A batch is written once, and its key names its first entry. To write it *is* to append: whoever
//! writes it first has appended, and everybody else publishes the same tiles from it.

use super::checkpoint::{CheckpointError, LogCheckpoint};
use super::log_key::LogKey;
use super::places;
use super::tree::RightEdge;
use crate::names::sha256::Sha256;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The schema of a batch.
const SCHEMA: &str = "trailseal.evidence-batch/1";

/// The maximum size in bytes of a batch that is read.
pub const MAX_BATCH_BYTES: usize = 8 * 1024 * 1024;

/// A batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    schema: String,
    /// The number of its first entry.
    pub start: u64,
    /// The number of the first entry after it: the size of the tree.
    pub end: u64,
    /// When it was made.
    pub at: Timestamp,
    /// SHA-256 of its entries, in hex: they are staged under this name.
    pub staged: String,
    /// The checkpoint of the tree: a signed note.
    pub checkpoint: String,
    /// The right edge of the tree.
    pub edge: RightEdge,
    /// For each folder, the time up to which its documents are in the log.
    pub folders: BTreeMap<String, Timestamp>,
}

/// The reason why a document is not the batch that it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// It is not a batch.
    #[error("it is not a batch of the evidence log: {0}")]
    Malformed(String),
    /// It starts where another batch does.
    #[error("it starts with entry {found} instead of {expected}")]
    Start {
        /// The number that its key names.
        expected: u64,
        /// The number that it states.
        found: u64,
    },
    /// Its checkpoint is wrong.
    #[error("its checkpoint is wrong: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// Its checkpoint is about another tree than its right edge.
    #[error("its checkpoint is about another tree than its hashes")]
    Tree,
}

impl Batch {
    pub(super) fn new(
        start: u64,
        at: Timestamp,
        staged: Sha256,
        checkpoint: &LogCheckpoint,
        edge: RightEdge,
        folders: BTreeMap<String, Timestamp>,
    ) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            start,
            end: edge.size(),
            at,
            staged: staged.to_string(),
            checkpoint: String::from_utf8_lossy(checkpoint.as_bytes()).into_owned(),
            edge,
            folders,
        }
    }

    /// Reads the batch whose first entry is `start`, and checks that the key of the log signed its
    /// tree.
    ///
    /// # Errors
    /// [`BatchError`].
    pub fn read(document: &[u8], start: u64, key: &LogKey) -> Result<Self, BatchError> {
        let malformed = |text: String| BatchError::Malformed(text);
        let batch: Self =
            serde_json::from_slice(document).map_err(|error| malformed(error.to_string()))?;
        if batch.schema != SCHEMA {
            return Err(malformed("it has another schema".to_owned()));
        }
        if batch.start != start {
            let found = batch.start;
            return Err(BatchError::Start {
                expected: start,
                found,
            });
        }
        let checkpoint = batch.checkpoint(key)?;
        let is_of_tree = batch.start < batch.end
            && batch.edge.size() == batch.end
            && checkpoint.size == batch.end
            && checkpoint.root == batch.edge.root();
        if is_of_tree {
            Ok(batch)
        } else {
            Err(BatchError::Tree)
        }
    }

    /// Returns its checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError`]: the key of the log did not sign it.
    pub fn checkpoint(&self, key: &LogKey) -> Result<LogCheckpoint, CheckpointError> {
        LogCheckpoint::read(self.checkpoint.as_bytes(), key)
    }

    /// Returns its key.
    #[must_use]
    pub fn key(&self) -> String {
        places::of_batch(self.start)
    }

    /// Returns its document.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text, times and numbers: JSON can hold everything in it.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Returns the hash under which its entries are staged.
    pub(super) fn staged(&self) -> Option<Sha256> {
        Sha256::from_hex(&self.staged)
    }
}
