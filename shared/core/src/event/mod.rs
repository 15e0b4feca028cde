//! Events in every envelope they come in, taken apart.
//!
//! EventBridge (`source: aws.s3`), S3 notifications, `s3:TestEvent`, CloudTrail's own SNS
//! notification and a bare `{"bucket","key"}`, each plain, inside SNS, inside SQS, or inside both.
//!
//! Formats: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-cloudtrail-to-send-notifications.html>.
//!
//! # What is ours, what is broken, what is somebody else's
//!
//! A message is ours by the fields at its top level that the formats above always have. It is taken
//! apart then, and what is wrong with it is an error: it may be about a digest. A message with none
//! of these fields is [`Unrelated`], and is counted. Which it is depends on names of fields and on
//! texts that AWS writes (`source`, `eventSource`, `messageType`), and never on an object's key or
//! another text that a user can choose. Signs of ours come first: no further field makes such a
//! message unrelated.

pub mod unrelated;

use crate::names::created::{Created, Origin};
pub use unrelated::{Tally, Unrelated};

use crate::names::location::ObjectLocation;
use crate::names::object_key::MAX_KEY_BYTES;
use serde_json::Value;

/// How many envelopes may be around each other: SQS, SNS, and the event, with one to spare.
const MAX_ENVELOPES: usize = 4;

/// The most objects one event may name. S3 sends one, CloudTrail a handful.
const MAX_OBJECTS: usize = 1000;

/// The text CloudTrail publishes when a topic is configured for a trail.
const CLOUDTRAIL_VALIDATION: &str = "CloudTrail validation message.";

/// `detail-type` of the EventBridge event that S3 sends for a new object.
const OBJECT_CREATED: &str = "Object Created";

/// How many names of fields tell what an unknown message is.
const SHOWN_FIELDS: usize = 8;

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
}

/// What an event names. One bad record does not take the others with it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct EventObjects {
    /// The created objects.
    pub created: Vec<Created>,
    /// The messages that are not about a created object.
    pub unrelated: Tally,
    /// The first thing in the event that could not be understood.
    pub error: Option<EventError>,
}

/// Where a message comes from.
#[derive(Debug, Clone, Copy)]
struct Envelope {
    /// How many envelopes are around it.
    depth: usize,
    /// Who wrote a `{"bucket","key"}`, if it is one.
    writer: Origin,
}

impl Envelope {
    /// The message in this one.
    fn inner(self) -> Self {
        Self {
            depth: self.depth.saturating_add(1),
            writer: Origin::Message,
        }
    }
}

impl EventObjects {
    /// Takes the event of an invocation apart: of a service, or of a person.
    ///
    /// An event of no known sender is an error here: a person who misspells a field must hear of
    /// it.
    #[must_use]
    pub fn by(event: &Value) -> Self {
        let invocation = Envelope {
            depth: 0,
            writer: Origin::Person,
        };
        let mut named = Self::default();
        let result = named.collect(event, invocation);
        named.note(result);
        named
    }

    /// Takes a message of a queue apart: the body of an SQS message.
    #[must_use]
    pub fn by_text(text: &str) -> Self {
        let message = Envelope {
            depth: 0,
            writer: Origin::Message,
        };
        let mut named = Self::default();
        let result = named.collect_text(text, message);
        named.note(result);
        named
    }

    fn note(&mut self, result: Result<(), EventError>) {
        if let Err(error) = result {
            self.error.get_or_insert(error);
        }
    }

    fn collect_text(&mut self, text: &str, envelope: Envelope) -> Result<(), EventError> {
        let text = text.trim_ascii();
        if text == CLOUDTRAIL_VALIDATION {
            self.unrelated.add(Unrelated::CloudtrailValidation, "");
            return Ok(());
        }
        let event: Value = match serde_json::from_str(text) {
            Ok(event) => event,
            // No queue or topic cuts a message. What begins like JSON is a broken event, perhaps
            // ours; an e-mail's text or somebody's note does not.
            Err(error) if text.is_empty() || begins_like_json(text) => {
                return Err(EventError::Json(error.to_string()));
            }
            Err(_) => {
                self.unrelated.add(Unrelated::Text, "");
                return Ok(());
            }
        };
        self.collect(&event, envelope)
    }

