//! Events in every envelope they come in, taken apart.
//!
//! EventBridge (`source: aws.s3`), S3 notifications, `s3:TestEvent`, CloudTrail's own SNS
//! notification and a bare `{"bucket","key"}`, each plain, inside SNS, inside SQS, or inside both.
//!
//! Formats: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-cloudtrail-to-send-notifications.html>.

use crate::location::ObjectLocation;
use crate::object_key::{MAX_KEY_BYTES, url_decode};
use serde::Serialize;
use serde_json::Value;

/// How many envelopes may be around each other: SQS, SNS, and the event, with one to spare.
const MAX_ENVELOPES: usize = 4;

/// The most objects one event may name. S3 sends one, CloudTrail a handful.
const MAX_OBJECTS: usize = 1000;

/// The text CloudTrail publishes when a topic is configured for a trail.
const CLOUDTRAIL_VALIDATION: &str = "CloudTrail validation message.";

/// Why an event cannot be acted on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// An envelope's content is not JSON.
    #[error("the event is not JSON: {0}")]
    Json(String),
    /// None of the known shapes.
    #[error("the event has no known shape: {0}")]
    Unknown(&'static str),
    /// Envelopes around envelopes around envelopes.
    #[error("the event is wrapped in more than {MAX_ENVELOPES} envelopes")]
    TooDeep,
    /// More objects than any service sends.
    #[error("the event names more than {MAX_OBJECTS} objects")]
    TooManyObjects,
    /// The key is not percent-encoded UTF-8.
    #[error("the object key in the S3 notification is not URL-encoded UTF-8")]
    KeyEncoding,
}

/// An object that an event says was created, and where to go on if it was handed back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Created {
    /// The object. Its current version counts, whichever the event names.
    #[serde(flatten)]
    pub object: ObjectLocation,
    /// In a message that the log-verifier hands back to its queue: the first listed log file
    /// that is not settled.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub resume_at: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl Created {
    /// An object to look at from the beginning.
    #[must_use]
    pub fn new(object: ObjectLocation) -> Self {
        Self {
            object,
            resume_at: 0,
        }
    }
}

/// What an event names. One bad record does not take the others with it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The created objects; none for test events, deletions and whatever else is not a creation.
    pub created: Vec<Created>,
    /// The first thing in the event that could not be understood.
    pub error: Option<EventError>,
}

impl Named {
    /// Takes an event apart.
    #[must_use]
    pub fn by(event: &Value) -> Self {
        let mut named = Self::default();
        let result = named.collect(event, 0);
        named.note(result);
        named
    }

    /// Takes an event apart that comes as text, such as the body of an SQS message.
    #[must_use]
    pub fn by_text(text: &str) -> Self {
        let mut named = Self::default();
        let result = named.collect_text(text, 0);
        named.note(result);
        named
    }

    fn note(&mut self, result: Result<(), EventError>) {
        if let Err(error) = result {
            self.error.get_or_insert(error);
        }
    }

    fn collect_text(&mut self, text: &str, depth: usize) -> Result<(), EventError> {
        if text.trim_ascii() == CLOUDTRAIL_VALIDATION {
            return Ok(());
        }
        let event: Value =
            serde_json::from_str(text).map_err(|error| EventError::Json(error.to_string()))?;
        self.collect(&event, depth)
    }

    fn collect(&mut self, event: &Value, depth: usize) -> Result<(), EventError> {
        if depth > MAX_ENVELOPES {
            return Err(EventError::TooDeep);
        }
        if let Some(records) = event.get("Records") {
            let records = records
                .as_array()
                .ok_or(EventError::Unknown("`Records` is not a list"))?;
            for record in records {
                let result = self.collect_record(record, depth);
                self.note(result);
            }
            return Ok(());
        }
        if let Some(kind) = text(event, "Type")
            && event.get("TopicArn").is_some()
        {
            // An SNS message: subscription messages say nothing of objects.
            return match (kind, text(event, "Message")) {
                ("Notification", Some(message)) => self.collect_text(message, depth + 1),
                ("SubscriptionConfirmation" | "UnsubscribeConfirmation", _) => Ok(()),
                _ => Err(EventError::Unknown("an SNS message without a Message")),
            };
        }
        if text(event, "Event") == Some("s3:TestEvent") {
            return Ok(());
        }
        if let Some(source) = text(event, "source")
            && event.get("detail-type").is_some()
        {
            return self.collect_eventbridge(source, event);
        }
        if let (Some(bucket), Some(keys)) = (
            text(event, "s3Bucket"),
            event.get("s3ObjectKey").and_then(Value::as_array),
        ) {
            for key in keys {
                let result = match key.as_str() {
                    Some(key) => self.add(Created::new(ObjectLocation::new(bucket, key))),
                    None => Err(EventError::Unknown("an s3ObjectKey is not a text")),
                };
                self.note(result);
            }
            return Ok(());
        }
        if let (Some(bucket), Some(key)) = (text(event, "bucket"), text(event, "key")) {
            let resume_at = match event.get("resumeAt") {
                None => 0,
                Some(index) => index
                    .as_u64()
                    .and_then(|index| usize::try_from(index).ok())
                    .ok_or(EventError::Unknown("`resumeAt` is not a number"))?,
            };
            return self.add(Created {
                object: ObjectLocation::new(bucket, key),
                resume_at,
            });
        }
        Err(EventError::Unknown(
            "neither EventBridge, S3, SNS, SQS, CloudTrail nor {\"bucket\",\"key\"}",
        ))
    }

