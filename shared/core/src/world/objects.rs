//! Objects: their content, headers, encryption and listing.

use super::StoreError;
use crate::names::location::ObjectLocation;
use bytes::Bytes;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// The encryption of an object at rest, as its headers state it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Encryption {
    /// `x-amz-server-side-encryption`: `AES256`, `aws:kms`, `aws:kms:dsse`.
    pub algorithm: Option<String>,
    /// `x-amz-server-side-encryption-aws-kms-key-id`.
    pub kms_key_id: Option<String>,
}

impl Encryption {
    /// Returns the KMS key that the headers name, if the object is encrypted under one.
    #[must_use]
    pub fn kms_key(&self) -> Option<&str> {
        let algorithm = self.algorithm.as_deref()?;
        algorithm
            .starts_with("aws:kms")
            .then_some(self.kms_key_id.as_deref())?
    }
}

/// An object's metadata and its unread content.
#[derive(Debug)]
pub struct Object<B> {
    /// The version that is being read, if the bucket keeps versions.
    pub version_id: Option<String>,
    /// `ETag`, with its quotation marks, if the source has one.
    pub e_tag: Option<String>,
    /// When the object was written. Only S3 sets it.
    pub last_modified: Option<Timestamp>,
    /// The size of the content in bytes, if it is known in advance.
    pub size: Option<u64>,
    /// User metadata, with names in lower case.
    pub metadata: HashMap<String, String>,
    /// The encryption at rest.
    pub encryption: Encryption,
    /// The content.
    pub body: B,
}

impl<B> Object<B> {
    /// Returns the object with what `map` returns for its content.
    #[must_use]
    pub fn map_body<C>(self, map: impl FnOnce(B) -> C) -> Object<C> {
        Object {
            version_id: self.version_id,
            e_tag: self.e_tag,
            last_modified: self.last_modified,
            size: self.size,
            metadata: self.metadata,
            encryption: self.encryption,
            body: map(self.body),
        }
    }
}

/// The headers of an object, which S3 returns even for an archived one, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers {
    /// `Last-Modified`: when the object was written. Only S3 sets it.
    pub last_modified: Option<Timestamp>,
    /// The time of the answer, by the requester's clock; `None` if nobody looked.
    pub answered: Option<Timestamp>,
    /// User metadata, with names in lower case.
    pub metadata: HashMap<String, String>,
}

/// An object's content, in pieces.
pub trait Body: Send {
    /// Returns the next piece, or `None` at the end.
    ///
    /// # Errors
    /// [`Cause::Unavailable`](super::Cause::Unavailable) if the connection broke before the end.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, StoreError>> + Send;

    /// Appends the rest to `bytes`, until they exceed `limit`. Returns whether the end was reached.
    ///
    /// # Errors
    /// [`StoreError`], as for a piece.
    fn collect(
        &mut self,
        bytes: &mut Vec<u8>,
        limit: usize,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        async move {
            while bytes.len() <= limit {
                match self.next().await? {
                    Some(piece) => bytes.extend_from_slice(&piece),
                    None => return Ok(true),
                }
            }
            Ok(false)
        }
    }
}

/// Reads objects.
pub trait ReadObject: Send + Sync {
    /// The content of an object.
    type Body: Body;

    /// Opens the current version of an object.
    ///
    /// # Errors
    /// [`StoreError`]; [`Cause::Absent`](super::Cause::Absent) only if the caller may list the
    /// bucket.
    fn read(
        &self,
        at: &ObjectLocation,
    ) -> impl Future<Output = Result<Object<Self::Body>, StoreError>> + Send;

    /// Returns the headers of the current version of an object.
    ///
    /// # Errors
    /// [`StoreError`], as for reading; never [`Cause::Archived`](super::Cause::Archived).
    fn headers(
        &self,
        at: &ObjectLocation,
    ) -> impl Future<Output = Result<Headers, StoreError>> + Send;
}

impl<S: ReadObject> ReadObject for Arc<S> {
    type Body = S::Body;

    fn read(
        &self,
        at: &ObjectLocation,
    ) -> impl Future<Output = Result<Object<Self::Body>, StoreError>> + Send {
        S::read(self, at)
    }

    fn headers(
        &self,
        at: &ObjectLocation,
    ) -> impl Future<Output = Result<Headers, StoreError>> + Send {
        S::headers(self, at)
    }
}

/// Reads how objects are encrypted.
pub trait ReadEncryption: Send + Sync {
    /// Returns the encryption headers of the current version of an object.
    ///
    /// # Errors
    /// [`StoreError`], as for reading.
    fn encryption(
        &self,
        at: &ObjectLocation,
    ) -> impl Future<Output = Result<Encryption, StoreError>> + Send;
}

impl<S: ReadEncryption> ReadEncryption for Arc<S> {
    fn encryption(
        &self,
        at: &ObjectLocation,
    ) -> impl Future<Output = Result<Encryption, StoreError>> + Send {
        S::encryption(self, at)
    }
}

/// A page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The keys of the objects.
    pub keys: Vec<String>,
    /// The common prefixes, with their closing slash, if folders were requested.
    pub folders: Vec<String>,
    /// The token that requests the next page.
    pub next: Option<String>,
}

/// The depth to which a listing descends into folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Everything below the prefix.
    All,
    /// The folders and objects directly below the prefix.
    Folders,
}

/// Lists objects.
pub trait ListObjects: Send + Sync {
    /// Returns one page of the objects below `prefix`, in the order of their keys.
    ///
    /// # Errors
    /// [`StoreError`].
    fn list(
        &self,
        bucket: &str,
        prefix: &str,
        depth: Depth,
        next: Option<&str>,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;
}

impl<S: ListObjects> ListObjects for Arc<S> {
    fn list(
        &self,
        bucket: &str,
        prefix: &str,
        depth: Depth,
        next: Option<&str>,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send {
        S::list(self, bucket, prefix, depth, next)
    }
}

/// Lists objects from a key on.
pub trait ListAfter: Send + Sync {
    /// Returns one page of the objects below `prefix` whose keys are after `after`, in the order of
    /// their keys. `after` need not exist. If there are more objects, [`Page::next`] is the key
    /// after which the next page starts.
    ///
    /// # Errors
    /// [`StoreError`].
    fn list_after(
        &self,
        bucket: &str,
        prefix: &str,
        after: &str,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;
}
