//! Objects: their content, their headers, their encryption, and their listing.

use super::StoreError;
use crate::names::location::ObjectLocation;
use bytes::Bytes;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// How an object is encrypted at rest, as its headers say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Encryption {
    /// `x-amz-server-side-encryption`: `AES256`, `aws:kms`, `aws:kms:dsse`.
    pub algorithm: Option<String>,
    /// `x-amz-server-side-encryption-aws-kms-key-id`.
    pub kms_key_id: Option<String>,
}

impl Encryption {
    /// The KMS key that the headers name, if the object is under one.
    #[must_use]
    pub fn kms_key(&self) -> Option<&str> {
        let algorithm = self.algorithm.as_deref()?;
        algorithm
            .starts_with("aws:kms")
            .then_some(self.kms_key_id.as_deref())?
    }
}

/// An object's metadata and its content, not yet read.
#[derive(Debug)]
pub struct Object<B> {
    /// The version that is being read, where the bucket keeps versions.
    pub version_id: Option<String>,
    /// How many bytes the content has, where that is known beforehand.
    pub size: Option<u64>,
    /// User metadata, names in lower case.
    pub metadata: HashMap<String, String>,
    /// How it is encrypted at rest.
    pub encryption: Encryption,
    /// The content.
    pub body: B,
}

/// What S3 says of an object without its content: also of an archived one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers {
    /// `Last-Modified`: when the object was written. Nobody but S3 sets it.
    pub last_modified: Option<Timestamp>,
    /// When the answer came, by the clock of who asked; none if nobody looked.
    pub answered: Option<Timestamp>,
    /// User metadata, names in lower case.
    pub metadata: HashMap<String, String>,
}

/// An object's content, in pieces.
pub trait Body: Send {
    /// The next piece, or nothing at the end.
    ///
    /// # Errors
    /// [`Cause::Unavailable`](super::Cause::Unavailable) when the connection broke before the end.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, StoreError>> + Send;

    /// Reads on into `bytes`, until they are more than `limit`. Whether that was all.
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
    /// [`StoreError`]; [`Cause::Absent`](super::Cause::Absent) only when the caller may list the bucket.
    fn read(
        &self,
        at: &ObjectLocation,
    ) -> impl Future<Output = Result<Object<Self::Body>, StoreError>> + Send;

    /// The headers of the current version of an object.
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
    /// The encryption headers of the current version of an object.
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
    /// Keys of objects.
    pub keys: Vec<String>,
    /// Common prefixes, with their closing slash, when folders were asked for.
    pub folders: Vec<String>,
    /// Give this back for the next page.
    pub next: Option<String>,
}

/// Whether a listing goes into folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Everything below the prefix.
    All,
    /// The folders and objects right below the prefix.
    Folders,
}

/// Lists objects.
pub trait ListObjects: Send + Sync {
    /// One page of the objects below `prefix`, in the order of their keys.
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