    /// One record of an SQS, SNS or S3 event.
    fn collect_record(&mut self, record: &Value, depth: usize) -> Result<(), EventError> {
        // SNS spells it with a capital.
        let source = text(record, "eventSource").or_else(|| text(record, "EventSource"));
        match source {
            Some("aws:sqs") => {
                let body =
                    text(record, "body").ok_or(EventError::Unknown("an SQS record has no body"))?;
                self.collect_text(body, depth + 1)
            }
            Some("aws:sns") => {
                let message = record
                    .pointer("/Sns/Message")
                    .and_then(Value::as_str)
                    .ok_or(EventError::Unknown("an SNS record has no message"))?;
                self.collect_text(message, depth + 1)
            }
            Some("aws:s3") => self.collect_s3(record),
            _ => Err(EventError::Unknown("a record of another service")),
        }
    }

    fn collect_s3(&mut self, record: &Value) -> Result<(), EventError> {
        let name = text(record, "eventName")
            .ok_or(EventError::Unknown("an S3 record has no eventName"))?;
        if !name.trim_start_matches("s3:").starts_with("ObjectCreated:") {
            return Ok(());
        }
        let (Some(bucket), Some(key)) = (
            record.pointer("/s3/bucket/name").and_then(Value::as_str),
            record.pointer("/s3/object/key").and_then(Value::as_str),
        ) else {
            return Err(EventError::Unknown("an S3 record names no object"));
        };
        let key = url_decode(key).ok_or(EventError::KeyEncoding)?;
        self.add(Created::new(ObjectLocation::new(bucket, key)))
    }

    fn collect_eventbridge(&mut self, source: &str, event: &Value) -> Result<(), EventError> {
        if source != "aws.s3" {
            return Err(EventError::Unknown(
                "an EventBridge event of another service",
            ));
        }
        if text(event, "detail-type") != Some("Object Created") {
            return Ok(());
        }
        let (Some(bucket), Some(key)) = (
            event.pointer("/detail/bucket/name").and_then(Value::as_str),
            event.pointer("/detail/object/key").and_then(Value::as_str),
        ) else {
            return Err(EventError::Unknown("an EventBridge event names no object"));
        };
        self.add(Created::new(ObjectLocation::new(bucket, key)))
    }

