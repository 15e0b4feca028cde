//! Where in the log a document is, in a number of requests that grows with the logarithm of the
//! log.

use super::batch::{Batch, MAX_BATCH_BYTES};
use super::checkpoint::LogCheckpoint;
use super::entry::LogEntry;
use super::listing::every_stored;
use super::log_key::LogKey;
use super::places::{BATCHES, of_batch, start_of_batch};
use super::proof::{ProofError, read_entries};
use crate::world::{FetchEvidence, ListStored, StoredDocument};

/// An entry, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundEntry {
    /// The number of the entry.
    pub index: u64,
    /// The bytes of the entry.
    pub entry: Vec<u8>,
}

/// The batches of a log, by the numbers of their first entries.
#[derive(Debug)]
pub struct BatchIndex<'a> {
    starts: Vec<u64>,
    key: &'a LogKey,
    checkpoint: &'a LogCheckpoint,
}

impl<'a> BatchIndex<'a> {
    /// Lists the batches.
    ///
    /// # Errors
    /// [`ProofError`].
    pub async fn read<E: ListStored>(
        evidence: &E,
        key: &'a LogKey,
        checkpoint: &'a LogCheckpoint,
    ) -> Result<Self, ProofError> {
        let mut starts = Vec::new();
        every_stored(evidence, BATCHES, |document| {
            let start = start_of_batch(&document.key);
            starts.extend(start.filter(|start| *start < checkpoint.size));
        })
        .await?;
        Ok(Self {
            starts,
            key,
            checkpoint,
        })
    }

    /// Returns the entry about a document, or `None` if the log does not name it.
    ///
    /// The times up to which a folder is in the log only grow from batch to batch. A binary search
    /// therefore finds the batch, whose entries are then read.
    ///
    /// # Errors
    /// [`ProofError`].
    pub async fn find<E: FetchEvidence>(
        &self,
        evidence: &E,
        document: &StoredDocument,
    ) -> Result<Option<FoundEntry>, ProofError> {
        let (mut from, mut until) = (0, self.starts.len());
        while from < until {
            let middle = from.midpoint(until);
            let batch = self.batch(evidence, middle).await?;
            let mut folders = batch.folders.iter();
            let folder = folders.find(|(folder, _)| document.key.starts_with(*folder));
            if folder.is_some_and(|(_, done)| *done >= document.last_modified) {
                until = middle;
            } else {
                from = middle + 1;
            }
        }
        if from == self.starts.len() {
            return Ok(None);
        }
        let batch = self.batch(evidence, from).await?;
        let mut index = batch.start;
        while index < batch.end {
            let size = self.checkpoint.size;
            let entries = read_entries(evidence, index, batch.end, size).await?;
            if entries.is_empty() {
                return Err(ProofError::Damaged(batch.key()));
            }
            for entry in entries {
                if let Ok(LogEntry::Document(logged)) = LogEntry::read(&entry)
                    && logged.key == document.key
                {
                    return Ok(Some(FoundEntry { index, entry }));
                }
                index += 1;
            }
        }
        Ok(None)
    }

    async fn batch<E: FetchEvidence>(&self, evidence: &E, at: usize) -> Result<Batch, ProofError> {
        let start = self.starts.get(at).copied().unwrap_or_default();
        let name = of_batch(start);
        let document = evidence.fetch(&name, MAX_BATCH_BYTES).await?;
        let document = document.ok_or_else(|| ProofError::Damaged(name.clone()))?;
        Batch::read(&document, start, self.key).map_err(|_| ProofError::Damaged(name))
    }
}
