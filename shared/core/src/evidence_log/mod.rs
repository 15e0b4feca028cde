//! The evidence log: an append-only log of the receipts, incidents and acknowledgments in the
//! evidence bucket.
//!
//! It is a Merkle tree (RFC 6962) in the formats of the C2SP: `tlog-tiles`, `tlog-checkpoint` and
//! `signed-note` (<https://c2sp.org/>). `docs/evidence-log.md` describes it.
//!
//! The files, from the lowest to the highest:
//!
//! - `places`: the keys of its objects
//! - `entry`: what an entry says
//! - `bundle`: entries as bytes
//! - `tree`: the hashes at the right edge of the tree, and how it grows
//! - `log_key`, `checkpoint`: who signs the root of the tree, and how
//! - `batch`: what one append adds
//! - `folders`: where an append looks, and for which time
//! - `listing`, `gather`: the documents of a folder, and those that are new
//! - `publish`, `append`, `append_error`: the order in which all of this is written
//! - `proof`, `find`: a proof that documents are in the log, and where they are in it
//! - `entries`: all entries in their order
//! - `audit`: whether the log and its documents are as they were

mod append;
mod append_error;
mod audit;
mod batch;
mod bundle;
mod checkpoint;
mod entries;
mod entry;
mod find;
mod folders;
mod gather;
mod listing;
mod log_key;
pub mod places;
mod proof;
mod publish;
mod tree;

pub use append::{Appended, LogWriter};
pub use append_error::AppendError;
pub use audit::{LogAudit, LogFault, LogFinding, LogProgress, LogReport};
pub use batch::{Batch, BatchError, MAX_BATCH_BYTES};
pub use bundle::{BundleError, MAX_BUNDLE_BYTES, decode_entries, encode_entries};
pub use checkpoint::{CheckpointError, Cosigner, LogCheckpoint, MAX_CHECKPOINT_BYTES};
pub use entries::LogEntries;
pub use entry::{
    CONTINUED_WITHIN, EntryError, LogEntry, LoggedDocument, LoggedFolder, MAX_ENTRY_BYTES,
};
pub use find::{BatchIndex, FoundEntry};
pub use listing::every_stored;
pub use log_key::{LogKey, LogKeyError};
pub use proof::{EvidenceProof, ProofError, ProvenDocument, prove, read_entries};
pub use tree::{RightEdge, TILE_HASHES, TreeError};
