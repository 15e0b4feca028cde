//! The evidence log: what it is made from, where it is written, and who signs it.

use super::StoreError;
use jiff::Timestamp;

/// A document of the evidence bucket, as a listing describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// Its key.
    pub key: String,
    /// When S3 stored it.
    pub last_modified: Timestamp,
}

/// A page of a listing of documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredPage {
    /// The documents, in the order of their keys.
    pub documents: Vec<StoredDocument>,
    /// Indicates whether more documents follow the last one.
    pub more: bool,
}

/// Lists documents of the evidence bucket with their times.
pub trait ListStored: Send + Sync {
    /// Returns the documents below a prefix, in order, starting with the first one after `after`,
    /// which need not exist. Returns as many as one request gives.
    ///
    /// # Errors
    /// [`StoreError`].
    fn list_stored(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> impl Future<Output = Result<StoredPage, StoreError>> + Send;

    /// Returns the folders directly below a prefix, each with its closing slash, at most one page
    /// of them, and whether there are more.
    ///
    /// # Errors
    /// [`StoreError`].
    fn list_folders(
        &self,
        prefix: &str,
    ) -> impl Future<Output = Result<(Vec<String>, bool), StoreError>> + Send;
}

/// Reads objects of the evidence bucket, or of a copy of it.
pub trait FetchEvidence: Send + Sync {
    /// Reads an object of at most `limit` bytes. Returns `None` if it does not exist.
    ///
    /// # Errors
    /// [`StoreError`]; [`Cause::TooLarge`](super::Cause::TooLarge) if it is larger.
    fn fetch(
        &self,
        key: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;
}

/// Writes the objects of the evidence log.
pub trait StoreLog: FetchEvidence {
    /// Writes an object that nothing ever overwrites, if its key is free. Returns whether it was
    /// free; if it was not, nothing is written.
    ///
    /// # Errors
    /// [`StoreError`]: whether the object is written is unknown.
    fn create(
        &self,
        key: &str,
        content: Vec<u8>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Writes an object, and overwrites one that exists.
    ///
    /// # Errors
    /// [`StoreError`]: whether the object is written is unknown.
    fn overwrite(
        &self,
        key: &str,
        content: Vec<u8>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Signs checkpoints of the evidence log with a key that never leaves KMS.
pub trait SignCheckpoint: Send + Sync {
    /// Returns the 32 bytes of the Ed25519 public key.
    ///
    /// # Errors
    /// [`StoreError`].
    fn public_key(&self) -> impl Future<Output = Result<[u8; 32], StoreError>> + Send;

    /// Returns the Ed25519 signature of a message.
    ///
    /// # Errors
    /// [`StoreError`].
    fn sign(&self, message: &[u8]) -> impl Future<Output = Result<Vec<u8>, StoreError>> + Send;
}
