//! The event that Lambda makes from the messages of a queue.

use aws_sdk_sqs::types::{Message, MessageAttributeValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// Returns the event for one batch, field by field as Lambda sends it:
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
pub fn event(queue_arn: &str, messages: &[Message]) -> Value {
    let region = queue_arn.split(':').nth(3).unwrap_or_default();
    let records: Vec<Value> = messages
        .iter()
        .map(|message| record(message, queue_arn, region))
        .collect();
    json!({ "Records": records })
}

fn record(message: &Message, queue_arn: &str, region: &str) -> Value {
    let attributes: Map<String, Value> = message
        .attributes()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str().to_owned(), json!(value)))
        .collect();
    let message_attributes: Map<String, Value> = message
        .message_attributes()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), attribute(value)))
        .collect();
    let mut record = json!({
        "messageId": message.message_id(),
        "receiptHandle": message.receipt_handle(),
        "body": message.body(),
        "attributes": attributes,
        "messageAttributes": message_attributes,
        "md5OfBody": message.md5_of_body(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    });
    if let Some(hash) = message.md5_of_message_attributes()
        && let Some(fields) = record.as_object_mut()
    {
        fields.insert("md5OfMessageAttributes".to_owned(), json!(hash));
    }
    record
}

fn attribute(value: &MessageAttributeValue) -> Value {
    let mut attribute = json!({
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value.data_type(),
    });
    if let Some(fields) = attribute.as_object_mut() {
        if let Some(text) = value.string_value() {
            fields.insert("stringValue".to_owned(), json!(text));
        }
        if let Some(bytes) = value.binary_value() {
            fields.insert("binaryValue".to_owned(), json!(STANDARD.encode(bytes)));
        }
    }
    attribute
}
