//! The audit of the evidence log: whether it is the log that was signed, and whether the documents
//! that it names are as they were.
//!
//! It reads every tile, every entry, every batch and every document. What it finds does not depend
//! on what `watchdog` remembers.

mod batches;
mod documents;
mod names;
mod report;
mod rounds;
mod tiles;

use super::checkpoint::{CheckpointError, LogCheckpoint, MAX_CHECKPOINT_BYTES};
use super::entry::LogEntry;
use super::log_key::LogKey;
use super::places::{self, of_batch, of_bundle};
use super::tree::{NewTile, RightEdge};
use crate::names::sha256::Hasher;
use crate::world::{FetchEvidence, ListStored, StoreError};
use batches::{KnownBatch, hash_of};
use documents::Documents;
use futures::stream::{self, StreamExt as _};
use names::PartialKeys;
pub use report::{LogFault, LogFinding, LogReport};
use rounds::Rounds;
use std::collections::BTreeMap;
use tiles::LeafPart;

/// The number of tiles that are read at the same time.
const PARTS_AT_ONCE: usize = 8;

/// An audit of the evidence log.
#[derive(Debug)]
pub struct LogAudit<'a, E> {
    /// The evidence bucket, or a copy of it.
    pub evidence: &'a E,
    /// The key of the log.
    pub key: &'a LogKey,
    /// Checkpoints that somebody received earlier.
    pub earlier: &'a [LogCheckpoint],
    /// The keys of those who may have cosigned the checkpoint.
    pub cosigners: &'a [LogKey],
}

/// What an audit has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogProgress {
    /// The number of entries of the log.
    pub entries: u64,
    /// The number of entries that were read.
    pub read: u64,
}

/// The state of a walk over the tiles.
struct Walk {
    edge: RightEdge,
    rounds: Rounds,
    documents: Documents,
    partial: PartialKeys,
    /// The hash of the entries since the last batch.
    staged: Hasher,
    /// Whether a root was already wrong: every later one is wrong, too.
    is_broken: bool,
}

impl<E: FetchEvidence + ListStored> LogAudit<'_, E> {
    /// Audits the log, and calls `progress` from time to time.
    ///
    /// # Errors
    /// [`StoreError`]: a listing failed, so that nothing can be said.
    pub async fn run(
        &self,
        mut progress: impl FnMut(LogProgress),
    ) -> Result<LogReport, StoreError> {
        let mut report = LogReport::default();
        let Some(checkpoint) = self.checkpoint(&mut report).await else {
            return Ok(report);
        };
        let size = checkpoint.size;
        let batches = batches::batches(self.evidence, self.key, size, &mut report).await?;
        let mut walk = Walk {
            edge: RightEdge::default(),
            rounds: Rounds::default(),
            documents: Documents::default(),
            partial: PartialKeys::default(),
            staged: Hasher::default(),
            is_broken: false,
        };
        let mut parts = Box::pin(
            stream::iter(0..size.div_ceil(256))
                .map(async |number| {
                    let width = usize::try_from((size - number * 256).min(256)).unwrap_or(256);
                    let mut found = LogReport::default();
                    let part = tiles::part(self.evidence, number, width, &mut found).await;
                    (number, width, part, found)
                })
                .buffered(PARTS_AT_ONCE),
        );
        while let Some((number, width, part, found)) = parts.next().await {
            report.merge(found);
            if part.hashes.len() < width {
                report.obstacle(format!(
                    "the entries from {} on could not be verified",
                    number * 256
                ));
                walk.is_broken = true;
                break;
            }
            let place = of_bundle(number, u32::try_from(width).unwrap_or(256));
            self.walk(&mut walk, &part, &place, &batches, &mut report)
                .await;
            walk.documents.compare(self.evidence, &mut report).await;
            let read = walk.edge.size();
            progress(LogProgress {
                entries: size,
                read,
            });
        }
        if !walk.is_broken {
            let partial = walk.edge.partial_tiles();
            tiles::compare_upper(self.evidence, partial, &mut report).await;
            compare_end(&walk, &checkpoint, &mut report);
        }
        names::unexpected(self.evidence, size, &walk.partial, &mut report).await?;
        let done = walk.rounds.done.clone();
        walk.documents
            .finish(self.evidence, &done, &mut report)
            .await?;
        Ok(report)
    }

    /// Reads the checkpoint.
    async fn checkpoint(&self, report: &mut LogReport) -> Option<LogCheckpoint> {
        let key = places::CHECKPOINT;
        let found = match self.evidence.fetch(key, MAX_CHECKPOINT_BYTES).await {
            Ok(Some(found)) => found,
            Ok(None) => {
                if self.earlier.is_empty() {
                    report.obstacle("there is no evidence log: log/checkpoint does not exist");
                } else {
                    report.find(LogFault::Checkpoint, key, "The checkpoint does not exist.");
                }
                return None;
            }
            Err(error) => {
                report.obstacle(error.to_string());
                return None;
            }
        };
        let checkpoint = match LogCheckpoint::read(&found, self.key) {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                let message = format!("The checkpoint is not one of this log: {error}.");
                report.find(LogFault::Checkpoint, key, message);
                return None;
            }
        };
        match checkpoint.cosigners(self.cosigners) {
            Ok(cosigners) => report.cosigners = cosigners,
            Err(error @ CheckpointError::Forged(_)) => {
                report.find(
                    LogFault::Checkpoint,
                    key,
                    format!("A cosignature is wrong: {error}."),
                );
            }
            Err(error) => report.obstacle(format!("{key}: {error}")),
        }
        for earlier in self.earlier {
            if earlier.size > checkpoint.size {
                let message = format!(
                    "The log has {} entries, and an earlier checkpoint has {}.",
                    checkpoint.size, earlier.size
                );
                report.find(LogFault::History, key, message);
            }
        }
        report.checkpoint = Some(checkpoint.clone());
        Some(checkpoint)
    }

    /// Adds a part to the tree.
    async fn walk(
        &self,
        walk: &mut Walk,
        part: &LeafPart,
        place: &str,
        batches: &BTreeMap<u64, KnownBatch>,
        report: &mut LogReport,
    ) {
        let mut completed: Vec<NewTile> = Vec::new();
        for (at, hash) in part.hashes.iter().enumerate() {
            match walk.edge.push_hash(*hash) {
                Ok(tiles) => completed.extend(tiles),
                Err(error) => {
                    report.obstacle(error.to_string());
                    return;
                }
            }
            if let Some(entry) = part.entries.get(at) {
                add_entry(walk, entry, place, report);
            }
            let size = walk.edge.size();
            self.compare_earlier(walk, report);
            let Some(batch) = batches.get(&size) else {
                continue;
            };
            compare_batch(walk, batch, report);
            walk.partial.add(&walk.edge);
            tiles::compare_partial(self.evidence, &walk.edge, &part.entries, report).await;
        }
        tiles::compare_upper(self.evidence, completed, report).await;
    }

    fn compare_earlier(&self, walk: &Walk, report: &mut LogReport) {
        let size = walk.edge.size();
        for earlier in self.earlier.iter().filter(|earlier| earlier.size == size) {
            if earlier.root == walk.edge.root() {
                report.agreeing_checkpoints += 1;
            } else {
                let message = format!(
                    "An earlier checkpoint with {size} entries contradicts the log: its history was rewritten."
                );
                report.find(LogFault::History, places::CHECKPOINT, message);
            }
        }
    }
}

