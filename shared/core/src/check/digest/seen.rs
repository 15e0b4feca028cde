//! The facts about a digest object that a check read.

use crate::format::digest::{DigestMetadata, UnverifiedDigest};
use crate::names::sha256::Sha256;
use jiff::Timestamp;

/// The facts about a digest object that a check read. Anybody may have written them, unless
/// CloudTrail signed the digest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenDigest {
    /// The version that was read, if the bucket keeps versions.
    pub version_id: Option<String>,
    /// The `ETag` of the object that was read.
    pub e_tag: Option<String>,
    /// SHA-256 of the inflated content; `None` if the object is not one gzip member of acceptable
    /// size.
    pub sha256: Option<Sha256>,
    /// The algorithm of the signature, as the object's metadata names it.
    pub signature_algorithm: Option<String>,
    /// The statements of the content, if it is a digest document.
    pub stated: Option<StatedDigest>,
    /// Indicates whether CloudTrail signed the digest.
    pub is_signed: bool,
}

/// The statements of a digest document about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedDigest {
    /// The start of the range of delivery times.
    pub start_time: Timestamp,
    /// The end of the range of delivery times.
    pub end_time: Timestamp,
    /// The fingerprint of the key, at most 2 KiB.
    pub key_fingerprint: String,
    /// The number of log files that it lists.
    pub log_files: usize,
}

impl SeenDigest {
    /// Adds the content, if it is a digest document, and the metadata.
    #[must_use]
    pub(super) fn with(
        self,
        content: Option<&UnverifiedDigest>,
        metadata: &DigestMetadata,
    ) -> Self {
        Self {
            sha256: content.map(|digest| digest.hash).or(self.sha256),
            signature_algorithm: metadata.signature_algorithm.clone(),
            stated: content.map(|digest| StatedDigest {
                start_time: digest.start_time,
                end_time: digest.end_time,
                key_fingerprint: digest.key_fingerprint.clone(),
                log_files: digest.log_files.len(),
            }),
            ..self
        }
    }
}
