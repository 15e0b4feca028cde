//! The message in which a function hands its findings to the `alerter`, schema
//! `trailseal.findings/1`.
//!
//! It holds the findings, or names the document in the evidence bucket that holds them: SQS takes
//! no larger message.

use crate::finding::{DigestReference, Finding, Severity, Stamp, StampedFinding};
use crate::names::location::ObjectLocation;
use crate::names::printable::json_for_queue;
use crate::names::sha256::Sha256;
use crate::names::window::Window;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The schema of the message, and of the document that it may name.
pub const SCHEMA: &str = "trailseal.findings/1";

/// The most bytes of a message. A queue takes 1 MiB, or 256 KiB where it was made before August
/// 2025: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>.
pub const MAX_MESSAGE_BYTES: usize = 200 * 1024;

/// The most bytes of a document. One finding takes less than 64 KiB.
pub const MAX_DOCUMENT_BYTES: usize = 4 * 1024 * 1024;

/// Findings on their way to the `alerter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingsMessage {
    /// The message for the queue.
    pub body: String,
    /// What must be in the evidence bucket before the message is sent.
    pub document: Option<Document>,
}

/// A document for the evidence bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The object's key.
    pub key: String,
    /// Its content.
    pub content: String,
}

/// A finding with what tells it from others of its incident.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    #[serde(flatten)]
    finding: StampedFinding<'a>,
    occurrence: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
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

/// Writes the messages for `findings`: one, if they fit. What does not goes into documents in
/// `evidence_bucket`, or into several messages where there is none.
#[must_use]
pub fn compose(
    findings: &[Finding],
    stamp: Stamp<'_>,
    evidence_bucket: Option<&str>,
) -> Vec<FindingsMessage> {
    let entries: Vec<_> = findings
        .iter()
        .filter_map(|finding| {
            let occurrence = finding.occurrence().to_string();
            let entry = Entry {
                finding: stamp.stamp(finding),
                occurrence: occurrence.get(..16).unwrap_or_default().to_owned(),
            };
            // Texts, times and lists: there is nothing in it that JSON cannot hold.
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
    let head = Head {
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
        document: Some(Document { key, content }),
    }
}

/// The entries in pieces of at most `limit` bytes, one entry at least in each.
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

/// A finding as the `alerter` gets it, and as it goes out: `trailseal.finding/1` with its
/// occurrence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentFinding {
    /// `trailseal.finding/1`.
    pub schema: String,
    /// Names the incident: 64 hex digits.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// `log-file-modified`, ….
    pub kind: String,
    /// The account whose events are recorded.
    pub account: Option<String>,
    /// Where the events happened.
    pub region: Option<String>,
    /// The trail.
    pub trail: Option<String>,
    /// The trail's home Region.
    pub home_region: Option<String>,
    /// The damaged, missing or suspicious object itself.
    pub object: ObjectLocation,
    /// The digest involved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<DigestReference>,
    /// The time left uncovered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// What should be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// One plain sentence.
    pub message: String,
    /// What to do next.
    pub advice: String,
    /// When it was found.
    pub detected_at: Timestamp,
    /// By which function.
    pub function: String,
    /// Of which version.
    pub version: String,
    /// Tells it from other findings of the incident: 16 hex digits.
    pub occurrence: String,
}

/// A message that the `alerter` sends itself: an incident may have grown since people last heard
/// of it.
pub const REMINDER_SCHEMA: &str = "trailseal.reminder/1";

/// What a message of the `Findings` queue says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// These findings.
    Findings(Vec<SentFinding>),
    /// Those that this document holds.
    Document(ObjectLocation),
    /// To look at the incident of this id once more.
    Reminder(String),
}

/// Why a message or document is none of the schema.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// No JSON, or other fields.
    #[error("it is no message of the schema {SCHEMA}: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Another schema.
    #[error("it has the schema `{0}`, and not {SCHEMA}: are all functions of one version?")]
    Schema(String),
    /// Neither findings nor a document.
    #[error("it holds no findings and names no document")]
    Empty,
    /// An id that is none.
    #[error("it names an incident by something else than 64 hex digits")]
    Id,
}

/// Reads a message of the `Findings` queue, or a document that one names.
///
/// # Errors
/// [`MessageError`] when it is none.
pub fn read(json: &[u8]) -> Result<Received, MessageError> {
    #[derive(Deserialize)]
    struct Message {
        schema: String,
        findings: Option<Vec<SentFinding>>,
        document: Option<ObjectLocation>,
        incident: Option<String>,
    }
    let message: Message = serde_json::from_slice(json)?;
    let schema = message.schema.clone();
    match (schema.as_str(), message) {
        (
            SCHEMA,
            Message {
                findings: Some(findings),
                ..
            },
        ) => {
            if findings.iter().all(|finding| is_id(&finding.id)) {
                Ok(Received::Findings(findings))
            } else {
                Err(MessageError::Id)
            }
        }
        (
            SCHEMA,
            Message {
                document: Some(at), ..
            },
        ) => Ok(Received::Document(at)),
        (
            REMINDER_SCHEMA,
            Message {
                incident: Some(id), ..
            },
        ) => {
            if is_id(&id) {
                Ok(Received::Reminder(id))
            } else {
                Err(MessageError::Id)
            }
        }
        (SCHEMA | REMINDER_SCHEMA, _) => Err(MessageError::Empty),
        (other, _) => Err(MessageError::Schema(other.chars().take(100).collect())),
    }
}