fn compare_end(walk: &Walk, checkpoint: &LogCheckpoint, report: &mut LogReport) {
    if walk.edge.root() != checkpoint.root && !walk.is_broken {
        report.find(
            LogFault::Checkpoint,
            places::CHECKPOINT,
            "The root of the tree is not the one that the checkpoint has.",
        );
    }
    if walk.rounds.is_open() {
        report.find(
            LogFault::Round,
            places::CHECKPOINT,
            "The last entries are not followed by the round to which they belong.",
        );
    }
}

fn add_entry(walk: &mut Walk, entry: &[u8], place: &str, report: &mut LogReport) {
    report.entries += 1;
    let length = u16::try_from(entry.len()).unwrap_or(u16::MAX);
    walk.staged.update(&length.to_be_bytes());
    walk.staged.update(entry);
    match LogEntry::read(entry) {
        Ok(entry) => {
            if let LogEntry::Unread { key, .. } = &entry {
                walk.documents.name(key);
            }
            if let Some(document) = walk.rounds.add(entry, place, report) {
                walk.documents.add(document);
            }
        }
        Err(error) => report.obstacle(format!("{place}: {error}")),
    }
}

fn compare_batch(walk: &mut Walk, batch: &KnownBatch, report: &mut LogReport) {
    let key = of_batch(batch.start);
    let staged = std::mem::take(&mut walk.staged).finish();
    if batch.staged != staged.to_string() || batch.folders != hash_of(&walk.rounds.done) {
        report.find(
            LogFault::Batch,
            &key,
            "The batch has other entries or folders than the log.",
        );
    }
    if walk.edge.root() != batch.root {
        // Every later root is wrong as well.
        if !walk.is_broken {
            report.find(
                LogFault::Tile,
                &key,
                format!("The tree up to entry {} is not the one that was signed. A tile or an entry before it was changed.", walk.edge.size()),
            );
        }
        walk.is_broken = true;
    }
    if walk.rounds.newest() != Some(batch.at) || walk.rounds.is_open() {
        let message = format!("The batch of {} does not end with its round.", batch.at);
        report.find(LogFault::Round, &key, message);
    }
}