    fn collect(&mut self, event: &Value, envelope: Envelope) -> Result<(), EventError> {
        if envelope.depth > MAX_ENVELOPES {
            return Err(EventError::TooDeep);
        }
        // First what names an object, then what may hold one, then what is half of one.
        if is_of_s3(event) {
            return self.collect_eventbridge(event);
        }
        if event.get("s3ObjectKey").is_some_and(Value::is_array) {
            return self.collect_delivery(event);
        }
        if (has(event, "bucket") && has(event, "key")) || has(event, "resumeAt") {
            return self.collect_bare(event, envelope.writer);
        }
        if event.get("Records").is_some() {
            return self.collect_records(event, envelope);
        }
        if ["eventSource", "EventSource", "s3", "Sns"]
            .iter()
            .any(|field| event.get(field).is_some())
        {
            // A relay passes on records one by one.
            return self.collect_record(event, envelope);
        }
        if let Some(kind) = text(event, "Type")
            && (event.get("TopicArn").is_some()
                || (kind == "Notification" && event.get("Message").is_some()))
        {
            return self.collect_sns(kind, event, envelope);
        }
        if has(event, "s3ObjectKey") || has(event, "s3Bucket") {
            return self.collect_delivery(event);
        }
        if text(event, "Event") == Some("s3:TestEvent") {
            self.unrelated.add(Unrelated::TestEvent, "");
            return Ok(());
        }
        self.collect_unrelated(event, envelope)
    }

    /// A list of records: of SQS, SNS or S3.
    fn collect_records(&mut self, event: &Value, envelope: Envelope) -> Result<(), EventError> {
        let records = event
            .get("Records")
            .and_then(Value::as_array)
            .ok_or(EventError::Unknown("`Records` is not a list"))?;
        for record in records {
            let result = self.collect_record(record, envelope);
            self.note(result);
        }
        Ok(())
    }

    /// One record of an SQS, SNS or S3 event.
    fn collect_record(&mut self, record: &Value, envelope: Envelope) -> Result<(), EventError> {
        // SNS spells it with a capital.
        let source = text(record, "eventSource").or_else(|| text(record, "EventSource"));
        match source {
            Some("aws:sqs") => {
                let body =
                    text(record, "body").ok_or(EventError::Unknown("an SQS record has no body"))?;
                self.collect_text(body, envelope.inner())
            }
            Some("aws:sns") => {
                let message = record
                    .pointer("/Sns/Message")
                    .and_then(Value::as_str)
                    .ok_or(EventError::Unknown("an SNS record has no message"))?;
                self.collect_text(message, envelope.inner())
            }
            Some("aws:s3") => self.collect_s3(record),
            // A record of S3 or SNS whose source is not as documented is broken. And whoever
            // invokes the function with records of another service must hear that it reads none.
            Some(other)
                if record.get("s3").is_none()
                    && record.get("Sns").is_none()
                    && envelope.writer != Origin::Person =>
            {
                self.unrelated.add(Unrelated::OtherRecord, other);
                Ok(())
            }
            _ => Err(EventError::Unknown("a record of an unknown service")),
        }
    }

    /// An SNS message: subscription messages say nothing of objects.
    fn collect_sns(
        &mut self,
        kind: &str,
        event: &Value,
        envelope: Envelope,
    ) -> Result<(), EventError> {
        if event.get("TopicArn").is_none() {
            return Err(EventError::Unknown("an SNS message without a TopicArn"));
        }
        match (kind, text(event, "Message")) {
            ("Notification", Some(message)) => self.collect_text(message, envelope.inner()),
            ("SubscriptionConfirmation" | "UnsubscribeConfirmation", _) => {
                self.unrelated.add(Unrelated::Subscription, kind);
                Ok(())
            }
            _ => Err(EventError::Unknown("an SNS message without a Message")),
        }
    }

    fn collect_s3(&mut self, record: &Value) -> Result<(), EventError> {
        let name = text(record, "eventName")
            .ok_or(EventError::Unknown("an S3 record has no eventName"))?;
        if !name.trim_start_matches("s3:").starts_with("ObjectCreated") {
            self.unrelated.add(Unrelated::OtherS3Event, name);
            return Ok(());
        }
        let (Some(bucket), Some(key)) = (
            record.pointer("/s3/bucket/name").and_then(Value::as_str),
            record.pointer("/s3/object/key").and_then(Value::as_str),
        ) else {
            return Err(EventError::Unknown("an S3 record names no object"));
        };
        self.add(Created::as_encoded(bucket, key))
    }

