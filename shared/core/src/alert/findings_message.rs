//! The message in which a function sends its findings to the `alerter`, schema
//! `trailseal.findings/1`.
//!
//! It holds the findings, or names the document in the evidence bucket that holds them, because SQS
//! accepts no larger message.

use crate::finding::{Finding, Stamp, StampedFinding};
use crate::names::location::ObjectLocation;
use crate::names::printable::json_for_queue;
use crate::names::sha256::Sha256;
use jiff::Timestamp;
use serde::Serialize;

/// The schema of the message, and of the document that it may name.
pub const SCHEMA: &str = "trailseal.findings/1";

/// The maximum size of a message in bytes. A queue accepts 1 MiB, or 256 KiB if it was created
/// before August 2025:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>.
pub const MAX_MESSAGE_BYTES: usize = 200 * 1024;

/// The maximum size of a document in bytes. One finding takes less than 64 KiB.
pub const MAX_DOCUMENT_BYTES: usize = 4 * 1024 * 1024;

/// Findings on their way to the `alerter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingsMessage {
    /// The message for the queue.
    pub body: String,
    /// The document that must be in the evidence bucket before the message is sent.
    pub document: Option<FindingsDocument>,
}

/// A document for the evidence bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingsDocument {
    /// The object's key.
    pub key: String,
    /// Its content.
    pub content: String,
}

/// A finding, with what distinguishes it from others of its incident.
#[derive(Debug, Serialize)]
struct ComposedFinding<'a> {
    #[serde(flatten)]
    finding: StampedFinding<'a>,
    occurrence: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageHead<'a> {
    schema: &'static str,
    function: &'a str,
    version: &'static str,
    detected_at: Timestamp,
    count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<&'a ObjectLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<&'a [&'a serde_json::value::RawValue]>,
}

/// Writes the messages for findings and all-clears: one, if they fit. The rest goes into documents in
/// `evidence_bucket`, or into several messages if there is no such bucket.
#[must_use]
pub fn compose(
    findings: &[Finding],
    stamp: Stamp<'_>,
    evidence_bucket: Option<&str>,
) -> Vec<FindingsMessage> {
    let entries: Vec<_> = findings
        .iter()
        .filter_map(|finding| {
            let entry = ComposedFinding {
                finding: stamp.stamp(finding),
                occurrence: finding.short_occurrence(),
            };
            // Text, times and lists: JSON can hold everything in it.
            let json = json_for_queue(serde_json::to_string(&entry).ok()?);
            serde_json::value::RawValue::from_string(json).ok()
        })
        .collect();
    let entries: Vec<&serde_json::value::RawValue> = entries.iter().map(AsRef::as_ref).collect();
    let whole: usize = entries.iter().map(|entry| entry.get().len() + 1).sum();
    if whole <= MAX_MESSAGE_BYTES {
        return chunks(&entries, MAX_MESSAGE_BYTES)
            .map(|chunk| message(chunk, stamp))
            .collect();
    }
    match evidence_bucket {
        None => chunks(&entries, MAX_MESSAGE_BYTES)
            .map(|chunk| message(chunk, stamp))
            .collect(),
        Some(bucket) => chunks(&entries, MAX_DOCUMENT_BYTES)
            .map(|chunk| pointer(chunk, stamp, bucket))
            .collect(),
    }
}

fn head<'a>(
    stamp: Stamp<'a>,
    count: usize,
    document: Option<&'a ObjectLocation>,
    findings: Option<&'a [&'a serde_json::value::RawValue]>,
) -> String {
    let head = MessageHead {
        schema: SCHEMA,
        function: stamp.function,
        version: env!("CARGO_PKG_VERSION"),
        detected_at: stamp.detected_at,
        count,
        document,
        findings,
    };
    serde_json::to_string(&head).unwrap_or_default()
}

fn message(entries: &[&serde_json::value::RawValue], stamp: Stamp<'_>) -> FindingsMessage {
    FindingsMessage {
        body: head(stamp, entries.len(), None, Some(entries)),
        document: None,
    }
}

fn pointer(
    entries: &[&serde_json::value::RawValue],
    stamp: Stamp<'_>,
    bucket: &str,
) -> FindingsMessage {
    let content = head(stamp, entries.len(), None, Some(entries));
    let key = format!(
        "findings/{}/{}.json",
        stamp.detected_at.strftime("%Y/%m/%d"),
        Sha256::of(content.as_bytes())
    );
    let at = ObjectLocation::new(bucket, key.clone());
    FindingsMessage {
        body: head(stamp, entries.len(), Some(&at), None),
        document: Some(FindingsDocument { key, content }),
    }
}

/// Returns the entries in pieces of at most `limit` bytes, with at least one entry in each.
fn chunks<'a>(
    entries: &'a [&'a serde_json::value::RawValue],
    limit: usize,
) -> impl Iterator<Item = &'a [&'a serde_json::value::RawValue]> {
    let mut rest = entries;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut bytes = 0;
        let fitting = rest
            .iter()
            .take_while(|entry| {
                bytes += entry.get().len() + 1;
                bytes <= limit
            })
            .count()
            .max(1);
        let (chunk, others) = rest.split_at_checked(fitting)?;
        rest = others;
        Some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::sample::{composed, found};
    use serde_json::Value;

    fn keys(json: &str) -> Vec<String> {
        let json: Value = serde_json::from_str(json).unwrap();
        assert_eq!(json["schema"], SCHEMA);
        let findings = json["findings"].as_array().unwrap();
        assert_eq!(json["count"], findings.len());
        let key = |f: &Value| f["object"]["key"].as_str().unwrap().to_owned();
        findings.iter().map(key).collect()
    }

    #[test]
    fn few_findings_make_one_message_and_no_findings_make_none() {
        assert_eq!(composed(&[], Some("b")), []);
        let messages = composed(&[found(1, 10), found(2, 10)], Some("b"));
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].document, None);
        assert_eq!(keys(&messages[0].body), ["1", "2"]);
        let json: Value = serde_json::from_str(&messages[0].body).unwrap();
        let first = &json["findings"][0];
        assert_eq!(first["schema"], "trailseal.finding/1");
        assert_eq!(first["occurrence"].as_str().unwrap().len(), 16);
        assert_eq!(first["id"].as_str().unwrap().len(), 64);
    }

    #[test]
    fn no_message_or_document_exceeds_its_limit_and_nothing_is_lost() {
        let findings: Vec<Finding> = (0..1_000).map(|key| found(key, 5_000)).collect();
        let all: Vec<String> = (0..1_000).map(|key| key.to_string()).collect();
        for bucket in [None, Some("amzn-s3-demo-bucket")] {
            let messages = composed(&findings, bucket);
            let mut received = Vec::new();
            for message in &messages {
                assert!(message.body.len() <= MAX_MESSAGE_BYTES + 1024);
                match &message.document {
                    None => received.extend(keys(&message.body)),
                    Some(document) => {
                        assert!(document.content.len() <= MAX_DOCUMENT_BYTES + 1024);
                        let body: Value = serde_json::from_str(&message.body).unwrap();
                        assert_eq!(body["document"]["key"], document.key);
                        received.extend(keys(&document.content));
                    }
                }
                assert_eq!(message.document.is_some(), bucket.is_some());
            }
            assert_eq!(received, all);
        }
    }
}
