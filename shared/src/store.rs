//! What the checks need from the world, each a small trait; and how it can fail.
//!
//! The traits are capabilities: a check's signature says what it may touch. Adapters live in the
//! `aws` module; tests bring memory ones.

use crate::ids::Region;
use crate::location::ObjectLocation;
use crate::public_key::{PublicKey, SigningPeriod};
use bytes::Bytes;
use jiff::Timestamp;
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

/// A request that did not give an answer to decide on.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {subject}: {cause}")]
pub struct StoreError {
    /// What was being done, such as `read`.
    pub action: &'static str,
    /// To which object, key or Region.
    pub subject: String,
    /// Why it failed.
    #[source]
    pub cause: Cause,
}

/// Why a request failed, in the classes that lead to different verdicts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// There is no such object. S3 says so only to callers with `s3:ListBucket`.
    #[error("{}", .0.in_words())]
    Absent(Absence),
    /// Refused. Covers `kms:Decrypt` on the object's key.
    #[error("access is denied: {0}")]
    Denied(String),
    /// In an archive storage class: it must be restored before it can be read.
    #[error("it is archived: {0}")]
    Archived(String),
    /// KMS does not let anybody use the key that the request needs: it is disabled, about to be
    /// deleted, or deleted. Permissions do not help.
    #[error("the KMS key cannot be used: {0}")]
    KeyUnusable(String),
    /// A Region that accounts have to opt into accepts no credentials of this one.
    #[error("the credentials are not valid in this Region, which an account has to opt into: {0}")]
    RegionDisabled(String),
    /// AWS did not accept the credentials of the request. This says nothing about the object.
    #[error("{0}: {1}")]
    Credentials(CredentialTrouble, String),
    /// Throttled, timed out, or the service is down: may well work a moment later.
    #[error("the service did not answer: {0}")]
    Unavailable(String),
    /// The request itself is wrong, or the answer is not what AWS documents.
    #[error("{0}")]
    Failed(String),
}

/// What is wrong with the credentials of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum CredentialTrouble {
    /// They were good, and are no longer.
    #[error("the credentials have expired")]
    Expired,
    /// The time of the request is too far from AWS's own.
    #[error("the clock of this machine is wrong")]
    Clock,
    /// AWS does not know the access key id, or the session token.
    #[error("AWS does not know these credentials")]
    Unknown,
    /// The signature was not made with the secret of the access key id.
    #[error("the signature does not belong to the access key id")]
    Signature,
    /// They could not be loaded when a request needed them.
    #[error("the credentials cannot be loaded")]
    NotLoaded,
}

impl CredentialTrouble {
    /// Whether it is so of every later request, wherever it goes: the credentials were good, and are
    /// gone. Any other trouble may be that of one Region or service.
    #[must_use]
    pub fn is_of_all_requests(self) -> bool {
        matches!(self, Self::Expired | Self::NotLoaded)
    }
}

impl Cause {
    /// Whether the same request fails again until somebody changes something, so that it is of no
    /// use to repeat it within a run.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Denied(_)
            | Self::KeyUnusable(_)
            | Self::RegionDisabled(_)
            | Self::Credentials(..) => true,
            Self::Absent(_) | Self::Archived(_) | Self::Unavailable(_) | Self::Failed(_) => false,
        }
    }
}

/// What S3, or a copy on disk, says of an object that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Absence {
    /// No object, and no sign of one.
    #[error("no such object")]
    NoObject,
    /// A delete marker stands in its place: its earlier versions can be restored.
    #[error("a delete marker hides it; its earlier versions may be restorable")]
    DeleteMarker,
    /// The bucket itself is gone.
    #[error("the bucket does not exist")]
    NoBucket,
    /// A copy on disk does not hold it, and nobody said that the copy is complete: the object may
    /// be in the bucket all the same.
    #[error("it is not in this copy")]
    NotInCopy,
}

impl Absence {
    /// The end of a sentence about an object that could not be read.
    fn in_words(self) -> String {
        match self {
            Self::NotInCopy => self.to_string(),
            Self::NoObject | Self::DeleteMarker | Self::NoBucket => {
                format!("it does not exist ({self})")
            }
        }
    }
}

impl StoreError {
    /// What S3 said, where the object is simply not there.
    #[must_use]
    pub fn absence(&self) -> Option<Absence> {
        match self.cause {
            Cause::Absent(absence) => Some(absence),
            _ => None,
        }
    }

    /// Whether the object is only missing from a copy on disk, which may not be complete.
    #[must_use]
    pub fn is_not_in_copy(&self) -> bool {
        self.absence() == Some(Absence::NotInCopy)
    }
}

/// How an object is encrypted at rest, as its headers say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Encryption {
    /// `x-amz-server-side-encryption`: `AES256`, `aws:kms`, `aws:kms:dsse`.
    pub algorithm: Option<String>,
    /// `x-amz-server-side-encryption-aws-kms-key-id`.
    pub kms_key_id: Option<String>,
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
    /// [`Cause::Unavailable`] when the connection broke before the end.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, StoreError>> + Send;
}