    /// An EventBridge event of S3. Its key is not encoded.
    fn collect_eventbridge(&mut self, event: &Value) -> Result<(), EventError> {
        let kind = text(event, "detail-type").ok_or(EventError::Unknown(
            "an EventBridge event of aws.s3 has no detail-type",
        ))?;
        if kind != OBJECT_CREATED {
            self.unrelated.add(Unrelated::OtherS3Event, kind);
            return Ok(());
        }
        if text(event, "source") != Some("aws.s3") {
            return Err(EventError::Unknown(
                "an Object Created event whose source is not aws.s3",
            ));
        }
        let (Some(bucket), Some(key)) = (
            event.pointer("/detail/bucket/name").and_then(Value::as_str),
            event.pointer("/detail/object/key").and_then(Value::as_str),
        ) else {
            return Err(EventError::Unknown("an EventBridge event names no object"));
        };
        self.add(Created::new(ObjectLocation::new(bucket, key)))
    }

    /// CloudTrail's own notification lists keys. AWS Config has fields of the same names, and one
    /// key as a text, or none.
    fn collect_delivery(&mut self, event: &Value) -> Result<(), EventError> {
        let keys = event.get("s3ObjectKey").and_then(Value::as_array);
        let (keys, bucket) = match (keys, text(event, "s3Bucket"), text(event, "messageType")) {
            (Some(keys), Some(bucket), _) => (keys, bucket),
            (None, _, Some(kind)) => {
                self.unrelated.add(Unrelated::AwsConfig, kind);
                return Ok(());
            }
            _ => {
                return Err(EventError::Unknown(
                    "a notification of CloudTrail without an s3Bucket or a list s3ObjectKey",
                ));
            }
        };
        for key in keys {
            let result = match key.as_str() {
                Some(key) => self.add(Created::as_written(bucket, key)),
                None => Err(EventError::Unknown("an s3ObjectKey is not a text")),
            };
            self.note(result);
        }
        Ok(())
    }

    /// `{"bucket","key"}`, and `resumeAt` where a function hands back what is left.
    fn collect_bare(&mut self, event: &Value, writer: Origin) -> Result<(), EventError> {
        let (Some(bucket), Some(key)) = (text(event, "bucket"), text(event, "key")) else {
            return Err(EventError::Unknown(
                "`bucket` and `key` are not two texts of these names",
            ));
        };
        let Some(index) = event.get("resumeAt") else {
            return self.add(Created::as_written(bucket, key).said_by(writer));
        };
        let resume_at = index
            .as_u64()
            .and_then(|index| usize::try_from(index).ok())
            .ok_or(EventError::Unknown("`resumeAt` is not a number"))?;
        let rest = Created::rest(ObjectLocation::new(bucket, key), resume_at);
        // A function hands back what it has read.
        self.add(match (writer, resume_at) {
            (Origin::Message, 1..) => rest,
            (writer, _) => rest.said_by(writer),
        })
    }

