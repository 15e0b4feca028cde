//! A proof that documents are in the log, which verifies without the log.
//!
//! Each proof is a C2SP `tlog-proof` (<https://c2sp.org/tlog-proof>): the number of the entry, the
//! hashes from the entry to the root (RFC 6962, section 2.1.1), and the checkpoint.

use super::bundle::{MAX_BUNDLE_BYTES, decode_entries};
use super::checkpoint::{CheckpointError, LogCheckpoint};
use super::entry::LogEntry;
use super::log_key::{LogKey, LogKeyError};
use super::places::{TILE_HEIGHT, of_bundle, of_tile};
use super::tree::TILE_HASHES;
use crate::world::{FetchEvidence, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Mutex;
use tlog_tiles::{
    Error, HASH_SIZE, Hash, Tile, TileHashReader, TileReader, check_record, prove_record,
    record_hash,
};

/// The schema of a proof.
const SCHEMA: &str = "trailseal.evidence-proof/1";

/// The first line of a proof. <https://c2sp.org/tlog-proof>
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The maximum number of hashes of a proof: one for each level of a binary tree.
const MAX_HASHES: usize = 63;

/// The maximum number of times that tiles are read for a proof: first those of the root, then those
/// of the entry.
const MAX_READS: usize = 8;

/// Documents, with proofs that they are in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceProof {
    schema: String,
    /// The public key of the log.
    pub key: String,
    /// The documents.
    pub documents: Vec<ProvenDocument>,
}

/// A document, with the proof that it is in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProvenDocument {
    /// Its key in the evidence bucket.
    pub key: String,
    /// Its content.
    pub document: String,
    /// The entry that names it: the bytes that the tree hashes.
    pub entry: String,
    /// The proof that the entry is in the log.
    pub proof: String,
}

/// The reason why there is no proof, or why a proof does not verify.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// A request failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file is not a proof.
    #[error("the file is not a proof of the evidence log: {0}")]
    Malformed(String),
    /// The key is not one.
    #[error("the key of the log is wrong: {0}")]
    Key(#[from] LogKeyError),
    /// The checkpoint is not one of the log.
    #[error("{key}: the checkpoint is wrong: {error}")]
    Checkpoint {
        /// The key of the document.
        key: String,
        /// The reason.
        error: CheckpointError,
    },
    /// The entry is not in the tree of the checkpoint.
    #[error("{0}: the entry is not in the log of the checkpoint")]
    NotIncluded(String),
    /// The entry does not name the document, or names another content.
    #[error("{0}: the entry is not about this document")]
    OtherDocument(String),
    /// A tile or a bundle is missing, or is not what the checkpoint demands.
    #[error("{0}: it is missing, or is not what the checkpoint demands")]
    Damaged(String),
}

/// The tiles that were read so far, and those that are needed.
#[derive(Debug, Default)]
struct Tiles {
    known: HashMap<Tile, Vec<u8>>,
    needed: Mutex<Vec<Tile>>,
}

impl TileReader for Tiles {
    fn height(&self) -> u8 {
        TILE_HEIGHT
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let missing = tiles.iter().filter(|tile| !self.known.contains_key(*tile));
        let missing: Vec<Tile> = missing.copied().collect();
        if missing.is_empty() {
            let known = |tile| self.known.get(tile).cloned().unwrap_or_default();
            return Ok(tiles.iter().map(known).collect());
        }
        if let Ok(mut needed) = self.needed.lock() {
            *needed = missing;
        }
        Err(Error::InvalidTile)
    }

    fn save_tiles(&self, _tiles: &[Tile], _data: &[Vec<u8>]) {}
}

/// Returns the hashes that lead from an entry to the root of a checkpoint. `entry` is its bytes.
///
/// # Errors
/// [`ProofError`].
pub async fn prove<E: FetchEvidence>(
    evidence: &E,
    checkpoint: &LogCheckpoint,
    index: u64,
    entry: &[u8],
) -> Result<Vec<Hash>, ProofError> {
    let place = format!("entry {index}");
    if index >= checkpoint.size {
        return Err(ProofError::NotIncluded(place));
    }
    let mut tiles = Tiles::default();
    for _ in 0..MAX_READS {
        let reader = TileHashReader::new(checkpoint.size, checkpoint.root, &tiles);
        let proof = prove_record(checkpoint.size, index, &reader);
        let needed = tiles.needed.get_mut().map(std::mem::take);
        let needed = needed.unwrap_or_default();
        match proof {
            Ok(proof) => {
                let (size, root) = (checkpoint.size, checkpoint.root);
                check_record(&proof, size, root, index, record_hash(entry))
                    .map_err(|_| ProofError::NotIncluded(place))?;
                return Ok(proof);
            }
            Err(_) if needed.is_empty() => return Err(ProofError::Damaged("log/tile/".to_owned())),
            Err(_) => {
                for tile in needed {
                    let content = read_tile(evidence, &tile).await?;
                    tiles.known.insert(tile, content);
                }
            }
        }
    }
    Err(ProofError::Damaged("log/tile/".to_owned()))
}

async fn read_tile<E: FetchEvidence>(evidence: &E, tile: &Tile) -> Result<Vec<u8>, ProofError> {
    let key = of_tile(tile);
    let content = evidence.fetch(&key, TILE_HASHES * HASH_SIZE).await?;
    let width = usize::try_from(tile.width()).unwrap_or_default();
    content
        .filter(|content| content.len() == width * HASH_SIZE)
        .ok_or(ProofError::Damaged(key))
}

