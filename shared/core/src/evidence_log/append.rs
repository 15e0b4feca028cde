//! One append: the order in which it reads and writes.
//!
//! 1. It reads the newest batch that is published completely, and publishes those that follow it.
//! 2. It looks for new documents, and reads them.
//! 3. It stages the entries, and has KMS sign the checkpoint of the tree with them.
//! 4. It writes the batch, unless another append has written one with the same first entry. This is
//!    the moment at which the entries are in the log.
//! 5. It publishes the tiles and the entry bundles, then the checkpoint, then the name of the batch.
//!
//! A crash before step 4 leaves the log as it was. A crash after it is completed by step 1 of the
//! next append. Each checkpoint that is published is about tiles that were written before it.

use super::append_error::{AppendError, MAX_PUBLISHED};
use super::batch::{Batch, MAX_BATCH_BYTES};
use super::bundle::encode_entries;
use super::checkpoint::{LogCheckpoint, MAX_CHECKPOINT_BYTES, text_of};
use super::entry::{LogEntry, LoggedDocument, LoggedFolder};
use super::folders::{self, FolderSelection};
use super::gather::{self, NewDocuments, ReceiptDays};
use super::log_key::LogKey;
use super::places;
use super::publish::{Head, publish, write_once};
use super::tree::RightEdge;
use crate::names::sha256::Sha256;
use crate::receipt::MAX_RECEIPT_BYTES;
use crate::world::{Cause, ListStored, SignCheckpoint, StoreError, StoreLog, StoredDocument};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// The number of documents that an append adds. If there are more, another append follows.
pub(super) const MAX_DOCUMENTS: usize = 20_000;

/// The number of documents that are read at the same time. Each may have 16 MiB.
const READS_AT_ONCE: usize = 16;

/// The maximum size in bytes of the name of the newest batch.
const MAX_HEAD_BYTES: usize = 1024;

/// The result of an append.
#[derive(Debug, Clone, PartialEq)]
pub struct Appended {
    /// The newest checkpoint.
    pub checkpoint: LogCheckpoint,
    /// The key that signed it.
    pub key: LogKey,
    /// The number of documents that were added.
    pub documents: usize,
    /// The number of documents that could not be read. The log says so of each.
    pub unread: usize,
    /// The folders whose documents could not be listed, and why. The next append lists them again.
    pub not_listed: Vec<String>,
    /// Indicates whether there is more to add now.
    pub more: bool,
}

/// Writes the evidence log.
#[derive(Debug)]
pub struct LogWriter<'a, E, S> {
    /// The evidence bucket.
    pub evidence: &'a E,
    /// The key that signs checkpoints.
    pub signer: &'a S,
    /// The name of the log, which is the first line of its checkpoints.
    pub name: &'a str,
    /// How old a document is at least, so that all documents of its time appear in listings.
    pub margin: SignedDuration,
}

/// The log as it is published.
struct Published {
    edge: RightEdge,
    folders: BTreeMap<String, Timestamp>,
}

impl From<Batch> for Published {
    fn from(batch: Batch) -> Self {
        Self {
            edge: batch.edge,
            folders: batch.folders,
        }
    }
}

/// The entries of an append.
struct Collected {
    entries: Vec<Vec<u8>>,
    folders: BTreeMap<String, Timestamp>,
    documents: usize,
    unread: usize,
    not_listed: Vec<String>,
    more: bool,
}