    /// A message with no sign of ours.
    fn collect_unrelated(&mut self, event: &Value, envelope: Envelope) -> Result<(), EventError> {
        if names_an_object(event) {
            return Err(EventError::Unknown(
                "it names an object of S3, and is no event of S3's",
            ));
        }
        let source = text(event, "source").filter(|_| event.get("detail-type").is_some());
        if let Some(source) = source {
            self.unrelated.add(Unrelated::OtherSource, source);
            return Ok(());
        }
        if let Some(kind) = text(event, "messageType") {
            self.unrelated.add(Unrelated::AwsConfig, kind);
            return Ok(());
        }
        match (event, envelope.writer) {
            (_, Origin::Person) => Err(EventError::Unknown(
                "neither EventBridge, S3, SNS, SQS, CloudTrail nor {\"bucket\",\"key\"}",
            )),
            (Value::Object(fields), _) => {
                let names: Vec<&str> = fields
                    .keys()
                    .map(String::as_str)
                    .take(SHOWN_FIELDS)
                    .collect();
                self.unrelated.add(Unrelated::OtherJson, &names.join(", "));
                Ok(())
            }
            // An event that was encoded twice, or a quoted note.
            (Value::String(content), _) => self.collect_text(content, envelope.inner()),
            // A list of events, or what a transformation made of an event that lacks a field.
            _ => Err(EventError::Unknown("neither an object nor a text")),
        }
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

/// Whether a text begins as an event does, perhaps after a byte order mark.
fn begins_like_json(text: &str) -> bool {
    text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
        .starts_with(['{', '['])
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// Whether the message has a field of this name, however its letters' case: a relay that writes
/// `Bucket` means ours, and is broken.
fn has(event: &Value, name: &str) -> bool {
    event
        .as_object()
        .is_some_and(|fields| fields.keys().any(|field| field.eq_ignore_ascii_case(name)))
}

/// Whether it has what an event of S3 has inside: what a relay or an input transformer leaves of
/// one, which does not tell a new object from a deleted one.
fn names_an_object(event: &Value) -> bool {
    let is_named = |at: &Value| {
        at.pointer("/bucket/name").is_some_and(Value::is_string)
            && at.pointer("/object/key").is_some_and(Value::is_string)
    };
    is_named(event) || event.get("detail").is_some_and(is_named)
}

/// Whether it is an EventBridge event about an object of S3, or was made to look like one.
fn is_of_s3(event: &Value) -> bool {
    text(event, "source") == Some("aws.s3") || text(event, "detail-type") == Some(OBJECT_CREATED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn created_objects(event: &Value) -> Result<Vec<Created>, EventError> {
        let named = EventObjects::by(event);
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
        let created = created_objects(event).expect("an event of a known shape");
        let objects: Vec<_> = created.into_iter().map(|created| created.object).collect();
        assert_eq!(
            objects,
            [ObjectLocation::new("amzn-s3-demo-bucket", KEY)],
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

    /// What the event is, where it is nothing but unrelated messages of one kind.
    #[track_caller]
    fn unrelated(named: &EventObjects) -> (Unrelated, u64) {
        assert_eq!((&named.created, &named.error), (&vec![], &None));
        let kinds: Vec<_> = named.unrelated.iter().collect();
        assert_eq!(kinds.len(), 1, "{kinds:?}");
        (kinds[0].0, kinds[0].1.count)
    }

    #[test]
    fn what_is_no_creation_names_nothing() {
        let mut deleted = eventbridge();
        deleted["detail-type"] = json!("Object Deleted");
        for (event, kind) in [
            (deleted, Unrelated::OtherS3Event),
            (s3("ObjectRemoved:Delete"), Unrelated::OtherS3Event),
            (s3("s3:ObjectTagging:Put"), Unrelated::OtherS3Event),
            (
                json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}),
                Unrelated::TestEvent,
            ),
            (
                json!({"Type": "SubscriptionConfirmation", "TopicArn": "t", "Message": "You have chosen"}),
                Unrelated::Subscription,
            ),
        ] {
            assert_eq!(unrelated(&EventObjects::by(&event)), (kind, 1), "{event}");
            let two = sqs(&[event.clone(), event]);
            assert_eq!(unrelated(&EventObjects::by(&two)), (kind, 2));
        }
        assert_eq!(
            EventObjects::by(&json!({"Records": []})),
            EventObjects::default()
        );
        assert_eq!(
            unrelated(&EventObjects::by(&sqs(&[sns(&json!(
                CLOUDTRAIL_VALIDATION
            ))]))),
            (Unrelated::CloudtrailValidation, 1)
        );
    }

    /// What other services and people send to a topic, a queue or a bus that is shared.
    fn messages_of_others() -> Vec<(Value, Unrelated)> {
        let config = |kind: &str, more: Value| {
            let mut message = json!({"messageType": kind, "recordVersion": "1.3",
                "notificationCreationTime": "2026-01-15T12:00:00.000Z"});
            for (name, value) in more.as_object().unwrap() {
                message[name] = value.clone();
            }
            (message, Unrelated::AwsConfig)
        };
        let item = json!({"configurationItem": {"resourceType": "AWS::S3::Bucket",
            "configuration": {"bucket": {"name": "b"}, "object": {"key": "k"}}}});
        let file = json!({"s3Bucket": "amzn-s3-demo-bucket",
            "s3ObjectKey": "AWSLogs/111122223333/Config/us-east-1/2026/1/15/ConfigHistory/x.json.gz"});
        vec![
            config("ConfigurationItemChangeNotification", item),
            config(
                "ConfigurationSnapshotDeliveryStarted",
                json!({"configSnapshotId": "x"}),
            ),
            config("ConfigurationSnapshotDeliveryCompleted", file.clone()),
            config("ConfigurationHistoryDeliveryCompleted", file),
            config(
                "ComplianceChangeNotification",
                json!({"s3ObjectKey": null, "s3Bucket": null}),
            ),
            config(
                "OversizedConfigurationItemChangeNotification",
                json!({"s3DeliverySummary": {"s3BucketLocation": "b/AWSLogs/x.json.gz"}}),
            ),
            config("ScheduledNotification", json!({})),
            (
                json!({"source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification",
                "detail": {"instance-id": "i-1", "state": "running"}}),
                Unrelated::OtherSource,
            ),
            (
                json!({"source": "aws.guardduty", "detail-type": "GuardDuty Finding",
                "detail": {"resource": {"s3BucketDetails": [{"name": "b"}]}}}),
                Unrelated::OtherSource,
            ),
            (
                json!({"Records": [{"eventSource": "aws:ses", "ses": {"mail": {}}}]}),
                Unrelated::OtherRecord,
            ),
            (
                json!({"Records": [{"eventSource": "ec2.amazonaws.com", "eventName": "RunInstances"}]}),
                Unrelated::OtherRecord,
            ),
            // A CloudWatch alarm, a bounce of SES, a Lambda destination, a note of somebody's.
            (
                json!({"AlarmName": "a", "NewStateValue": "ALARM", "Trigger": {}}),
                Unrelated::OtherJson,
            ),
            (
                json!({"notificationType": "Bounce", "mail": {"headers": [KEY]}}),
                Unrelated::OtherJson,
            ),
            (
                json!({"version": "1.0", "requestContext": {"condition": "Success"},
                "requestPayload": eventbridge(), "responsePayload": null}),
                Unrelated::OtherJson,
            ),
            (
                json!({"Type": "Alarm", "Message": "x"}),
                Unrelated::OtherJson,
            ),
            (json!({}), Unrelated::OtherJson),
            (
                json!("Maintenance on Saturday: the log bucket will be slow."),
                Unrelated::Text,
            ),
            (json!("\"quoted\""), Unrelated::Text),
            (
                json!("AWSLogs/111122223333/CloudTrail/x.json.gz s3ObjectKey aws:s3"),
                Unrelated::Text,
            ),
        ]
    }

    #[test]
    fn what_is_somebody_elses_is_told_by_its_kind_and_is_no_error() {
        for (message, kind) in messages_of_others() {
            let text = message
                .as_str()
                .map_or_else(|| message.to_string(), str::to_owned);
            assert_eq!(
                unrelated(&EventObjects::by_text(&text)),
                (kind, 1),
                "{text}"
            );
            for wrapped in [sqs(&[sns(&message)]), sns_event(&message), sqs(&[message])] {
                assert_eq!(
                    unrelated(&EventObjects::by(&wrapped)),
                    (kind, 1),
                    "{wrapped}"
                );
            }
        }
    }

    #[test]
    fn a_neighbour_of_somebody_elses_takes_nothing_with_it() {
        let mut bodies: Vec<Value> = messages_of_others().into_iter().map(|(m, _)| m).collect();
        let others = u64::try_from(bodies.len()).unwrap();
        bodies.insert(3, eventbridge());
        let named = EventObjects::by(&sqs(&bodies));
        assert_eq!(
            named.created,
            [Created::new(ObjectLocation::new(
                "amzn-s3-demo-bucket",
                KEY
            ))]
        );
        assert_eq!(
            named
                .unrelated
                .iter()
                .map(|(_, seen)| seen.count)
                .sum::<u64>(),
            others
        );
    }

    /// An event of ours stays one, whatever else is in it: what a user can choose, or a field by
    /// which others are recognized.
    #[test]
    fn nothing_that_is_added_makes_an_event_of_ours_somebody_elses() {
        let cloudtrail = json!({"s3Bucket": "amzn-s3-demo-bucket", "s3ObjectKey": [KEY]});
        let bare = json!({"bucket": "amzn-s3-demo-bucket", "key": KEY});
        for event in [eventbridge(), s3("ObjectCreated:Put"), cloudtrail, bare] {
            for (message, _) in messages_of_others() {
                let Some(fields) = message.as_object() else {
                    continue;
                };
                let mut mixed = event.clone();
                for (name, value) in fields {
                    if mixed.get(name).is_none() {
                        mixed[name] = value.clone();
                    }
                }
                let named = EventObjects::by_text(&mixed.to_string());
                let is_named = named
                    .created
                    .iter()
                    .any(|created| created.object.key == KEY);
                assert!(is_named || named.error.is_some(), "{mixed}");
            }
        }
        for hostile in [
            "ConfigurationItemChangeNotification",
            "\",\"messageType\":\"x",
            "s3:TestEvent",
            CLOUDTRAIL_VALIDATION,
            "{\"source\":\"aws.ec2\",\"detail-type\":\"x\"}",
            "\u{0}\u{feff}[",
        ] {
            let mut event = eventbridge();
            event["detail"]["object"]["key"] = json!(hostile);
            let mut notification = s3("ObjectCreated:Put");
            notification["Records"][0]["s3"]["object"]["key"] = json!(hostile);
            let delivery = json!({"s3Bucket": "b", "s3ObjectKey": [hostile]});
            for event in [event, notification, delivery] {
                let named = EventObjects::by_text(&event.to_string());
                assert_eq!(named.created.len(), 1, "{event}");
                assert!(named.unrelated.is_empty() && named.error.is_none());
            }
        }
    }

    #[test]
    fn malformed_events_are_errors() {
        let mut renamed = eventbridge();
        renamed["source"] = json!("my.relay");
        let mut untyped = eventbridge();
        untyped.as_object_mut().unwrap().remove("detail-type");
        let mut anonymous = untyped.clone();
        anonymous.as_object_mut().unwrap().remove("source");
        let mut record = s3("ObjectCreated:Put")["Records"][0].clone();
        record["eventSource"] = json!("minio:s3");
        let cut = eventbridge().to_string();
        for event in [
            json!([]),
            json!(null),
            json!(7),
            json!([eventbridge()]),
            json!({"Records": {}}),
            json!({"Records": [{}]}),
            json!({"Records": [record]}),
            record.clone(),
            json!({"Records": [{"eventSource": "aws:sqs"}]}),
            json!({"Records": [{"eventSource": "aws:s3"}]}),
            json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}]}),
            json!({"Type": "Notification", "Message": eventbridge().to_string()}),
            json!({"Type": "Notification", "TopicArn": "t"}),
            json!(&cut[..cut.len() - 9]),
            json!("[1"),
            json!("\u{feff}{}"),
            json!("\u{a0}{\"bucket\":"),
            renamed,
            untyped,
            anonymous,
            eventbridge()["detail"].clone(),
            json!({"source": "aws.s3", "detail-type": "Object Created", "detail": {}}),
            json!({"source": "aws.s3", "detail-type": "Object Created",
                   "detail": {"bucket": {"name": "b"}, "object": {"key": null}}}),
            json!({"s3Bucket": "b", "s3ObjectKey": [5]}),
            json!({"s3Bucket": "b", "s3ObjectKey": "AWSLogs/x.json.gz"}),
            json!({"s3Bucket": "b"}),
            json!({"s3ObjectKey": ["k"]}),
            json!({"S3Bucket": "b", "S3ObjectKey": ["k"]}),
            json!({"Bucket": "b", "Key": "k"}),
            json!({"bucket": "b", "key": ["k"]}),
            json!({"bucket": "b", "key": "k", "resumeAt": -1}),
            json!({"bucket": "b", "resumeAt": 1}),
            json!({"bucket": "b", "key": "k".repeat(2000)}),
            json!({"s3Bucket": "b", "s3ObjectKey": vec!["k"; 1001]}),
        ] {
            assert!(
                created_objects(&sqs(std::slice::from_ref(&event))).is_err(),
                "{event}"
            );
        }
        assert!(EventObjects::by_text("").error.is_some());
    }

