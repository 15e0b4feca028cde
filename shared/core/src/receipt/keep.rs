//! The order in which a receipt and a chain head are written.
//!
//! The receipt is written before the head that names it. A crash in between leaves a receipt that
//! no head names; the message is tried again.

use super::chain_head::{ChainHead, MAX_HEAD_BYTES, advance};
use super::document::Receipt;
use super::together::{ReceiptDocument, documents};
use crate::world::{AddEvidence, Cause, ReplaceEvidence, StoreError, Versioned};
use futures::future;
use std::collections::BTreeMap;

/// How many times a chain head is read again because another function wrote it in the meantime.
const WRITE_ATTEMPTS: usize = 8;

/// The reason why a verification is not on record.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The receipt is perhaps not stored.
    #[error("the receipt could not be stored in the evidence bucket: {0}")]
    Receipt(StoreError),
    /// The receipt is stored, and the chain head is perhaps not updated.
    #[error("the chain head in the evidence bucket could not be updated: {0}")]
    Head(StoreError),
}

/// Stores the receipts of digests that a function verified in one go.
///
/// # Errors
/// [`KeepError::Receipt`].
pub async fn keep<E: AddEvidence>(evidence: &E, receipts: &[Receipt]) -> Result<(), KeepError> {
    add(evidence, &documents(receipts)).await
}

/// Stores the receipt of a log file.
///
/// # Errors
/// [`KeepError::Receipt`].
pub async fn keep_of_log_file<E: AddEvidence>(
    evidence: &E,
    receipt: &Receipt,
) -> Result<(), KeepError> {
    let json = receipt.to_json();
    let key = receipt.key_of_log_file(&json);
    evidence.add(&key, json).await.map_err(KeepError::Receipt)
}

/// Stores the receipts of digests that a function verified in one go, and then updates the heads of
/// their chains. Reads the heads while it stores the receipts.
///
/// # Errors
/// The first [`KeepError`]. Doing everything again is harmless.
pub async fn keep_with_heads<E: AddEvidence + ReplaceEvidence>(
    evidence: &E,
    receipts: &[Receipt],
) -> Result<(), KeepError> {
    let documents = documents(receipts);
    let heads = verified_of_heads(&documents);
    let keys = heads.keys();
    let found = future::join_all(keys.map(|key| evidence.look_up(key, MAX_HEAD_BYTES)));
    let (added, found) = future::join(add(evidence, &documents), found).await;
    added?;
    let heads = heads.iter().zip(found);
    let updates = heads.map(|((key, verified), found)| update(evidence, key, found, verified));
    let results = future::join_all(updates).await;
    let result: Result<(), StoreError> = results.into_iter().collect();
    result.map_err(KeepError::Head)
}

/// Stores documents with receipts. An event names so few objects that all are stored at the same
/// time.
async fn add<E: AddEvidence>(
    evidence: &E,
    documents: &[ReceiptDocument<'_>],
) -> Result<(), KeepError> {
    let documents = documents.iter();
    let additions = documents.map(|document| evidence.add(&document.key, document.json.clone()));
    let results = future::join_all(additions).await;
    let result: Result<(), StoreError> = results.into_iter().collect();
    result.map_err(KeepError::Receipt)
}

/// A verification of a chain's digest: its receipt, with the key of the document that has it.
type VerifiedDigest<'a> = (&'a Receipt, &'a str);

/// Returns the verifications that say something about chains, by the keys of the chains' heads.
fn verified_of_heads<'a>(
    documents: &'a [ReceiptDocument<'_>],
) -> BTreeMap<String, Vec<VerifiedDigest<'a>>> {
    let mut heads: BTreeMap<String, Vec<VerifiedDigest<'a>>> = BTreeMap::new();
    for document in documents {
        for receipt in &document.receipts {
            let head = ChainHead::of(receipt, &document.key);
            if let Some(key) = head.and_then(|head| head.key()) {
                heads.entry(key).or_default().push((receipt, &document.key));
            }
        }
    }
    heads
}

/// Updates the head with this key, which was `found`.
async fn update<E: ReplaceEvidence>(
    evidence: &E,
    key: &str,
    mut found: Result<Option<Versioned>, StoreError>,
    verified: &[VerifiedDigest<'_>],
) -> Result<(), StoreError> {
    let failed = |cause| StoreError {
        action: "update",
        subject: key.to_owned(),
        cause,
    };
    for _ in 0..WRITE_ATTEMPTS {
        let (known, version) = match found? {
            None => (None, None),
            Some(Versioned { document, version }) => {
                let known = ChainHead::read(&document).map_err(|error| {
                    failed(Cause::Failed(format!(
                        "{error}. Keep a copy of the document, delete it, and move the message back"
                    )))
                })?;
                (Some(known), Some(version))
            }
        };
        let Some(next) = advance_by_all(known.as_ref(), verified) else {
            return Ok(());
        };
        let replaced = evidence.replace(key, next.to_json(), version.as_deref());
        if replaced.await? {
            return Ok(());
        }
        found = evidence.look_up(key, MAX_HEAD_BYTES).await;
    }
    Err(failed(Cause::Unavailable(format!(
        "other functions wrote it {WRITE_ATTEMPTS} times in a row"
    ))))
}

/// Returns the head of a chain after verifications, or `None` if they do not change it.
fn advance_by_all(known: Option<&ChainHead>, verified: &[VerifiedDigest<'_>]) -> Option<ChainHead> {
    let mut next: Option<ChainHead> = None;
    for (receipt, key) in verified {
        let before = next.as_ref().or(known);
        next = advance(before, receipt, key).or(next);
    }
    next
}