/// Reads the entries from `start` to the one before `end`, at most those of one entry bundle: stops
/// at the end of the bundle of `start`. `size` is that of the tree.
///
/// # Errors
/// [`ProofError`].
pub async fn read_entries<E: FetchEvidence>(
    evidence: &E,
    start: u64,
    end: u64,
    size: u64,
) -> Result<Vec<Vec<u8>>, ProofError> {
    let number = start / 256;
    let width = size.saturating_sub(number * 256).min(256);
    let key = of_bundle(number, u32::try_from(width).unwrap_or(256));
    let width = usize::try_from(width).unwrap_or_default();
    let content = evidence.fetch(&key, MAX_BUNDLE_BYTES).await?;
    let content = content.ok_or_else(|| ProofError::Damaged(key.clone()))?;
    let entries = decode_entries(&content, width).map_err(|_| ProofError::Damaged(key))?;
    let entries = (number * 256..).zip(entries);
    Ok(entries
        .filter(|(index, _)| *index >= start && *index < end)
        .map(|(_, entry)| entry.to_vec())
        .collect())
}

impl ProvenDocument {
    /// Returns a document with its proof.
    ///
    /// # Errors
    /// [`ProofError::Malformed`]: the document is not text.
    pub fn new(
        key: &str,
        document: Vec<u8>,
        entry: Vec<u8>,
        index: u64,
        hashes: &[Hash],
        checkpoint: &LogCheckpoint,
    ) -> Result<Self, ProofError> {
        let text = |bytes| {
            String::from_utf8(bytes)
                .map_err(|_| ProofError::Malformed(format!("{key} is not text")))
        };
        let hashes: Vec<String> = hashes.iter().map(|hash| format!("{hash}\n")).collect();
        let hashes = hashes.concat();
        let checkpoint = text(checkpoint.as_bytes().to_vec())?;
        Ok(Self {
            key: key.to_owned(),
            document: text(document)?,
            entry: text(entry)?,
            proof: format!("{HEADER}\nindex {index}\n{hashes}\n{checkpoint}"),
        })
    }

    /// Verifies that the entry names the document, and is in a log that this key signed. Returns
    /// the checkpoint.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn verify(&self, key: &LogKey) -> Result<LogCheckpoint, ProofError> {
        let not_included = || ProofError::NotIncluded(self.key.clone());
        let malformed = |why: &str| ProofError::Malformed(format!("{}: {why}", self.key));
        let (proof, checkpoint) = self
            .proof
            .split_once("\n\n")
            .ok_or_else(|| malformed("the proof has no checkpoint"))?;
        let checkpoint = LogCheckpoint::read(checkpoint.as_bytes(), key).map_err(|error| {
            ProofError::Checkpoint {
                key: self.key.clone(),
                error,
            }
        })?;
        let mut lines = proof.lines().peekable();
        if lines.next() != Some(HEADER) {
            return Err(malformed("the proof is not a tlog-proof, version 1"));
        }
        lines.next_if(|line| line.starts_with("extra "));
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index: u64 = index
            .and_then(|index| index.parse().ok())
            .ok_or_else(|| malformed("the proof has no number of an entry"))?;
        let hashes: Result<Vec<Hash>, Error> =
            lines.take(MAX_HASHES + 1).map(Hash::parse_hash).collect();
        let hashes = hashes.map_err(|_| malformed("a line of the proof is not a hash"))?;
        if hashes.len() > MAX_HASHES || index >= checkpoint.size {
            return Err(not_included());
        }
        let hash = record_hash(self.entry.as_bytes());
        check_record(&hashes, checkpoint.size, checkpoint.root, index, hash)
            .map_err(|_| not_included())?;
        let is_about = match LogEntry::read(self.entry.as_bytes()) {
            Ok(LogEntry::Document(logged)) => {
                logged.key == self.key && logged.is_of(self.document.as_bytes())
            }
            _ => false,
        };
        if is_about {
            Ok(checkpoint)
        } else {
            Err(ProofError::OtherDocument(self.key.clone()))
        }
    }
}

impl EvidenceProof {
    /// Returns a proof about documents.
    #[must_use]
    pub fn new(key: &LogKey, documents: Vec<ProvenDocument>) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            key: key.to_string(),
            documents,
        }
    }

    /// Reads a proof.
    ///
    /// # Errors
    /// [`ProofError::Malformed`].
    pub fn read(file: &[u8]) -> Result<Self, ProofError> {
        let read: Self = serde_json::from_slice(file)
            .map_err(|error| ProofError::Malformed(error.to_string()))?;
        if read.schema == SCHEMA && !read.documents.is_empty() {
            Ok(read)
        } else {
            let why = "it has another schema, or no document";
            Err(ProofError::Malformed(why.to_owned()))
        }
    }

    /// Returns the file.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text and numbers: JSON can hold everything in it.
        let mut json = serde_json::to_string_pretty(self).unwrap_or_default();
        json.push('\n');
        json
    }

    /// Verifies each document. Returns the newest checkpoint.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn verify(&self, key: &LogKey) -> Result<LogCheckpoint, ProofError> {
        let mut newest: Option<LogCheckpoint> = None;
        for document in &self.documents {
            let checkpoint = document.verify(key)?;
            if newest
                .as_ref()
                .is_none_or(|known| known.size < checkpoint.size)
            {
                newest = Some(checkpoint);
            }
        }
        newest.ok_or_else(|| ProofError::Malformed("it has no document".to_owned()))
    }
}
