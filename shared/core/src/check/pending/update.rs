//! The changes that a settlement leaves to be made in the evidence bucket.
//!
//! The tests are in `tests/tests/kms/story.rs` and `tests/tests/kms/unsettled.rs`.

use super::document::MAX_DOCUMENT_BYTES;
use crate::world::{KeepEvidence, SettleEvidence, StoreError};

/// A change to make in the evidence bucket after the findings are published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PendingUpdate {
    /// Nothing of this document is pending any more.
    Discard(String),
    /// Only this part of it is still pending.
    Keep(String, String),
    /// Only this part is still pending, under another name: the trail was moved, and later digests
    /// look there.
    Move(String, String, String),
    /// All of it gets another name.
    MoveWhole(String, String),
}

impl PendingUpdate {
    /// Makes the change.
    ///
    /// # Errors
    /// [`StoreError`]: the next digest settles the same again.
    pub async fn run<E: KeepEvidence + SettleEvidence>(
        self,
        evidence: &E,
    ) -> Result<(), StoreError> {
        match self {
            Self::Discard(key) => evidence.discard(&key).await,
            Self::Keep(key, document) => evidence.keep(&key, document).await,
            Self::Move(from, to, document) => {
                evidence.keep(&to, document).await?;
                evidence.discard(&from).await
            }
            Self::MoveWhole(from, to) => {
                let document = evidence.recall(&from, MAX_DOCUMENT_BYTES).await?;
                // It was read as JSON, which is UTF-8: nothing is lost.
                let document = String::from_utf8_lossy(&document).into_owned();
                evidence.keep(&to, document).await?;
                evidence.discard(&from).await
            }
        }
    }
}
