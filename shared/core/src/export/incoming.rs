//! The messages that `exporter` receives.

use super::change::Change;
use super::rest::{self, Rest};
use super::webhook::{self, SentWebhook};
use crate::alert;
use crate::names::text::clip;
use serde::Deserialize;

/// The maximum size in bytes of the list of all findings that is read.
pub const MAX_LIST_BYTES: usize = 32 * 1024 * 1024;

/// The folder of these lists in the evidence bucket.
const LISTS: &str = "alerts/";

/// The content of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// An alert.
    Alert {
        /// The changes in it.
        changes: Vec<Change>,
        /// The key of the list of all findings in the evidence bucket, if the alert does not hold
        /// them all.
        list: Option<String>,
        /// The number of findings that are neither in the alert nor in such a list.
        unlisted: u64,
    },
    /// What one output did not accept at an earlier try.
    Rest(Rest),
    /// A webhook that its receiver did not accept.
    Returned(SentWebhook),
    /// A message that is not exported, with its schema.
    Other(String),
}

/// The reason why a message cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum IncomingError {
    /// It is not JSON, or has other fields.
    #[error("it is not an alert of the schema trailseal.alert/1: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It has an ID that is not valid.
    #[error("the ID of an incident in it is not 64 hexadecimal digits")]
    Id,
    /// It has another version.
    #[error("its schema is `{0}`: deploy the same version of all functions of the stack")]
    Schema(String),
}

#[derive(Deserialize)]
struct IncomingHead {
    #[serde(default)]
    schema: String,
    #[serde(default, rename = "detail-type")]
    detail_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlertBody {
    findings: Vec<Change>,
    left_out: Option<AlertRemainder>,
}

#[derive(Deserialize)]
struct AlertRemainder {
    count: u64,
    #[serde(rename = "wholeList")]
    list: String,
}

/// Reads a message. `evidence_bucket` holds the lists that alerts name.
///
/// # Errors
/// [`IncomingError`] if it cannot be exported.
pub fn read(json: &[u8], evidence_bucket: &str) -> Result<Incoming, IncomingError> {
    let head: IncomingHead = serde_json::from_slice(json)?;
    if head.detail_type == webhook::DETAIL_TYPE {
        return Ok(Incoming::Returned(webhook::read_returned(json)?));
    }
    match head.schema.as_str() {
        alert::SCHEMA => {
            let body: AlertBody = serde_json::from_slice(json)?;
            let prefix = format!("s3://{evidence_bucket}/");
            let list = body.left_out.as_ref().and_then(|missing| {
                let key = missing.list.strip_prefix(&prefix)?;
                key.starts_with(LISTS).then(|| key.to_owned())
            });
            let unlisted = body.left_out.filter(|_| list.is_none());
            Ok(Incoming::Alert {
                changes: bounded(body.findings)?,
                list,
                unlisted: unlisted.map_or(0, |missing| missing.count),
            })
        }
        rest::SCHEMA => {
            let mut rest: Rest = serde_json::from_slice(json)?;
            rest.changes = bounded(std::mem::take(&mut rest.changes))?;
            Ok(Incoming::Rest(rest))
        }
        schema if schema.starts_with("trailseal.alert/") || schema.is_empty() => {
            Err(IncomingError::Schema(clip(schema, 100).to_owned()))
        }
        schema => Ok(Incoming::Other(clip(schema, 100).to_owned())),
    }
}

/// Reads the list of all findings that an alert names.
///
/// # Errors
/// [`IncomingError`] if it is not one.
pub fn read_list(json: &[u8]) -> Result<Vec<Change>, IncomingError> {
    let head: IncomingHead = serde_json::from_slice(json)?;
    if head.schema != alert::SCHEMA {
        return Err(IncomingError::Schema(clip(&head.schema, 100).to_owned()));
    }
    let body: AlertBody = serde_json::from_slice(json)?;
    bounded(body.findings)
}

fn bounded(changes: Vec<Change>) -> Result<Vec<Change>, IncomingError> {
    let changes = changes.into_iter().map(Change::bounded);
    changes.collect::<Option<_>>().ok_or(IncomingError::Id)
}

#[cfg(test)]
mod tests {
    use super::super::change::ChangeState;
    use super::super::rest::Output;
    use super::super::sample::change;
    use super::*;
    use crate::alert::incident::Incident;
    use crate::alert::notice::Notice;
    use crate::alert::{AlertEntry, compose, whole_list};
    use serde_json::{Value, json};