/// The reminder of an incident.
#[must_use]
pub fn reminder(incident: &str) -> String {
    serde_json::json!({ "schema": REMINDER_SCHEMA, "incident": incident }).to_string()
}

/// The id becomes a part of an object's key.
fn is_id(id: &str) -> bool {
    id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{FindingKind, Scope};
    use serde_json::Value;

    fn finding(key: usize, text: usize) -> Finding {
        Finding::new(
            FindingKind::LogFileMissing,
            Scope::default(),
            ObjectLocation::new("amzn-s3-demo-bucket", key.to_string()),
            "\u{1}".repeat(text),
        )
        .with_evidence("\u{ffff}".repeat(text), "\u{1}".repeat(text))
    }

    fn composed(findings: &[Finding], bucket: Option<&str>) -> Vec<FindingsMessage> {
        let stamp = Stamp {
            function: "log-verifier",
            detected_at: "2026-01-15T12:34:56Z".parse().unwrap(),
        };
        compose(findings, stamp, bucket)
    }

    fn keys(json: &str) -> Vec<String> {
        let json: Value = serde_json::from_str(json).unwrap();
        assert_eq!(json["schema"], SCHEMA);
        let findings = json["findings"].as_array().unwrap();
        assert_eq!(json["count"], findings.len());
        let key = |f: &Value| f["object"]["key"].as_str().unwrap().to_owned();
        findings.iter().map(key).collect()
    }

    #[test]
    fn few_findings_are_one_message_and_none_are_none() {
        assert_eq!(composed(&[], Some("b")), []);
        let messages = composed(&[finding(1, 10), finding(2, 10)], Some("b"));
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
    fn what_queue_and_bucket_take_is_never_exceeded_and_nothing_is_lost() {
        let findings: Vec<Finding> = (0..1_000).map(|key| finding(key, 5_000)).collect();
        let all: Vec<String> = (0..1_000).map(|key| key.to_string()).collect();
        for bucket in [None, Some("amzn-s3-demo-bucket")] {
            let messages = composed(&findings, bucket);
            let mut told = Vec::new();
            for message in &messages {
                assert!(message.body.len() <= MAX_MESSAGE_BYTES + 1024);
                match &message.document {
                    None => told.extend(keys(&message.body)),
                    Some(document) => {
                        assert!(document.content.len() <= MAX_DOCUMENT_BYTES + 1024);
                        let body: Value = serde_json::from_str(&message.body).unwrap();
                        assert_eq!(body["document"]["key"], document.key);
                        told.extend(keys(&document.content));
                    }
                }
                assert_eq!(message.document.is_some(), bucket.is_some());
            }
            assert_eq!(told, all);
        }
    }

    #[test]
    fn what_is_sent_is_what_is_received() {
        let mut whole = finding(1, 10).with_digest(DigestReference {
            bucket: "amzn-s3-demo-bucket".to_owned(),
            key: "digest".to_owned(),
            start_time: None,
            end_time: Some("2026-01-15T12:00:00Z".parse().unwrap()),
        });
        whole = whole.with_window(Window {
            from: None,
            to: "2026-01-15T12:00:00Z".parse().unwrap(),
        });
        whole.scope.account = Some("111122223333".to_owned());
        for finding in [whole, finding(2, 0)] {
            let sent: Value = serde_json::from_str(&composed(&[finding], None)[0].body).unwrap();
            let Received::Findings(received) = read(sent.to_string().as_bytes()).unwrap() else {
                panic!("findings");
            };
            // No field is lost on the way, and none comes in.
            assert_eq!(serde_json::to_value(&received).unwrap(), sent["findings"]);
        }
    }

    #[test]
    fn what_is_no_message_is_said_to_be_none() {
        let id = "0".repeat(64);
        let read = |json: &str| read(json.as_bytes());
        assert_eq!(
            read(&reminder(&id)).unwrap(),
            Received::Reminder(id.clone())
        );
        for (json, error) in [
            ("", "no message"),
            ("{}", "no message"),
            (r#"{"schema":"trailseal.findings/1"}"#, "no findings"),
            (
                r#"{"schema":"trailseal.findings/2","findings":[]}"#,
                "one version",
            ),
            (
                r#"{"schema":"trailseal.findings/1","findings":[{}]}"#,
                "no message",
            ),
            (
                r#"{"schema":"trailseal.reminder/1","incident":"../x"}"#,
                "64 hex",
            ),
        ] {
            let said = read(json).unwrap_err().to_string();
            assert!(said.contains(error), "{json}: {said}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_message_or_an_error(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }

        /// A message in which something was changed is read, or refused by name.
        #[test]
        fn a_damaged_message_never_panics(at in 0_usize..1_000, byte in proptest::prelude::any::<u8>()) {
            let mut body = composed(&[finding(1, 10)], None)[0].body.clone().into_bytes();
            let at = at % body.len();
            body[at] = byte;
            let _ = read(&body);
        }
    }
}