    #[test]
    fn a_person_who_invokes_a_function_hears_of_an_event_of_no_known_shape() {
        for event in [
            json!({}),
            json!({"what": "ever"}),
            json!("text"),
            json!({"bucket": "b"}),
            json!({"Records": [{"eventSource": "aws:kinesis", "kinesis": {"data": "e30="}}]}),
        ] {
            assert!(created_objects(&event).is_err(), "{event}");
        }
        let ec2 = json!({"source": "aws.ec2", "detail-type": "x"});
        assert_eq!(
            unrelated(&EventObjects::by(&ec2)),
            (Unrelated::OtherSource, 1)
        );
    }

    #[test]
    fn a_record_that_comes_alone_or_encoded_twice_names_its_object() {
        names_the_object(&s3("ObjectCreated:Put")["Records"][0]);
        names_the_object(&sqs(&[json!(json!(eventbridge().to_string()).to_string())]));
    }

    #[test]
    fn who_names_an_object_is_told_by_where_the_name_stands() {
        let bare = json!({"bucket": "b", "key": "k"});
        let rest = json!({"bucket": "b", "key": "k", "resumeAt": 7});
        let cloudtrail = json!({"s3Bucket": "b", "s3ObjectKey": ["k"]});
        let origin = |named: EventObjects| named.created[0].origin;
        assert_eq!(origin(EventObjects::by(&bare)), Origin::Person);
        assert_eq!(origin(EventObjects::by(&rest)), Origin::Person);
        assert_eq!(
            origin(EventObjects::by_text(&bare.to_string())),
            Origin::Message
        );
        assert_eq!(origin(EventObjects::by(&sns_event(&bare))), Origin::Message);
        assert_eq!(
            origin(EventObjects::by_text(&rest.to_string())),
            Origin::Service
        );
        for event in [eventbridge(), s3("ObjectCreated:Put"), cloudtrail] {
            assert_eq!(origin(EventObjects::by(&event)), Origin::Service);
            assert_eq!(
                origin(EventObjects::by_text(&event.to_string())),
                Origin::Service
            );
        }
    }