    const BUCKET: &str = "amzn-s3-demo-bucket1";

    fn read(json: &Value) -> Result<Incoming, IncomingError> {
        super::read(json.to_string().as_bytes(), BUCKET)
    }

    /// The alert that the `alerter` composes is the one that is read.
    #[test]
    fn an_alert_and_its_list_are_read_as_the_alerter_writes_them() {
        let finding = change(ChangeState::Opened).finding;
        let mut incident = Incident::of(&finding);
        incident.add(&finding, finding.detected_at);
        let entry = AlertEntry {
            incident: &incident,
            notice: Notice::Opened,
            waited: false,
        };
        let list = whole_list(&[(&finding, entry)], BUCKET, finding.detected_at);
        let place = format!("s3://{BUCKET}/{}", list.key);
        for (more, place, key, without_list) in [
            (0, None, None, 0),
            (7, Some(place.as_str()), Some(list.key.as_str()), 0),
            (7, None, None, 7),
            (7, Some("s3://amzn-s3-demo-bucket2/alerts/x.json"), None, 7),
            (7, Some("s3://amzn-s3-demo-bucket1/config/x.json"), None, 7),
        ] {
            let composed = compose(&[entry], more, place, BUCKET, finding.detected_at).unwrap();
            let message: Value = serde_json::from_str(&composed.alert.message).unwrap();
            let text = message["sqs"].as_str().unwrap();
            let Incoming::Alert {
                changes,
                list,
                unlisted,
            } = super::read(text.as_bytes(), BUCKET).unwrap()
            else {
                panic!("an alert");
            };
            assert_eq!((list.as_deref(), unlisted), (key, without_list));
            assert_eq!(changes[0].finding, finding);
            assert_eq!(changes[0].incident.state, ChangeState::Opened);
            assert_eq!(changes[0].incident.last_seen, Some(finding.detected_at));
        }
        let changes = read_list(list.document.as_bytes()).unwrap();
        assert_eq!(changes[0].finding, finding);
    }

    #[test]
    fn every_message_has_its_meaning_or_an_error() {
        let rest = json!({"schema": rest::SCHEMA, "output": "security-hub", "changes": [change(ChangeState::Opened)]});
        let Incoming::Rest(rest) = read(&rest).unwrap() else {
            panic!("a rest");
        };
        assert_eq!(rest.output, Output::SecurityHub);
        let checkpoint = read(&json!({"schema": "trailseal.checkpoint/1", "key": "k"})).unwrap();
        assert_eq!(
            checkpoint,
            Incoming::Other("trailseal.checkpoint/1".to_owned())
        );
        for wrong in [
            json!({"schema": "trailseal.alert/2"}),
            json!({"schema": "trailseal.alert/1"}),
            json!({}),
            json!({"schema": "trailseal.alert/1", "findings": [{}]}),
            json!("text"),
        ] {
            assert!(read(&wrong).is_err(), "{wrong}");
        }
        let mut hostile = change(ChangeState::Opened);
        hostile.finding.id = "../../receipts/x".to_owned();
        let hostile = read(&json!({"schema": "trailseal.alert/1", "findings": [hostile]}));
        assert!(matches!(hostile, Err(IncomingError::Id)));
        assert!(read_list(b"{\"schema\":\"x\",\"findings\":[]}").is_err());
    }
}
