//! The entries of the log in their order, compared with the root of a checkpoint at the end.

use super::checkpoint::LogCheckpoint;
use super::entry::LogEntry;
use super::proof::{ProofError, read_entries};
use super::tree::RightEdge;
use crate::world::FetchEvidence;
use futures::stream::{self, LocalBoxStream, StreamExt as _};
use std::fmt;

/// The number of entry bundles that are read at the same time.
const BUNDLES_AT_ONCE: usize = 16;

/// The number of entries of a bundle.
const BUNDLE: u64 = 256;

/// Reads all entries up to a checkpoint. Whether they are those that were signed is only known when
/// all have been read.
pub struct LogEntries<'a> {
    bundles: LocalBoxStream<'a, Result<Vec<Vec<u8>>, ProofError>>,
    edge: RightEdge,
    checkpoint: &'a LogCheckpoint,
}

impl fmt::Debug for LogEntries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogEntries")
            .field("read", &self.edge.size())
            .finish_non_exhaustive()
    }
}

impl<'a> LogEntries<'a> {
    /// Starts with the first entry.
    pub fn new<E: FetchEvidence>(evidence: &'a E, checkpoint: &'a LogCheckpoint) -> Self {
        let size = checkpoint.size;
        let starts = stream::iter((0..size.div_ceil(BUNDLE)).map(|number| number * BUNDLE));
        let bundles = starts
            .map(move |start| read_entries(evidence, start, size, size))
            .buffered(BUNDLES_AT_ONCE);
        Self {
            bundles: bundles.boxed_local(),
            edge: RightEdge::default(),
            checkpoint,
        }
    }

    /// Returns the number of entries that were read.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.edge.size()
    }

    /// Returns the next entries, at most those of a bundle, or `None` after the last one. An entry
    /// that cannot be understood is an error in its place: it is in the tree all the same.
    ///
    /// # Errors
    /// [`ProofError`]: entries cannot be read.
    pub async fn next(
        &mut self,
    ) -> Result<Option<Vec<Result<LogEntry, super::EntryError>>>, ProofError> {
        let Some(entries) = self.bundles.next().await.transpose()? else {
            return Ok(None);
        };
        for entry in &entries {
            self.edge
                .push(entry)
                .map_err(|error| ProofError::Malformed(error.to_string()))?;
        }
        Ok(Some(
            entries.iter().map(|entry| LogEntry::read(entry)).collect(),
        ))
    }

    /// Returns whether the entries that were read are all those of the checkpoint.
    #[must_use]
    pub fn are_signed(&self) -> bool {
        self.edge.size() == self.checkpoint.size && self.edge.root() == self.checkpoint.root
    }
}