    /// AWS says how each of its events writes a key: EventBridge as it is, an S3 notification
    /// URL-encoded.
    #[test]
    fn a_key_is_read_both_ways_where_its_form_is_not_certain() {
        let key = "team+a%2Bb/x.json.gz";
        let mut event = eventbridge();
        event["detail"]["object"]["key"] = json!(key);
        let mut notification = s3("ObjectCreated:Put");
        notification["Records"][0]["s3"]["object"]["key"] = json!(key);
        let decoded = "team a+b/x.json.gz";
        for (event, expected) in [
            (event, vec![key]),
            (notification, vec![decoded, key]),
            (
                json!({"s3Bucket": "b", "s3ObjectKey": [key]}),
                vec![key, decoded],
            ),
            (json!({"bucket": "b", "key": key}), vec![key, decoded]),
            (json!({"bucket": "b", "key": key, "resumeAt": 5}), vec![key]),
        ] {
            let created = created_objects(&event).unwrap();
            let readings: Vec<String> = created[0].readings().map(|at| at.key).collect();
            assert_eq!(readings, expected, "{event}");
        }
    }

    #[test]
    fn a_bad_record_does_not_take_its_neighbours_with_it() {
        let mut event = s3("ObjectCreated:Put");
        let mut bad = event["Records"][0].clone();
        bad["s3"]["object"]["key"] = json!(7);
        let records = event["Records"].as_array_mut().unwrap();
        records.insert(0, bad);
        let named = EventObjects::by(&event);
        assert_eq!(named.created.len(), 1);
        assert!(matches!(named.error, Some(EventError::Unknown(_))));
        let keys = json!({"s3Bucket": "amzn-s3-demo-bucket", "s3ObjectKey": [7, KEY]});
        assert_eq!(EventObjects::by(&keys).created.len(), 1);
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
        let created = Created::rest(ObjectLocation::new("amzn-s3-demo-bucket", KEY), 17);
        let written = serde_json::to_string(&created).unwrap();
        assert_eq!(EventObjects::by_text(&written).created, [created]);
    }

    proptest! {
        #[test]
        fn any_text_never_panics(text in "\\PC{0,200}") {
            let _ = EventObjects::by_text(&text);
            let _ = crate::names::object_key::url_decode(&text);
        }

        /// Whatever a key is, an event of ours names one object and is nothing else.
        #[test]
        fn any_key_is_named(key in "\\PC{1,100}") {
            let mut event = eventbridge();
            event["detail"]["object"]["key"] = json!(key);
            let mut notification = s3("ObjectCreated:Put");
            notification["Records"][0]["s3"]["object"]["key"] = json!(key);
            for event in [event, notification, json!({"s3Bucket": "b", "s3ObjectKey": [key]})] {
                let named = EventObjects::by_text(&event.to_string());
                prop_assert_eq!(named.created.len(), 1);
                prop_assert!(named.unrelated.is_empty() && named.error.is_none());
                prop_assert!(named.created[0].readings().any(|at| at.key == key));
            }
        }
    }
}