    fn add(&mut self, object: Created) -> Result<(), EventError> {
        if self.created.len() == MAX_OBJECTS {
            return Err(EventError::TooManyObjects);
        }
        if object.object.key.len() > MAX_KEY_BYTES || object.object.bucket.len() > 255 {
            return Err(EventError::Unknown(
                "a bucket name or key longer than S3 allows",
            ));
        }
        self.created.push(object);
        Ok(())
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn created_objects(event: &Value) -> Result<Vec<Created>, EventError> {
        let named = Named::by(event);
        named.error.map_or(Ok(named.created), Err)
    }

    const KEY: &str = "AWSLogs/111122223333/CloudTrail/x y+z=.json.gz";

    fn eventbridge() -> Value {
        json!({"version": "0", "source": "aws.s3", "detail-type": "Object Created",
               "detail": {"bucket": {"name": "amzn-s3-demo-bucket"}, "object": {"key": KEY, "size": 5}}})
    }

    fn s3(name: &str) -> Value {
        json!({"Records": [{"eventSource": "aws:s3", "eventName": name,
               "s3": {"bucket": {"name": "amzn-s3-demo-bucket"},
                      "object": {"key": "AWSLogs/111122223333/CloudTrail/x+y%2Bz%3D.json.gz"}}}]})
    }

    fn sqs(bodies: &[Value]) -> Value {
        json!({"Records": bodies.iter().map(|body| json!({
            "eventSource": "aws:sqs", "messageId": "m",
            "body": body.as_str().map_or_else(|| body.to_string(), str::to_owned)})).collect::<Vec<_>>()})
    }

    fn sns(message: &Value) -> Value {
        json!({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:111122223333:t",
               "Message": message.as_str().map_or_else(|| message.to_string(), str::to_owned)})
    }

    fn sns_event(message: &Value) -> Value {
        json!({"Records": [{"EventSource": "aws:sns", "Sns": sns(message)}]})
    }

    #[track_caller]
    fn names_the_object(event: &Value) {
        assert_eq!(
            created_objects(event),
            Ok(vec![Created::new(ObjectLocation::new(
                "amzn-s3-demo-bucket",
                KEY
            ))]),
            "{event}"
        );
    }

    #[test]
    fn every_envelope_names_the_same_object() {
        let cloudtrail = json!({"s3Bucket": "amzn-s3-demo-bucket", "s3ObjectKey": [KEY]});
        let bare = json!({"bucket": "amzn-s3-demo-bucket", "key": KEY});
        for event in [eventbridge(), s3("ObjectCreated:Put"), cloudtrail, bare] {
            names_the_object(&event);
            names_the_object(&sqs(std::slice::from_ref(&event)));
            names_the_object(&sns_event(&event));
            names_the_object(&sqs(&[sns(&event)]));
            names_the_object(&sns_event(&sqs(std::slice::from_ref(&event))));
        }
    }

    #[test]
    fn what_is_no_creation_names_nothing() {
        let mut deleted = eventbridge();
        deleted["detail-type"] = json!("Object Deleted");
        for event in [
            deleted,
            s3("ObjectRemoved:Delete"),
            json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}),
            json!({"Type": "SubscriptionConfirmation", "TopicArn": "t", "Message": "You have chosen"}),
            json!({"Records": []}),
        ] {
            assert_eq!(created_objects(&event), Ok(vec![]), "{event}");
            assert_eq!(created_objects(&sqs(&[event])), Ok(vec![]));
        }
        assert_eq!(
            created_objects(&sqs(&[sns(&json!(CLOUDTRAIL_VALIDATION))])),
            Ok(vec![])
        );
    }

    #[test]
    fn malformed_events_are_errors() {
        for event in [
            json!({}),
            json!([]),
            json!(null),
            json!("text"),
            json!({"Records": {}}),
            json!({"Records": [{}]}),
            json!({"Records": [{"eventSource": "aws:dynamodb"}]}),
            json!({"Records": [{"eventSource": "aws:sqs"}]}),
            sqs(&[json!("not JSON")]),
            json!({"source": "aws.ec2", "detail-type": "x"}),
            json!({"source": "aws.s3", "detail-type": "Object Created", "detail": {}}),
            json!({"bucket": "b", "key": "k", "resumeAt": -1}),
            json!({"bucket": "b", "key": "k".repeat(2000)}),
            json!({"s3Bucket": "b", "s3ObjectKey": vec!["k"; 1001]}),
        ] {
            assert!(created_objects(&event).is_err(), "{event}");
        }
    }

    #[test]
    fn a_key_that_is_not_url_encoded_utf8_is_an_error() {
        for key in ["%", "%4", "%zz", "%ff"] {
            let mut event = s3("ObjectCreated:Put");
            event["Records"][0]["s3"]["object"]["key"] = json!(key);
            assert_eq!(
                created_objects(&event),
                Err(EventError::KeyEncoding),
                "{key}"
            );
        }
    }

    #[test]
    fn a_bad_record_does_not_take_its_neighbours_with_it() {
        let mut event = s3("ObjectCreated:Put");
        let mut bad = event["Records"][0].clone();
        bad["s3"]["object"]["key"] = json!("%ff");
        let records = event["Records"].as_array_mut().unwrap();
        records.insert(0, bad);
        let named = Named::by(&event);
        assert_eq!(named.created.len(), 1);
        assert_eq!(named.error, Some(EventError::KeyEncoding));
        let keys = json!({"s3Bucket": "amzn-s3-demo-bucket", "s3ObjectKey": [7, KEY]});
        assert_eq!(Named::by(&keys).created.len(), 1);
    }

    #[test]
    fn envelopes_do_not_nest_for_ever() {
        let mut event = eventbridge();
        for _ in 0..MAX_ENVELOPES {
            event = sqs(&[event]);
        }
        names_the_object(&event);
        assert_eq!(created_objects(&sqs(&[event])), Err(EventError::TooDeep));
    }

    #[test]
    fn deep_json_in_a_body_is_an_error() {
        let deep = "[".repeat(100_000);
        assert!(matches!(
            created_objects(&sqs(&[json!(deep)])),
            Err(EventError::Json(_))
        ));
    }

    #[test]
    fn what_was_handed_back_goes_on_where_it_stopped() {
        let created = Created {
            object: ObjectLocation::new("amzn-s3-demo-bucket", KEY),
            resume_at: 17,
        };
        let written = serde_json::to_value(&created).unwrap();
        assert_eq!(created_objects(&written), Ok(vec![created]));
    }

    proptest! {
        #[test]
        fn any_text_never_panics(text in "\\PC{0,200}") {
            let _ = Named::by_text(&text);
            let _ = url_decode(&text);
        }
    }
}
