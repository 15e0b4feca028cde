//! What one round remembers about an account for the next: `watch/ACCOUNT.json` in the evidence
//! bucket. `docs/watchdog.md` describes the document.

use super::condition::LastingCondition;
use super::stretch::Stretch;
use crate::names::text::{clip, clip_visibly};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The schema of the document.
const SCHEMA: &str = "trailseal.watch/1";

/// The maximum size in bytes of the document that is read.
pub const MAX_MEMORY_BYTES: usize = 8 * 1024 * 1024;

/// The maximum length in characters of what an error quotes.
const MAX_QUOTED_CHARS: usize = 200;

/// A digest that a round sent to the functions again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentAgain {
    /// The number of times.
    pub times: u32,
    /// The last time.
    pub at: Timestamp,
    /// The end of the digest.
    pub end: Timestamp,
}

/// What one round remembers about an account for the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountMemory {
    schema: String,
    /// The conditions that last, by the IDs of their incidents, each with the occurrence if an
    /// incident can have several at the same time.
    #[serde(default)]
    pub conditions: BTreeMap<String, LastingCondition>,
    /// The ends of the chains that continue at another place, by chain.
    #[serde(default)]
    pub continued: BTreeMap<String, Timestamp>,
    /// The times since which newer digests that no function has verified excuse overdue chains, by
    /// chain.
    #[serde(default)]
    pub excused: BTreeMap<String, Timestamp>,
    /// The digests that were sent to the functions again, by the folder of their receipts.
    #[serde(default)]
    pub sent: BTreeMap<String, SentAgain>,
    /// The times up to which the log files of each folder were compared with the digests.
    #[serde(default)]
    pub compared: BTreeMap<String, Timestamp>,
    /// The stretches of time before that in which some log files of a folder could not be compared.
    #[serde(default)]
    pub open: BTreeMap<String, Vec<Stretch>>,
}

/// The reason why a document is not one of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// It is not the JSON object.
    #[error("it is not what watchdog writes: {0}")]
    Json(String),
    /// It has this schema, which belongs to another version.
    #[error("its schema is `{0}`, not `{SCHEMA}`")]
    UnknownSchema(String),
}

impl Default for AccountMemory {
    fn default() -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            conditions: BTreeMap::new(),
            continued: BTreeMap::new(),
            excused: BTreeMap::new(),
            sent: BTreeMap::new(),
            compared: BTreeMap::new(),
            open: BTreeMap::new(),
        }
    }
}

impl AccountMemory {
    /// Reads the document.
    ///
    /// # Errors
    /// [`MemoryError`] if the bytes are not one.
    pub fn read(document: &[u8]) -> Result<Self, MemoryError> {
        let memory: Self = serde_json::from_slice(document).map_err(|error| {
            MemoryError::Json(clip_visibly(error.to_string(), MAX_QUOTED_CHARS))
        })?;
        if memory.schema == SCHEMA {
            Ok(memory)
        } else {
            let schema = clip(&memory.schema, MAX_QUOTED_CHARS).to_owned();
            Err(MemoryError::UnknownSchema(schema))
        }
    }

    /// Returns the document as it is stored.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text, numbers and times: JSON can hold everything in it.
        serde_json::to_string(self).unwrap_or_default()
    }
}
