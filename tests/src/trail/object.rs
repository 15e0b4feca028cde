//! An object in a log bucket, as it is stored.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

/// The metadata entry with a digest's signature, in hex.
pub(crate) const SIGNATURE: &str = "signature";
/// The metadata entry that names the signature's algorithm.
pub(crate) const SIGNATURE_ALGORITHM: &str = "signature-algorithm";
/// The metadata entry with the time at which a backfill digest was generated.
pub(crate) const BACKFILL_GENERATED: &str = "backfill-generation-timestamp";
/// The only algorithm with which CloudTrail signs digests.
pub(crate) const SHA256_WITH_RSA: &str = "SHA256withRSA";

/// The location of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key, not encoded.
    pub key: String,
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// How S3 encrypts an object at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// SSE-S3: `x-amz-server-side-encryption: AES256`.
    S3,
    /// SSE-KMS under the key with this ARN.
    Kms(String),
}

/// An object with everything that S3 stores along with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The bucket that it is in.
    pub bucket: String,
    /// Its key, not encoded.
    pub key: String,
    /// Its bytes as stored, compressed.
    pub body: Bytes,
    /// `Content-Type`.
    pub content_type: String,
    /// `Content-Encoding`, if any.
    pub content_encoding: Option<String>,
    /// User metadata, without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// Encryption at rest.
    pub encryption: Encryption,
    /// The time at which CloudTrail writes it.
    pub delivered_at: Timestamp,
}

impl Object {
    /// Returns the event with which a person or a relay asks a function to check the object.
    #[must_use]
    pub fn bare_event(&self) -> serde_json::Value {
        serde_json::json!({"bucket": self.bucket, "key": self.key})
    }

    /// Returns compressed JSON as CloudTrail stores it: no metadata yet, SSE-S3.
    pub(crate) fn gzipped_json(location: Location, body: Bytes, delivered_at: Timestamp) -> Self {
        Self {
            bucket: location.bucket,
            key: location.key,
            body,
            content_type: "application/json".into(),
            content_encoding: Some("gzip".into()),
            metadata: BTreeMap::new(),
            encryption: Encryption::S3,
            delivered_at,
        }
    }

    /// Returns the object's location.
    pub fn location(&self) -> Location {
        Location {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
        }
    }

    /// Returns the same object with other bytes.
    #[must_use]
    pub fn with_body(&self, body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            ..self.clone()
        }
    }
}

/// One change to a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An object is written, possibly over another one.
    Put(Object),
    /// An object is deleted.
    Delete(Location),
}
