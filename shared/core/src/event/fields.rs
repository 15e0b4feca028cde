//! The fields that identify a message as ours.

use serde_json::Value;

/// The `detail-type` of the EventBridge event that S3 sends for a new object.
pub(super) const OBJECT_CREATED: &str = "Object Created";

/// The `detail-type` of the EventBridge event that S3 sends for a deleted object.
pub(super) const OBJECT_DELETED: &str = "Object Deleted";

/// Returns the text of a field.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// Returns the text of a field inside others, such as `/detail/requester`.
pub(super) fn text_at<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    value.pointer(path).and_then(Value::as_str)
}

/// Returns whether the message has a field with this name, in any case: a relay that writes
/// `Bucket` means our field, and is broken.
pub(super) fn has(event: &Value, name: &str) -> bool {
    event
        .as_object()
        .is_some_and(|fields| fields.keys().any(|field| field.eq_ignore_ascii_case(name)))
}

/// Returns whether the message has the inner part of an S3 event: the rest that a relay or an input
/// transformer leaves, which does not distinguish a new object from a deleted one.
pub(super) fn names_an_object(event: &Value) -> bool {
    let is_named = |at: &Value| {
        at.pointer("/bucket/name").is_some_and(Value::is_string)
            && at.pointer("/object/key").is_some_and(Value::is_string)
    };
    is_named(event) || event.get("detail").is_some_and(is_named)
}

/// Returns whether it is an EventBridge event about an S3 object, or was made to look like one.
pub(super) fn is_of_s3(event: &Value) -> bool {
    text(event, "source") == Some("aws.s3") || text(event, "detail-type") == Some(OBJECT_CREATED)
}