/// Reads objects.
pub trait ReadObject: Send + Sync {
    /// The content of an object.
    type Body: Body;

    /// Opens the current version of an object.
    ///
    /// # Errors
    /// [`StoreError`]; [`Cause::Absent`] only when the caller may list the bucket.
    fn read(
        &self,
        at: &ObjectLocation,
    ) -> impl Future<Output = Result<Object<Self::Body>, StoreError>> + Send;

    /// The headers of the current version of an object.
    ///
    /// # Errors
    /// [`StoreError`], as for reading; never [`Cause::Archived`].
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

/// Asks CloudTrail for its public keys.
pub trait ListPublicKeys: Send + Sync {
    /// The keys of a Region whose validity touches `period`.
    ///
    /// # Errors
    /// [`StoreError`]; [`Cause::RegionDisabled`] for a Region that the account has not opted into.
    fn list_public_keys(
        &self,
        region: &Region,
        period: SigningPeriod,
    ) -> impl Future<Output = Result<Vec<PublicKey>, StoreError>> + Send;
}

/// What KMS says of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDescription {
    /// The key's ARN.
    pub arn: String,
    /// `SYMMETRIC_DEFAULT`, `RSA_2048`, …
    pub spec: String,
    /// `ENCRYPT_DECRYPT`, `SIGN_VERIFY`, …
    pub usage: String,
    /// `Enabled`, `Disabled`, `PendingDeletion`, …
    pub state: String,
    /// When imported key material expires.
    pub expires: Option<Timestamp>,
}

/// Asks KMS about keys.
pub trait DescribeKey: Send + Sync {
    /// Describes the key with this id, ARN or alias ARN; what is no ARN is looked up in `region`.
    ///
    /// # Errors
    /// [`StoreError`]; [`Cause::Absent`] when there is no such key.
    fn describe_key(
        &self,
        key: &str,
        region: Option<&Region>,
    ) -> impl Future<Output = Result<KeyDescription, StoreError>> + Send;
}

/// Reads key policies.
pub trait ReadKeyPolicy: Send + Sync {
    /// The policy of the key with this ARN, as JSON.
    ///
    /// # Errors
    /// [`StoreError`]; [`Cause::Denied`] always for a key of another account.
    fn key_policy(&self, key_arn: &str) -> impl Future<Output = Result<String, StoreError>> + Send;
}

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
    /// [`StoreError`]; [`Cause::Absent`] when it is gone, [`Cause::Failed`] when it is larger.
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

/// Hands findings to whoever tells people.
pub trait SendFindings: Send + Sync {
    /// Sends a message; returns once it was accepted, and its document is in the evidence bucket.
    /// Repeats of one message are harmless.
    ///
    /// # Errors
    /// [`StoreError`]: the findings may not have gone out and must be sent again.
    fn send(
        &self,
        message: &crate::findings_message::FindingsMessage,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
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
    /// [`StoreError`]; [`Cause::Failed`] when it is larger.
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

/// Puts a message into the queue of findings once more.
pub trait SendLater: Send + Sync {
    /// Has a message delivered after `delay`, 15 minutes at most; returns once the queue has it.
    ///
    /// # Errors
    /// [`StoreError`]: the queue may not have it.
    fn send_later(
        &self,
        body: &str,
        delay: std::time::Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Has a message that goes back delivered again after `delay`, and not only when the queue's
    /// visibility timeout has passed.
    ///
    /// # Errors
    /// [`StoreError`]: it comes back all the same, only later.
    fn retry_in(
        &self,
        receipt: &str,
        delay: std::time::Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Tells people.
pub trait PublishAlert: Send + Sync {
    /// Sends an alert; returns once it was accepted. Repeats of one alert are harmless. It is tried
    /// once: how many messages go out in a minute is the caller's to decide.
    ///
    /// # Errors
    /// [`StoreError`]: the alert may not have gone out and must be sent again.
    fn publish(
        &self,
        alert: &crate::alert::Alert,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Puts work back in line.
pub trait Requeue: Send + Sync {
    /// Sends a message to the function's own queue; returns once the queue has it. SQS delivers it
    /// after `delay`, which is [`crate::passage::MAX_DELAY`] at most.
    ///
    /// # Errors
    /// [`StoreError`]: the queue may not have it, and the message at hand must not be let go.
    fn send(
        &self,
        body: &str,
        passage: &crate::passage::Passage,
        delay: std::time::Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Sends a message to the function's dead-letter queue, where it waits for somebody to look at
    /// it; returns once the queue has it.
    ///
    /// # Errors
    /// [`StoreError`]: the queue may not have it, and the message at hand must not be let go.
    fn park(&self, body: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Has a message that goes back delivered again after `delay`, not only when the queue's
    /// visibility timeout has passed.
    ///
    /// # Errors
    /// [`StoreError`]: it comes back all the same, only later.
    fn retry_in(
        &self,
        receipt: &str,
        delay: std::time::Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
