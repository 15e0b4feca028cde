//! Envelopes around events: SQS, SNS, lists of records, and messages of other senders.

use super::fields::{has, is_of_s3, names_an_object, text};
use super::objects::{EventError, EventObjects, MAX_ENVELOPES};
use super::unrelated::Unrelated;
use crate::names::event_object::Origin;
use serde_json::Value;

/// The text that CloudTrail publishes when a topic is configured for a trail.
pub(super) const CLOUDTRAIL_VALIDATION: &str = "CloudTrail validation message.";

/// The number of field names that describe an unknown message.
const SHOWN_FIELDS: usize = 8;

/// The origin of a message.
#[derive(Debug, Clone, Copy)]
struct Envelope {
    /// The number of envelopes around it.
    depth: usize,
    /// The writer of a `{"bucket","key"}`, if it is one.
    writer: Origin,
}

impl Envelope {
    /// Returns the origin of the message inside this one.
    fn inner(self) -> Self {
        Self {
            depth: self.depth.saturating_add(1),
            writer: Origin::Message,
        }
    }
}

impl EventObjects {
    /// Parses the event of an invocation by a service or a person.
    ///
    /// An event of no known sender is an error here: a person who misspells a field must be
    /// informed.
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

    /// Parses a message of a queue: the body of an SQS message.
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

    fn collect_text(&mut self, text: &str, envelope: Envelope) -> Result<(), EventError> {
        let text = text.trim_ascii();
        if text == CLOUDTRAIL_VALIDATION {
            self.unrelated.add(Unrelated::CloudtrailValidation, "");
            return Ok(());
        }
        let event: Value = match serde_json::from_str(text) {
            Ok(event) => event,
            // No queue or topic cuts a message. A text that starts like JSON is a broken event,
            // perhaps one of ours. An email's text or a person's note does not.
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
        // First the fields that name an object, then those that may hold one, then those of an
        // incomplete one.
        if is_of_s3(event) {
            return self.collect_eventbridge(event);
        }
        if event.get("s3ObjectKey").is_some_and(Value::is_array) {
            return self.collect_delivery(event);
        }
        if has(event, "bucket") && has(event, "keys") {
            return self.collect_listed(event, envelope.writer);
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
            // A relay passes on records individually.
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

    /// Collects a list of records of SQS, SNS or S3.
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

    /// Collects one record of an SQS, SNS or S3 event.
    fn collect_record(&mut self, record: &Value, envelope: Envelope) -> Result<(), EventError> {
        // SNS spells it with a capital letter.
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
            // A record of S3 or SNS whose source is not as documented is broken. A person who
            // invokes the function with records of another service must be informed that it reads
            // none.
            Some(other)
                if record.get("s3").is_none()
                    && record.get("Sns").is_none()
                    && envelope.writer != Origin::Person =>
            {
                self.unrelated.add(Unrelated::OtherRecord, other);
                Ok(())
            }
            _ => Err(EventError::Unknown("a record is not from S3, SNS or SQS")),
        }
    }

    /// Collects an SNS message. Subscription messages say nothing about objects.
    fn collect_sns(
        &mut self,
        kind: &str,
        event: &Value,
        envelope: Envelope,
    ) -> Result<(), EventError> {
        if event.get("TopicArn").is_none() {
            return Err(EventError::Unknown("an SNS message has no TopicArn"));
        }
        match (kind, text(event, "Message")) {
            ("Notification", Some(message)) => self.collect_text(message, envelope.inner()),
            ("SubscriptionConfirmation" | "UnsubscribeConfirmation", _) => {
                self.unrelated.add(Unrelated::Subscription, kind);
                Ok(())
            }
            _ => Err(EventError::Unknown("an SNS message has no Message")),
        }
    }

    /// Collects a message without any sign of ours.
    fn collect_unrelated(&mut self, event: &Value, envelope: Envelope) -> Result<(), EventError> {
        if names_an_object(event) {
            return Err(EventError::Unknown(
                "it names an S3 object, but is not an event of S3",
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
                "it is not an event of EventBridge, S3, SNS, SQS or CloudTrail, and not {\"bucket\":…,\"key\":…} or {\"bucket\":…,\"keys\":[…]}",
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
            // A list of events, or the result of transforming an event that lacks a field.
            _ => Err(EventError::Unknown(
                "it is neither a JSON object nor a string",
            )),
        }
    }
}

/// Returns whether a text starts like an event, perhaps after a byte order mark.
fn begins_like_json(text: &str) -> bool {
    text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
        .starts_with(['{', '['])
}
