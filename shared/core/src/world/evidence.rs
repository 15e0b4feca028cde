//! The evidence bucket.

use super::StoreError;

/// Writes to the evidence bucket.
pub trait KeepEvidence: Send + Sync {
    /// Writes a document, over one that is there.
    ///
    /// # Errors
    /// [`StoreError`]: it may not be kept.
    fn keep(
        &self,
        key: &str,
        document: String,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A page of what waits in the evidence bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaitingPage {
    /// Keys of documents, in order.
    pub keys: Vec<String>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// Goes through what waits in the evidence bucket.
pub trait SettleEvidence: Send + Sync {
    /// The keys below a prefix, in order, from the first one after `after` on, which need not be
    /// there; as many as one request gives.
    ///
    /// # Errors
    /// [`StoreError`].
    fn waiting(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> impl Future<Output = Result<WaitingPage, StoreError>> + Send;

    /// Reads a document of at most `limit` bytes.
    ///
    /// # Errors
    /// [`StoreError`]; [`Cause::Absent`](super::Cause::Absent) when it is gone, [`Cause::TooLarge`](super::Cause::TooLarge) when it is larger.
    fn recall(
        &self,
        key: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<u8>, StoreError>> + Send;

    /// Removes a document; one that is gone is removed.
    ///
    /// # Errors
    /// [`StoreError`].
    fn discard(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A document with what tells its version from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The content.
    pub document: Vec<u8>,
    /// The version, for [`ReplaceEvidence::replace`].
    pub version: String,
}

/// Reads and writes documents of the evidence bucket that several may write at once.
pub trait ReplaceEvidence: Send + Sync {
    /// Reads a document of at most `limit` bytes; none if there is none.
    ///
    /// # Errors
    /// [`StoreError`]; [`Cause::TooLarge`](super::Cause::TooLarge) when it is larger.
    fn look_up(
        &self,
        key: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Option<Versioned>, StoreError>> + Send;

    /// Writes a document over the version that was read, or as the first one where none was. Whether
    /// that version was still there: if it was not, nothing is written.
    ///
    /// # Errors
    /// [`StoreError`]: nobody knows whether it is written.
    fn replace(
        &self,
        key: &str,
        document: String,
        version: Option<&str>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
