//! What the events of S3 say about the request that caused them.
//!
//! Formats: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>. Event
//! names: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html>.
//! A field that is missing or has another type is not known: it makes no event an error.

use super::fields::{OBJECT_DELETED, text, text_at};
use crate::names::deed::{Deed, ObjectAction, Removal};
use jiff::Timestamp;
use serde_json::Value;

/// The `reason` of an object that "is deleted by an S3 Lifecycle expiration rule".
const LIFECYCLE: &str = "Lifecycle Expiration";

/// Returns the deed of an EventBridge event about a created or deleted object.
pub(super) fn of_eventbridge(kind: &str, event: &Value) -> Deed {
    let reason = text_at(event, "/detail/reason");
    let action = if kind == OBJECT_DELETED {
        ObjectAction::Removed {
            how: match text_at(event, "/detail/deletion-type") {
                Some("Delete Marker Created") => Some(Removal::Marker),
                Some("Permanently Deleted") => Some(Removal::Permanent),
                _ => None,
            },
            by_lifecycle: reason == Some(LIFECYCLE),
        }
    } else {
        ObjectAction::Written
    };
    Deed {
        reason: Deed::text(reason),
        requester: Deed::text(text_at(event, "/detail/requester")),
        source_address: Deed::text(text_at(event, "/detail/source-ip-address")),
        version_id: Deed::text(text_at(event, "/detail/object/version-id")),
        time: time(text(event, "time")),
        ..Deed::new(action)
    }
}

/// Returns the deed of a record of an S3 notification, or `None` if the record is about another
/// kind of event than the creation or deletion of an object.
pub(super) fn of_notification(name: &str, record: &Value) -> Option<Deed> {
    let name = name.trim_start_matches("s3:");
    let (kind, detail) = name.split_once(':').unwrap_or((name, ""));
    let removed = |by_lifecycle| ObjectAction::Removed {
        how: match detail {
            "DeleteMarkerCreated" => Some(Removal::Marker),
            "Delete" => Some(Removal::Permanent),
            _ => None,
        },
        by_lifecycle,
    };
    let action = match kind {
        "ObjectRemoved" => removed(false),
        "LifecycleExpiration" => removed(true),
        _ if kind.starts_with("ObjectCreated") => ObjectAction::Written,
        _ => return None,
    };
    Some(Deed {
        reason: Deed::text(Some(name)),
        requester: Deed::text(text_at(record, "/userIdentity/principalId")),
        source_address: Deed::text(text_at(record, "/requestParameters/sourceIPAddress")),
        version_id: Deed::text(text_at(record, "/s3/object/versionId")),
        time: time(text(record, "eventTime")),
        ..Deed::new(action)
    })
}

fn time(text: Option<&str>) -> Option<Timestamp> {
    text?.parse().ok()
}
