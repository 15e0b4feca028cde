//! The formats that name objects.

use super::deeds;
use super::fields::{OBJECT_CREATED, OBJECT_DELETED, has, text, text_at};
use super::objects::{EventError, EventObjects};
use super::unrelated::Unrelated;
use crate::names::event_object::{EventObject, MAX_INCIDENTS, Origin, names_incident};
use crate::names::location::ObjectLocation;
use serde_json::Value;

impl EventObjects {
    /// Collects a record of an S3 notification. Its key is encoded.
    pub(super) fn collect_s3(&mut self, record: &Value) -> Result<(), EventError> {
        let name = text(record, "eventName")
            .ok_or(EventError::Unknown("an S3 record has no eventName"))?;
        let Some(deed) = deeds::of_notification(name, record) else {
            self.unrelated.add(Unrelated::OtherS3Event, name);
            return Ok(());
        };
        let object = match (
            text_at(record, "/s3/bucket/name"),
            text_at(record, "/s3/object/key"),
        ) {
            (Some(bucket), Some(key)) => Ok(EventObject::as_encoded(bucket, key)),
            _ => Err(EventError::Unknown("an S3 record does not name an object")),
        };
        self.add_with_deed(object, deed)
    }

    /// Collects an EventBridge event of S3. Its key is not encoded.
    pub(super) fn collect_eventbridge(&mut self, event: &Value) -> Result<(), EventError> {
        let kind = text(event, "detail-type").ok_or(EventError::Unknown(
            "an EventBridge event of aws.s3 has no detail-type",
        ))?;
        if ![OBJECT_CREATED, OBJECT_DELETED].contains(&kind) {
            self.unrelated.add(Unrelated::OtherS3Event, kind);
            return Ok(());
        }
        let object = match (
            text(event, "source"),
            text_at(event, "/detail/bucket/name"),
            text_at(event, "/detail/object/key"),
        ) {
            (Some("aws.s3"), Some(bucket), Some(key)) => {
                Ok(EventObject::new(ObjectLocation::new(bucket, key)))
            }
            (Some("aws.s3"), _, _) => Err(EventError::Unknown(
                "an EventBridge event does not name an object",
            )),
            _ => Err(EventError::Unknown(
                "the source of an event about an S3 object is not aws.s3",
            )),
        };
        self.add_with_deed(object, deeds::of_eventbridge(kind, event))
    }

    /// Collects CloudTrail's own notification, which lists keys. AWS Config has fields with the
    /// same names, and one key as a text, or none.
    pub(super) fn collect_delivery(&mut self, event: &Value) -> Result<(), EventError> {
        let keys = event.get("s3ObjectKey").and_then(Value::as_array);
        let (keys, bucket) = match (keys, text(event, "s3Bucket"), text(event, "messageType")) {
            (Some(keys), Some(bucket), _) => (keys, bucket),
            (None, _, Some(kind)) => {
                self.unrelated.add(Unrelated::AwsConfig, kind);
                return Ok(());
            }
            _ => {
                return Err(EventError::Unknown(
                    "a CloudTrail notification has no s3Bucket, or its s3ObjectKey is not a list",
                ));
            }
        };
        for key in keys {
            let result = match key.as_str() {
                Some(key) => self.add(EventObject::as_written(bucket, key)),
                None => Err(EventError::Unknown("an s3ObjectKey is not a string")),
            };
            self.note(result);
        }
        Ok(())
    }

    /// Collects `{"bucket","keys"}`: several objects of a bucket, to be checked from the start.
    pub(super) fn collect_listed(
        &mut self,
        event: &Value,
        writer: Origin,
    ) -> Result<(), EventError> {
        let keys = event.get("keys").and_then(Value::as_array);
        let keys = keys.filter(|keys| !keys.is_empty());
        let (Some(bucket), Some(keys)) = (text(event, "bucket"), keys) else {
            return Err(EventError::Unknown(
                "`bucket` is not a string, or `keys` is not a list with an entry",
            ));
        };
        // They would be about one object.
        if ["key", "resumeAt", "incidents"]
            .iter()
            .any(|name| has(event, name))
        {
            return Err(EventError::Unknown(
                "a message with `keys` has a `key`, `resumeAt` or `incidents`",
            ));
        }
        for key in keys {
            let result = match key.as_str() {
                Some(key) => self.add(EventObject::listed(bucket, key, writer)),
                None => Err(EventError::Unknown("one of the `keys` is not a string")),
            };
            self.note(result);
        }
        Ok(())
    }

    /// Collects `{"bucket","key"}`, and `resumeAt` if a function hands back the rest, and
    /// `incidents` if the object is looked at again because of them.
    pub(super) fn collect_bare(&mut self, event: &Value, writer: Origin) -> Result<(), EventError> {
        let (Some(bucket), Some(key)) = (text(event, "bucket"), text(event, "key")) else {
            return Err(EventError::Unknown(
                "`bucket` and `key` are not both strings",
            ));
        };
        let incidents = incidents(event)?;
        let Some(index) = event.get("resumeAt") else {
            let object = EventObject::listed(bucket, key, writer);
            return self.add(object.with_incidents(incidents));
        };
        let resume_at = index
            .as_u64()
            .and_then(|index| usize::try_from(index).ok())
            .ok_or(EventError::Unknown("`resumeAt` is not a number"))?;
        let rest = EventObject::rest(ObjectLocation::new(bucket, key), resume_at)
            .with_incidents(incidents);
        // A function hands back an object that it has read.
        self.add(match (writer, resume_at) {
            (Origin::Message, 1..) => rest,
            (writer, _) => rest.with_origin(writer),
        })
    }
}

/// Returns the incidents for which an object is looked at again.
fn incidents(event: &Value) -> Result<Vec<String>, EventError> {
    let Some(listed) = event.get("incidents") else {
        return Ok(Vec::new());
    };
    let listed = listed.as_array().filter(|ids| ids.len() <= MAX_INCIDENTS);
    let ids = listed.and_then(|ids| {
        let ids = ids.iter().map(Value::as_str);
        ids.map(|id| id.filter(|id| names_incident(id)).map(str::to_owned))
            .collect()
    });
    ids.ok_or(EventError::Unknown(
        "`incidents` is not a list of at most 100 incident IDs",
    ))
}
