//! What was done to an object according to S3, and by whom.

use crate::names::text::clip;
use jiff::Timestamp;

/// The maximum length of a text of a deed: a principal ID, an address, a service principal. A
/// version ID has "no more than 1,024 bytes"
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html>), and S3's
/// own have 32.
const MAX_TEXT_CHARS: usize = 200;

/// What was done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectAction {
    /// It was written.
    Written,
    /// It was deleted.
    Removed {
        /// How it was deleted, if the event says so.
        how: Option<Removal>,
        /// Indicates whether an S3 Lifecycle rule deleted it.
        by_lifecycle: bool,
    },
}

/// How an object was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// A delete marker was added, and the version is still in the bucket.
    Marker,
    /// The object, or one of its versions or delete markers, was deleted permanently.
    Permanent,
}

/// What S3 reports about the request that changed an object.
///
/// Nothing in it is proof: the account or the service that made the request is known, but not
/// whether it was allowed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// What was done.
    pub action: ObjectAction,
    /// The API or the feature of S3 that did it: `PutObject`, `DeleteObject`.
    pub reason: Option<String>,
    /// Who did it: "AWS account ID or AWS service principal of requester" in an event of
    /// EventBridge (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>), the
    /// ID of the principal in an S3 notification
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>).
    pub requester: Option<String>,
    /// The address that the request came from.
    pub source_address: Option<String>,
    /// The version that was written or deleted, or the delete marker.
    pub version_id: Option<String>,
    /// The time when it was done.
    pub time: Option<Timestamp>,
}

impl Deed {
    /// Returns a deed of which nothing more is known.
    #[must_use]
    pub fn new(action: ObjectAction) -> Self {
        Self {
            action,
            reason: None,
            requester: None,
            source_address: None,
            version_id: None,
            time: None,
        }
    }

    /// Returns a text of a deed, at most 200 characters of it. An empty text counts as missing.
    #[must_use]
    pub fn text(value: Option<&str>) -> Option<String> {
        let value = value.filter(|value| !value.is_empty())?;
        Some(clip(value, MAX_TEXT_CHARS).to_owned())
    }

    /// Returns whether an S3 Lifecycle rule did it.
    #[must_use]
    pub fn is_by_lifecycle(&self) -> bool {
        matches!(
            self.action,
            ObjectAction::Removed {
                by_lifecycle: true,
                ..
            }
        )
    }
}