impl<E: ListStored + StoreLog, S: SignCheckpoint> LogWriter<'_, E, S> {
    /// Adds the documents that are new at `now`.
    ///
    /// # Errors
    /// [`AppendError`]. To append again is right in any case.
    pub async fn append(&self, now: Timestamp) -> Result<Appended, AppendError> {
        let key = LogKey::of_log(self.name, self.signer.public_key().await?)?;
        let published = self.catch_up(&key).await?;
        let collected = self.collect(&published, now).await?;
        let batch = self.commit(&key, &published, &collected, now).await?;
        publish(self.evidence, &published.edge, &batch).await?;
        let checkpoint = batch.checkpoint(&key).map_err(AppendError::Signature)?;
        let is_own = batch.at == now;
        Ok(Appended {
            checkpoint,
            key,
            documents: collected.documents,
            unread: collected.unread,
            not_listed: collected.not_listed,
            more: collected.more || !is_own,
        })
    }

    /// Reads the log, and publishes the batches that are not published yet.
    async fn catch_up(&self, key: &LogKey) -> Result<Published, AppendError> {
        let mut published = Published {
            edge: RightEdge::default(),
            folders: BTreeMap::new(),
        };
        match self.evidence.fetch(places::HEAD, MAX_HEAD_BYTES).await? {
            Some(head) => {
                let head: Head = serde_json::from_slice(&head).map_err(|_| AppendError::Head)?;
                let batch = self.batch(head.batch, key).await?;
                published = batch.ok_or(AppendError::Head)?.into();
            }
            None => self.publish_key(key).await?,
        }
        for _ in 0..MAX_PUBLISHED {
            let Some(batch) = self.batch(published.edge.size(), key).await? else {
                self.check_published(&published, key).await?;
                return Ok(published);
            };
            publish(self.evidence, &published.edge, &batch).await?;
            published = batch.into();
        }
        Err(AppendError::Unpublished)
    }

    /// Reads the batch whose first entry is `start`, if it exists.
    async fn batch(&self, start: u64, key: &LogKey) -> Result<Option<Batch>, AppendError> {
        let name = places::of_batch(start);
        let Some(document) = self.evidence.fetch(&name, MAX_BATCH_BYTES).await? else {
            return Ok(None);
        };
        let batch = Batch::read(&document, start, key);
        let batch = batch.map_err(|error| AppendError::Batch { key: name, error })?;
        Ok(Some(batch))
    }

    /// Publishes the public key of a new log.
    async fn publish_key(&self, key: &LogKey) -> Result<(), AppendError> {
        let text = format!("{key}\n");
        let written = write_once(
            self.evidence,
            places::PUBLIC_KEY.to_owned(),
            text.into_bytes(),
        );
        match written.await {
            Err(AppendError::Occupied(_)) => {
                let found = self
                    .evidence
                    .fetch(places::PUBLIC_KEY, MAX_HEAD_BYTES)
                    .await?;
                let found = String::from_utf8_lossy(&found.unwrap_or_default()).into_owned();
                Err(AppendError::OtherKey {
                    expected: key.to_string(),
                    found: crate::names::text::clip_visibly(found.trim().to_owned(), 200),
                })
            }
            written => written,
        }
    }

    /// Checks that the checkpoint is not about more entries, or others, than the batches have. A
    /// checkpoint that is missing, or that the key did not sign, is replaced by this append.
    async fn check_published(
        &self,
        published: &Published,
        key: &LogKey,
    ) -> Result<(), AppendError> {
        let found = self
            .evidence
            .fetch(places::CHECKPOINT, MAX_CHECKPOINT_BYTES);
        let Some(found) = found.await? else {
            return Ok(());
        };
        let found = match LogCheckpoint::read(&found, key) {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(error = %error, "log/checkpoint is wrong: it is replaced");
                return Ok(());
            }
        };
        let known = published.edge.size();
        let is_older = found.size < known;
        let is_same = found.size == known && found.root == published.edge.root();
        if is_older || is_same {
            return Ok(());
        }
        Err(AppendError::Contradiction {
            published: found.size,
            known,
        })
    }

    /// Looks for new documents, and returns the entries about them.
    async fn collect(
        &self,
        published: &Published,
        now: Timestamp,
    ) -> Result<Collected, AppendError> {
        let ReceiptDays { days, left_out } = gather::days(self.evidence, now).await?;
        let FolderSelection { folders, waiting } =
            folders::select(&days, &published.folders, now, self.margin);
        let mut collected = Collected {
            entries: Vec::new(),
            folders: published.folders.clone(),
            documents: 0,
            unread: 0,
            not_listed: left_out,
            more: waiting > 0,
        };
        let mut looked_at = Vec::new();
        for folder in folders {
            let room = MAX_DOCUMENTS.saturating_sub(collected.entries.len());
            if room == 0 {
                collected.more = true;
                break;
            }
            let new = gather::new_documents(self.evidence, &folder, room).await;
            let NewDocuments { documents, until } = match new {
                Ok(new) => new,
                Err(error) if matches!(error.cause, Cause::TooLarge(_)) => {
                    collected.not_listed.push(error.to_string());
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            collected.more |= until < folder.until;
            self.read_documents(documents, &mut collected).await?;
            collected.folders.insert(folder.folder.clone(), until);
            looked_at.push(LoggedFolder { until, ..folder });
        }
        let round = LogEntry::Round {
            at: now,
            folders: looked_at,
        };
        collected.entries.push(round.to_bytes()?);
        Ok(collected)
    }

    /// Reads documents, and adds the entries about them, in the same order.
    async fn read_documents(
        &self,
        documents: Vec<StoredDocument>,
        collected: &mut Collected,
    ) -> Result<(), AppendError> {
        let entries: Vec<LogEntry> = stream::iter(documents)
            .map(|document| self.entry(document))
            .buffered(READS_AT_ONCE)
            .try_collect()
            .await?;
        for entry in entries {
            match entry {
                LogEntry::Document(_) => collected.documents += 1,
                LogEntry::Unread { .. } => collected.unread += 1,
                LogEntry::Round { .. } => {}
            }
            collected.entries.push(entry.to_bytes()?);
        }
        Ok(())
    }

    async fn entry(&self, document: StoredDocument) -> Result<LogEntry, StoreError> {
        let StoredDocument { key, last_modified } = document;
        let unread = |key, why| LogEntry::Unread {
            key,
            last_modified,
            why,
        };
        match self.evidence.fetch(&key, MAX_RECEIPT_BYTES).await {
            Ok(Some(content)) => Ok(LogEntry::Document(LoggedDocument {
                key,
                sha256: Sha256::of(&content).to_string(),
                size: u64::try_from(content.len()).unwrap_or(u64::MAX),
                last_modified,
            })),
            Ok(None) => Ok(unread(key, "it no longer exists".to_owned())),
            Err(error) if matches!(error.cause, Cause::TooLarge(_)) => {
                Ok(unread(key, error.cause.to_string()))
            }
            Err(error) => Err(error),
        }
    }

    /// Appends the entries. Returns the batch that was written: this one, or that of another append
    /// which wrote it before.
    async fn commit(
        &self,
        key: &LogKey,
        published: &Published,
        collected: &Collected,
        now: Timestamp,
    ) -> Result<Batch, AppendError> {
        let mut edge = published.edge.clone();
        let start = edge.size();
        for entry in &collected.entries {
            edge.push(entry)?;
        }
        let staged = encode_entries(&collected.entries).map_err(AppendError::Bundle)?;
        let hash = Sha256::of(&staged);
        write_once(self.evidence, places::of_staged(hash), staged).await?;
        let text = text_of(self.name, edge.size(), edge.root()).map_err(AppendError::Signature)?;
        let signature = self.signer.sign(&text).await?;
        let checkpoint = LogCheckpoint::sign(&text, key, signature);
        let checkpoint = checkpoint.map_err(AppendError::Signature)?;
        let folders = collected.folders.clone();
        let batch = Batch::new(start, now, hash, &checkpoint, edge, folders);
        if self
            .evidence
            .create(&batch.key(), batch.to_json().into_bytes())
            .await?
        {
            return Ok(batch);
        }
        let other = self.batch(start, key).await?;
        other.ok_or_else(|| AppendError::Damaged(batch.key()))
    }
}
