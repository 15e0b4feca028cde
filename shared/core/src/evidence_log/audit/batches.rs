//! The batches of the log: each follows the one before it, and each was signed.

use super::report::{LogFault, LogReport};
use crate::evidence_log::batch::{Batch, MAX_BATCH_BYTES};
use crate::evidence_log::checkpoint::{LogCheckpoint, MAX_CHECKPOINT_BYTES};
use crate::evidence_log::listing::every_stored;
use crate::evidence_log::log_key::LogKey;
use crate::evidence_log::places::{BATCHES, CHECKPOINT, of_batch, start_of_batch};
use crate::names::sha256::{Hasher, Sha256};
use crate::world::{FetchEvidence, ListStored, StoreError};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use std::collections::BTreeMap;
use tlog_tiles::Hash;

/// The number of batches that are read at the same time.
const READS_AT_ONCE: usize = 16;

/// A batch, as the audit needs it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct KnownBatch {
    /// The number of its first entry.
    pub(super) start: u64,
    /// The root of the tree after it.
    pub(super) root: Hash,
    /// When it was made.
    pub(super) at: Timestamp,
    /// The hash under which its entries were staged.
    pub(super) staged: String,
    /// The hash of the folders with the times up to which they are in the log.
    pub(super) folders: Sha256,
}

/// Returns the hash of folders with times.
pub(super) fn hash_of(folders: &BTreeMap<String, Timestamp>) -> Sha256 {
    let mut hasher = Hasher::default();
    for (folder, done) in folders {
        hasher.update(format!("{folder} {done}\n").as_bytes());
    }
    hasher.finish()
}

/// Reads a batch. No byte of it may be another one than an append writes.
fn read(document: &[u8], start: u64, key: &LogKey) -> Result<Batch, String> {
    let batch = Batch::read(document, start, key).map_err(|error| error.to_string())?;
    if batch.to_json().as_bytes() == document {
        Ok(batch)
    } else {
        Err("it has bytes that no append writes".to_owned())
    }
}

/// Looks at the batches after the checkpoint. The newest append may not have published its batch yet:
/// this is one batch, which starts where the checkpoint ends. If there are more, the log was signed
/// further than its checkpoint says.
async fn compare_later<E: FetchEvidence>(
    evidence: &E,
    key: &LogKey,
    size: u64,
    mut later: Vec<u64>,
    report: &mut LogReport,
) {
    if later.iter().any(|start| *start > size) {
        // Appends that were made since the checkpoint was read have published a later one.
        let found = evidence.fetch(CHECKPOINT, MAX_CHECKPOINT_BYTES).await;
        let found = found.ok().flatten();
        let newest = found.and_then(|found| LogCheckpoint::read(&found, key).ok());
        let published = newest.map_or(size, |newest| newest.size);
        later.retain(|start| published <= size || *start > published);
    }
    for start in later {
        let name = of_batch(start);
        let batch = match evidence.fetch(&name, MAX_BATCH_BYTES).await {
            Ok(Some(document)) => read(&document, start, key),
            Ok(None) => continue,
            Err(error) => {
                report.obstacle(error.to_string());
                continue;
            }
        };
        match batch {
            Ok(_) if start == size => {}
            Ok(batch) => {
                let message = format!(
                    "The checkpoint has {size} entries, and a later one with {} entries was signed: an older checkpoint was put in its place.",
                    batch.end
                );
                report.find(LogFault::History, CHECKPOINT, message);
            }
            Err(why) => {
                let message = format!("The batch is not what was appended: {why}.");
                report.find(LogFault::Batch, &name, message);
            }
        }
    }
}

/// Reads the batches up to `size`. Returns them by the number of the first entry after each.
///
/// # Errors
/// [`StoreError`]: the listing failed.
pub(super) async fn batches<E: FetchEvidence + ListStored>(
    evidence: &E,
    key: &LogKey,
    size: u64,
    report: &mut LogReport,
) -> Result<BTreeMap<u64, KnownBatch>, StoreError> {
    let mut starts = Vec::new();
    let mut later = Vec::new();
    every_stored(evidence, BATCHES, |document| {
        match start_of_batch(&document.key) {
            Some(start) if start < size => starts.push(start),
            Some(start) => later.push(start),
            None => report.find(
                LogFault::Unexpected,
                &document.key,
                "The object is not a batch of the evidence log.",
            ),
        }
    })
    .await?;
    compare_later(evidence, key, size, later, report).await;
    let mut batches = BTreeMap::new();
    let mut reads = stream::iter(starts)
        .map(async |start| {
            (
                start,
                evidence.fetch(&of_batch(start), MAX_BATCH_BYTES).await,
            )
        })
        .buffered(READS_AT_ONCE);
    let mut next = 0;
    while let Some((start, document)) = reads.next().await {
        let name = of_batch(start);
        if start != next {
            let message = format!("There is no batch from entry {next} to entry {start}.");
            report.find(LogFault::Batch, &of_batch(next), message);
        }
        let batch = match document {
            Ok(Some(document)) => read(&document, start, key),
            Ok(None) => Err("it no longer exists".to_owned()),
            Err(error) => {
                report.obstacle(error.to_string());
                next = start;
                continue;
            }
        };
        match batch {
            Ok(batch) => {
                next = batch.end;
                let known = KnownBatch {
                    start,
                    root: batch.edge.root(),
                    at: batch.at,
                    staged: batch.staged,
                    folders: hash_of(&batch.folders),
                };
                batches.insert(batch.end, known);
            }
            Err(why) => {
                report.find(
                    LogFault::Batch,
                    &name,
                    format!("The batch is not what was appended: {why}."),
                );
                next = start;
            }
        }
    }
    if next < size {
        let message = format!("There is no batch from entry {next} to entry {size}.");
        report.find(LogFault::Batch, &of_batch(next), message);
    }
    Ok(batches)
}
