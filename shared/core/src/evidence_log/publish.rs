//! The publication of a batch: its tiles and entry bundles, then the checkpoint.
//!
//! Everything that is published follows from the batch and from what was published before it. If a
//! publication ends early, the next one writes the same objects.

use super::append_error::AppendError;
use super::batch::Batch;
use super::bundle::{MAX_BUNDLE_BYTES, decode_entries, encode_entries};
use super::places::{CHECKPOINT, HEAD, of_bundle, of_staged, of_tile};
use super::tree::{RightEdge, TILE_HASHES};
use crate::names::sha256::Sha256;
use crate::world::{Cause, StoreLog};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};
use tlog_tiles::record_hash;

/// The maximum size in bytes of staged entries that are read.
pub(super) const MAX_STAGED_BYTES: usize = 128 * 1024 * 1024;

/// The number of objects that are written at the same time.
const WRITES_AT_ONCE: usize = 16;

/// The name of the newest batch that is published completely.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The number of its first entry.
    pub(super) batch: u64,
}

/// Publishes a batch. `before` is the tree before it.
///
/// # Errors
/// [`AppendError`]: a part of it is perhaps not published.
pub(super) async fn publish<L: StoreLog>(
    log: &L,
    before: &RightEdge,
    batch: &Batch,
) -> Result<(), AppendError> {
    let mut edge = before.clone();
    let staged = staged_entries(log, batch).await?;
    let mut entries = last_entries(log, before).await?;
    let mut bundle = before.size() / 256;
    let mut objects = Vec::new();
    let encode = |entries: &[Vec<u8>]| encode_entries(entries).map_err(AppendError::Bundle);
    for entry in staged {
        let tiles = edge.push(&entry)?;
        entries.push(entry);
        let tiles = tiles.into_iter();
        objects.extend(tiles.map(|new| (of_tile(&new.tile), new.hashes)));
        if entries.len() == TILE_HASHES {
            objects.push((of_bundle(bundle, 256), encode(&entries)?));
            entries.clear();
            bundle += 1;
        }
    }
    if edge != batch.edge {
        return Err(AppendError::Staged(batch.staged.clone()));
    }
    let partial = edge.partial_tiles().into_iter();
    objects.extend(partial.map(|new| (of_tile(&new.tile), new.hashes)));
    if !entries.is_empty() {
        let width = u32::try_from(entries.len()).unwrap_or(1);
        objects.push((of_bundle(bundle, width), encode(&entries)?));
    }
    stream::iter(objects)
        .map(|(key, content)| write_once(log, key, content))
        .buffer_unordered(WRITES_AT_ONCE)
        .try_collect::<()>()
        .await?;
    let checkpoint = batch.checkpoint.clone().into_bytes();
    log.overwrite(CHECKPOINT, checkpoint).await?;
    let head = Head { batch: batch.start };
    let head = serde_json::to_vec(&head).unwrap_or_default();
    log.overwrite(HEAD, head).await?;
    Ok(())
}

/// Writes an object that nothing ever overwrites. If it exists, checks that it is the same.
pub(super) async fn write_once<L: StoreLog>(
    log: &L,
    key: String,
    content: Vec<u8>,
) -> Result<(), AppendError> {
    if log.create(&key, content.clone()).await? {
        return Ok(());
    }
    match log.fetch(&key, content.len()).await {
        Ok(Some(found)) if found == content => Ok(()),
        Ok(_) => Err(AppendError::Occupied(key)),
        Err(error) if matches!(error.cause, Cause::TooLarge(_)) => Err(AppendError::Occupied(key)),
        Err(error) => Err(error.into()),
    }
}

/// Reads the entries that a batch adds.
async fn staged_entries<L: StoreLog>(log: &L, batch: &Batch) -> Result<Vec<Vec<u8>>, AppendError> {
    let wrong = || AppendError::Staged(batch.staged.clone());
    let hash = batch.staged().ok_or_else(wrong)?;
    let staged = log.fetch(&of_staged(hash), MAX_STAGED_BYTES).await?;
    let staged = staged.ok_or_else(wrong)?;
    if Sha256::of(&staged) != hash {
        return Err(wrong());
    }
    let count = usize::try_from(batch.end - batch.start).map_err(|_| wrong())?;
    let entries = decode_entries(&staged, count).map_err(AppendError::Bundle)?;
    Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
}

/// Reads the entries of the partial bundle of a tree.
async fn last_entries<L: StoreLog>(log: &L, edge: &RightEdge) -> Result<Vec<Vec<u8>>, AppendError> {
    let hashes = edge.last_hashes();
    if hashes.is_empty() {
        return Ok(Vec::new());
    }
    let width = u32::try_from(hashes.len()).unwrap_or(1);
    let key = of_bundle(edge.size() / 256, width);
    let bundle = log.fetch(&key, MAX_BUNDLE_BYTES).await?;
    let bundle = bundle.ok_or_else(|| AppendError::Damaged(key.clone()))?;
    let entries = decode_entries(&bundle, hashes.len());
    let entries = entries.map_err(|_| AppendError::Damaged(key.clone()))?;
    let is_right = entries
        .iter()
        .zip(hashes)
        .all(|(entry, hash)| record_hash(entry) == *hash);
    if is_right {
        Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
    } else {
        Err(AppendError::Damaged(key))
    }
}
