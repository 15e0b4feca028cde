//! The messages that the `alerter` reads from the queue of findings.

use super::checkpoint_notice::{CHECKPOINT_SCHEMA, CheckpointNotice};
use super::findings_message::SCHEMA;
use super::incident::is_id;
use super::sent_finding::SentFinding;
use crate::names::location::ObjectLocation;
use crate::names::text::clip;
use serde::Deserialize;

/// The schema of a message that the `alerter` sends to itself: an incident may have grown since the
/// last alert about it.
pub const REMINDER_SCHEMA: &str = "trailseal.reminder/1";

/// The content of a message of the `Findings` queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// These findings.
    Findings(Vec<SentFinding>),
    /// The findings that this document holds.
    Document(ObjectLocation),
    /// A request to look at the incident with this ID again.
    Reminder(String),
    /// A checkpoint of the evidence log, which people receive once a day.
    Checkpoint(Box<CheckpointNotice>),
}

/// The reason why a message or document does not have the schema.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// It is not JSON, or has other fields.
    #[error("it is not a message of the schema {SCHEMA}: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It has another schema.
    #[error(
        "its schema is `{0}`, not {SCHEMA}: deploy the same version of all functions of the stack"
    )]
    Schema(String),
    /// It has neither findings nor a document.
    #[error("it contains no findings and names no document that contains them")]
    Empty,
    /// Its ID is not valid.
    #[error("its incident ID is not 64 hexadecimal digits")]
    Id,
}

/// Reads a message of the `Findings` queue, or a document that one names.
///
/// # Errors
/// [`MessageError`] if it is not one.
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
    if schema == CHECKPOINT_SCHEMA {
        return Ok(Received::Checkpoint(serde_json::from_slice(json)?));
    }
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
        (other, _) => Err(MessageError::Schema(clip(other, 100).to_owned())),
    }
}

/// Returns the reminder of an incident.
#[must_use]
pub fn reminder(incident: &str) -> String {
    serde_json::json!({ "schema": REMINDER_SCHEMA, "incident": incident }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::sample::{composed, found};
    use crate::finding::DigestReference;
    use crate::names::window::Window;
    use serde_json::Value;

    #[test]
    fn a_sent_message_is_received_unchanged() {
        let mut whole = found(1, 10).with_digest(DigestReference {
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
        for finding in [whole, found(2, 0)] {
            let sent: Value = serde_json::from_str(&composed(&[finding], None)[0].body).unwrap();
            let Received::Findings(received) = read(sent.to_string().as_bytes()).unwrap() else {
                panic!("findings");
            };
            // No field is lost or added on the way.
            assert_eq!(serde_json::to_value(&received).unwrap(), sent["findings"]);
        }
    }

    #[test]
    fn text_that_is_not_a_message_is_an_error() {
        let id = "0".repeat(64);
        let read = |json: &str| read(json.as_bytes());
        assert_eq!(
            read(&reminder(&id)).unwrap(),
            Received::Reminder(id.clone())
        );
        for (json, error) in [
            ("", "not a message"),
            ("{}", "not a message"),
            (r#"{"schema":"trailseal.findings/1"}"#, "no findings"),
            (
                r#"{"schema":"trailseal.findings/2","findings":[]}"#,
                "the same version",
            ),
            (
                r#"{"schema":"trailseal.findings/1","findings":[{}]}"#,
                "not a message",
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

        /// Checks that a message with a changed byte is read, or refused by name.
        #[test]
        fn a_damaged_message_never_panics(at in 0_usize..1_000, byte in proptest::prelude::any::<u8>()) {
            let mut body = composed(&[found(1, 10)], None)[0].body.clone().into_bytes();
            let at = at % body.len();
            body[at] = byte;
            let _ = read(&body);
        }
    }
}
