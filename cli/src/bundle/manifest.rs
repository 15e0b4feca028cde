//! The manifest of a bundle: what was asked, and each answer.

use super::failure::RecordedAnswer;
use crate::args::SelectionArgs;
use crate::keys::SavedKey;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trailseal::names::location::ObjectLocation;
use trailseal::world::Depth;

/// The manifest.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    /// [`SCHEMA`](super::SCHEMA).
    pub(super) schema: String,
    /// Trailseal's version.
    pub(super) version: String,
    /// The command line.
    pub(super) command: Vec<String>,
    /// The source that was collected: `s3://BUCKET/PREFIX`.
    pub(super) source: String,
    /// The options that select a part of it.
    pub(super) selection: SelectionArgs,
    /// The time of the verification: what had not arrived then is not missing.
    pub(super) collected_at: Timestamp,
    /// The time when the collection ended.
    pub(super) finished_at: Timestamp,
    /// Whether it was interrupted.
    pub(super) interrupted: bool,
    /// The reports.
    pub(super) reports: Vec<StoredFile>,
    /// CloudTrail's public keys, as `trailseal keys` saves them.
    pub(super) public_key_list: Vec<SavedKey>,
    /// The requests for public keys.
    pub(super) key_requests: Vec<Recorded<KeyRequest, ()>>,
    /// The objects.
    pub(super) objects: Vec<Recorded<ObjectLocation, StoredObject>>,
    /// The headers of objects that were read without their content.
    pub(super) headers: Vec<Recorded<ObjectLocation, StoredHeaders>>,
    /// The pages of listings.
    pub(super) listings: Vec<Recorded<ListRequest, ListedPage>>,
}

/// A request and its answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Recorded<K, T> {
    /// The request.
    #[serde(flatten)]
    pub(super) request: K,
    /// The answer.
    pub(super) answer: RecordedAnswer<T>,
}

/// A file of the bundle.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoredFile {
    /// Its name in the bundle.
    pub(super) file: String,
    /// Its size.
    pub(super) bytes: u64,
    /// The SHA-256 of its content.
    pub(super) sha256: String,
}

/// An object, as S3 returned it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoredObject {
    /// The file that holds its content.
    #[serde(flatten)]
    pub(super) content: StoredFile,
    /// Whether the object continues after the end of the file. It is then larger than any log
    /// file.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) is_cut: bool,
    /// The size that S3 stated.
    pub(super) size: Option<u64>,
    /// The version that was read.
    pub(super) version_id: Option<String>,
    /// `ETag`.
    pub(super) e_tag: Option<String>,
    /// `Last-Modified`.
    pub(super) last_modified: Option<Timestamp>,
    /// User metadata: that of a digest file holds its signature.
    pub(super) metadata: BTreeMap<String, String>,
    /// `x-amz-server-side-encryption`.
    pub(super) encryption: Option<String>,
    /// `x-amz-server-side-encryption-aws-kms-key-id`.
    pub(super) kms_key_id: Option<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// The headers of an object.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoredHeaders {
    /// `Last-Modified`.
    pub(super) last_modified: Option<Timestamp>,
    /// The time of the answer.
    pub(super) answered: Option<Timestamp>,
    /// User metadata.
    pub(super) metadata: BTreeMap<String, String>,
}

/// A request for a page of a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListRequest {
    /// The bucket.
    pub(super) bucket: String,
    /// The prefix.
    pub(super) prefix: String,
    /// Whether only the folders and objects directly below the prefix were asked for.
    pub(super) folders_only: bool,
    /// The token of the page; none for the first.
    pub(super) token: Option<String>,
}

impl ListRequest {
    /// Returns the request for a page.
    pub(super) fn new(bucket: &str, prefix: &str, depth: Depth, next: Option<&str>) -> Self {
        Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            folders_only: depth == Depth::Folders,
            token: next.map(str::to_owned),
        }
    }

    /// Returns the subject of an error.
    pub(super) fn subject(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }
}

/// A page of a listing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ListedPage {
    /// The keys.
    pub(super) keys: Vec<String>,
    /// The folders.
    pub(super) folders: Vec<String>,
    /// The token of the next page.
    pub(super) next: Option<String>,
}

/// A request for the public keys of a Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct KeyRequest {
    /// The Region.
    pub(super) region: String,
    /// The start of the period.
    pub(super) from: Timestamp,
    /// Its end.
    pub(super) to: Timestamp,
}
