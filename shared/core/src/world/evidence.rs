//! The evidence bucket.

use super::StoreError;

/// Writes to the evidence bucket.
pub trait KeepEvidence: Send + Sync {
    /// Writes a document, and overwrites one that exists.
    ///
    /// # Errors
    /// [`StoreError`]: the document is perhaps not stored.
    fn keep(
        &self,
        key: &str,
        document: String,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Adds documents to the evidence bucket that nothing ever overwrites.
pub trait AddEvidence: Send + Sync {
    /// Writes a document, unless one with this key exists: the key names the document's content.
    ///
    /// # Errors
    /// [`StoreError`]: the document is perhaps not stored.
    fn add(
        &self,
        key: &str,
        document: String,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A page of the keys of documents in the evidence bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaitingPage {
    /// Keys of documents, in order.
    pub keys: Vec<String>,
    /// Indicates whether more keys follow the last one.
    pub more: bool,
}

/// Lists documents of the evidence bucket.
pub trait ListEvidence: Send + Sync {
    /// Returns the keys below a prefix, in order, starting with the first one after `after`, which
    /// need not exist. Returns as many keys as one request gives.
    ///
    /// # Errors
    /// [`StoreError`].
    fn list_documents(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> impl Future<Output = Result<WaitingPage, StoreError>> + Send;
}

/// Lists, reads and removes pending documents in the evidence bucket.
pub trait SettleEvidence: Send + Sync {
    /// Returns the keys below a prefix, in order, starting with the first one after `after`, which
    /// need not exist. Returns as many keys as one request gives.
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
    /// [`StoreError`]; [`Cause::Absent`](super::Cause::Absent) if it is missing,
    /// [`Cause::TooLarge`](super::Cause::TooLarge) if it is larger.
    fn recall(
        &self,
        key: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<u8>, StoreError>> + Send;

    /// Removes a document. Removing a missing document succeeds.
    ///
    /// # Errors
    /// [`StoreError`].
    fn discard(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A document with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The content.
    pub document: Vec<u8>,
    /// The version, for [`ReplaceEvidence::replace`].
    pub version: String,
}

/// Reads and writes documents of the evidence bucket that have several concurrent writers.
pub trait ReplaceEvidence: Send + Sync {
    /// Reads a document of at most `limit` bytes. Returns `None` if it does not exist.
    ///
    /// # Errors
    /// [`StoreError`]; [`Cause::TooLarge`](super::Cause::TooLarge) if it is larger.
    fn look_up(
        &self,
        key: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Option<Versioned>, StoreError>> + Send;

    /// Writes a document over the version that was read, or as the first one if none was. Returns
    /// whether that version was still the current one; if it was not, nothing is written.
    ///
    /// # Errors
    /// [`StoreError`]: whether the document is written is unknown.
    fn replace(
        &self,
        key: &str,
        document: String,
        version: Option<&str>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
