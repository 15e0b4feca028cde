//! The order in which a receipt and a chain head are written.
//!
//! The receipt is written before the head that names it. A crash in between leaves a receipt that
//! no head names; the message is tried again.

use super::chain_head::{ChainHead, MAX_HEAD_BYTES, advance};
use super::document::Receipt;
use crate::world::{AddEvidence, Cause, ReplaceEvidence, StoreError, Versioned};
use futures::future;

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

/// Stores the receipt of a digest.
///
/// # Errors
/// [`KeepError::Receipt`].
pub async fn keep<E: AddEvidence>(evidence: &E, receipt: &Receipt) -> Result<(), KeepError> {
    let json = receipt.to_json();
    let key = receipt.key_of_digest(&json);
    evidence.add(&key, json).await.map_err(KeepError::Receipt)
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

/// Stores the receipt of a digest, and then updates the head of its chain. Reads the head while it
/// stores the receipt.
///
/// # Errors
/// [`KeepError`]. Doing both again is harmless.
pub async fn keep_with_head<E: AddEvidence + ReplaceEvidence>(
    evidence: &E,
    receipt: &Receipt,
) -> Result<(), KeepError> {
    let json = receipt.to_json();
    let receipt_key = receipt.key_of_digest(&json);
    let head_key = ChainHead::of(receipt, &receipt_key).and_then(|head| head.key());
    let added = evidence.add(&receipt_key, json);
    let Some(head_key) = head_key else {
        return added.await.map_err(KeepError::Receipt);
    };
    let (added, found) = future::join(added, evidence.look_up(&head_key, MAX_HEAD_BYTES)).await;
    added.map_err(KeepError::Receipt)?;
    update(evidence, &head_key, found, receipt, &receipt_key)
        .await
        .map_err(KeepError::Head)
}

/// Updates the head with this key, which was `found`.
async fn update<E: ReplaceEvidence>(
    evidence: &E,
    key: &str,
    mut found: Result<Option<Versioned>, StoreError>,
    receipt: &Receipt,
    receipt_key: &str,
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
        let Some(next) = advance(known.as_ref(), receipt, receipt_key) else {
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
