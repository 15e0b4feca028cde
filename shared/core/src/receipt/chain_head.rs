//! The head of a chain: its newest digest that CloudTrail signed.
//!
//! `docs/receipts.md` describes the document.

use super::document::{ChainName, Receipt};
use super::places;
use crate::finding::Verdict;
use crate::names::object_key::{ObjectKind, classify};
use crate::names::text::{clip, clip_visibly};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The schema of a chain head.
const SCHEMA: &str = "trailseal.chain/1";

/// The maximum length in characters of what an error quotes.
const MAX_QUOTED_CHARS: usize = 200;

/// The maximum size in bytes of a chain head that is read. It has two keys of objects and a folder,
/// at most 1,024 bytes each, which JSON may escape to six times as many.
pub const MAX_HEAD_BYTES: usize = 32 * 1024;

/// The head of a chain in one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainHead {
    schema: String,
    /// The bucket of the chain's digests.
    pub bucket: String,
    /// The chain.
    pub chain: ChainName,
    /// The start of the oldest digest that was verified. It does not mean that every digest since
    /// then was.
    pub since: Timestamp,
    /// The newest digest that CloudTrail signed.
    pub newest: NewestDigest,
}

/// The newest digest of a chain that CloudTrail signed, and its last verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewestDigest {
    /// The digest's key.
    pub key: String,
    /// The start of its range.
    pub start_time: Timestamp,
    /// The end of its range.
    pub end_time: Timestamp,
    /// The verdict on the digest and on its link to its predecessor.
    pub verdict: Verdict,
    /// The time of the verification.
    pub checked_at: Timestamp,
    /// The key of the verification's receipt.
    pub receipt: String,
}

/// The reason why a document is not the head of a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// It is not the JSON object of a chain head.
    #[error("it is not a chain head: {0}")]
    Json(String),
    /// It has this schema, which belongs to another version.
    #[error("its schema is `{0}`, not `{SCHEMA}`")]
    UnknownSchema(String),
}

impl ChainHead {
    /// Returns the head of a chain of which only the digest of this receipt is known, with the
    /// receipt's key. Returns `None` if the receipt is not about an hourly digest that CloudTrail
    /// signed: no other object says anything about the chain.
    #[must_use]
    pub fn of(receipt: &Receipt, receipt_key: &str) -> Option<Self> {
        let digest = receipt.digest.as_ref()?;
        if !digest.signed || digest.backfill {
            return None;
        }
        Some(Self {
            schema: SCHEMA.to_owned(),
            bucket: receipt.object.bucket.clone(),
            chain: receipt.chain.clone()?,
            since: digest.start_time?,
            newest: NewestDigest {
                key: receipt.object.key.clone(),
                start_time: digest.start_time?,
                end_time: digest.end_time?,
                verdict: receipt.verdict,
                checked_at: receipt.checked_at,
                receipt: receipt_key.to_owned(),
            },
        })
    }

    /// Reads the head of a chain.
    ///
    /// # Errors
    /// [`HeadError`] if the bytes are not one.
    pub fn read(document: &[u8]) -> Result<Self, HeadError> {
        let head: Self = serde_json::from_slice(document)
            .map_err(|error| HeadError::Json(clip_visibly(error.to_string(), MAX_QUOTED_CHARS)))?;
        if head.schema == SCHEMA {
            Ok(head)
        } else {
            let schema = clip(&head.schema, MAX_QUOTED_CHARS).to_owned();
            Err(HeadError::UnknownSchema(schema))
        }
    }

    /// Returns the head as it is stored.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text and times: JSON can hold everything in it.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Returns the key of the document, or `None` if the newest digest has no digest's key.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        match classify(&self.newest.key) {
            ObjectKind::Digest(key) => Some(places::of_head(&self.bucket, &key.chain)),
            _ => None,
        }
    }
}

/// Returns the head of a chain after a verification, or `None` if the verification does not change
/// it. `known` is the head before. `receipt_key` is the receipt's key.
///
/// The newest digest is the one that ends last, with its last verification. Any order of the same
/// verifications leads to the same head.
#[must_use]
pub fn advance(
    known: Option<&ChainHead>,
    receipt: &Receipt,
    receipt_key: &str,
) -> Option<ChainHead> {
    let verified = ChainHead::of(receipt, receipt_key)?;
    let Some(known) = known else {
        return Some(verified);
    };
    let mut next = ChainHead {
        since: verified.since.min(known.since),
        ..verified
    };
    if order(&next.newest) < order(&known.newest) {
        next.newest = known.newest.clone();
    }
    (next != *known).then_some(next)
}

/// Two verifications in the same second have the same order everywhere, by the keys of their
/// receipts.
fn order(digest: &NewestDigest) -> (Timestamp, Timestamp, &str) {
    (digest.end_time, digest.checked_at, &digest.receipt)
}
