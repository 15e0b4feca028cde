//! The ways in which an append fails.

use super::batch::BatchError;
use super::bundle::BundleError;
use super::checkpoint::CheckpointError;
use super::entry::EntryError;
use super::log_key::LogKeyError;
use super::tree::TreeError;
use crate::world::StoreError;

/// How many batches of others an append publishes before it adds its own.
pub(super) const MAX_PUBLISHED: usize = 100;

/// The reason why an append failed. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// A request failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The public key, or the name of the log, is not one.
    #[error("the public key of the evidence log is wrong: {0}")]
    Key(#[from] LogKeyError),
    /// The public key in the evidence bucket is another one than that of KMS.
    #[error("the evidence log was started with the key `{found}`, and KMS signs with `{expected}`")]
    OtherKey {
        /// The key of KMS.
        expected: String,
        /// The key in the evidence bucket.
        found: String,
    },
    /// A batch is not what it should be.
    #[error("{key}: {error}")]
    Batch {
        /// The key of the batch.
        key: String,
        /// The reason.
        error: BatchError,
    },
    /// The name of the newest batch is not one, or names none.
    #[error("log/head.json does not name a batch of the evidence log")]
    Head,
    /// The checkpoint is about more entries than the batches have, or about others: batches were
    /// removed.
    #[error(
        "log/checkpoint is about {published} entries, and the batches have {known}, or the entries are others: objects of the evidence log were removed or replaced"
    )]
    Contradiction {
        /// The number of entries of the checkpoint.
        published: u64,
        /// The number of entries of the batches.
        known: u64,
    },
    /// The staged entries are missing, or are not those of their batch.
    #[error("log/staged/{0}: the entries are missing, or are not those of their batch")]
    Staged(String),
    /// An object of the log is missing, or is not what the tree demands.
    #[error("{0}: it is missing, or is not what the checkpoint demands")]
    Damaged(String),
    /// An object that the log is about to write exists, with other content.
    #[error("{0}: it exists, and has other content than the evidence log is about to write")]
    Occupied(String),
    /// The tree is wrong.
    #[error("the tree of the evidence log is wrong: {0}")]
    Tree(#[from] TreeError),
    /// An entry is wrong.
    #[error("an entry of the evidence log is wrong: {0}")]
    Entry(#[from] EntryError),
    /// Entries cannot be read or written.
    #[error("the entries of the evidence log are wrong: {0}")]
    Bundle(BundleError),
    /// KMS returned a signature that its public key does not verify.
    #[error("the signature of KMS does not verify: {0}")]
    Signature(CheckpointError),
    /// More batches follow than one append publishes.
    #[error("more than {MAX_PUBLISHED} batches are not published yet")]
    Unpublished,
}
