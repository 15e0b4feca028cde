//! The location of an object: bucket, key and, if known, version.

use crate::names::object_key::{ObjectKind, classify};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An object in S3.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectLocation {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key, decoded.
    pub key: String,
    /// The version, if the bucket keeps versions and it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
}

impl ObjectLocation {
    /// Returns the current version of an object.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            bucket: bucket.into(),
            key: key.into(),
            version_id: None,
        }
    }

    /// Returns the bucket with the account and the Region of a log file or digest, as one text: the
    /// subject of a finding about many of their objects. Any other object is its own subject.
    #[must_use]
    pub fn region_folder(&self) -> String {
        let (folder, region) = match classify(&self.key) {
            ObjectKind::LogFile(key) => (key.folder, key.region),
            ObjectKind::Digest(key) => (key.chain.folder, key.chain.region),
            ObjectKind::UnknownLogFile | ObjectKind::UnknownDigest | ObjectKind::Other => {
                return self.to_string();
            }
        };
        format!("s3://{}/{folder} {region}", self.bucket)
    }
}

impl fmt::Display for ObjectLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}
