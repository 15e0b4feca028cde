//! A batch of messages, sorted by incident.

use crate::alerter::Number;
use aws_lambda_events::event::sqs::SqsMessage;
use futures::stream::{self, StreamExt as _};
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;
use trailseal::alert::Alert;
use trailseal::alert::baseline::Baseline;
use trailseal::alert::case::Arrived;
use trailseal::alert::findings_message::MAX_DOCUMENT_BYTES;
use trailseal::alert::received::{self, MessageError, Received};
use trailseal::alert::sent_finding::SentFinding;
use trailseal::world::{SettleEvidence, StoreError};
use trailseal_lambda::in_time;

/// The maximum number of documents in one batch: each may contain several thousand findings. A
/// message that names one document more is delivered again a moment later.
const MAX_DOCUMENTS: usize = 8;

/// The folder of the documents with findings.
const FOLDER: &str = "findings/";

/// The findings and reminders of one incident that arrived.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) arrived: Arrived,
    /// The messages that contain them.
    pub(crate) messages: BTreeSet<Number>,
}

/// A batch, sorted.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// The findings and reminders that arrived, by the incident's ID.
    pub(crate) groups: BTreeMap<String, Group>,
    /// The checkpoints of the evidence log that arrived, with their messages.
    pub(crate) checkpoints: Vec<(Number, Alert)>,
    /// The messages that could not be processed.
    pub(crate) failed: BTreeSet<Number>,
    /// The messages that there is no room for this time.
    pub(crate) later: BTreeSet<Number>,
}

/// The reason why a message goes back to the queue.
#[derive(Debug)]
enum Failure {
    Malformed(MessageError),
    Elsewhere(String),
    Unsigned,
    Store(StoreError),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "the message cannot be read: {error}"),
            Self::Elsewhere(at) => write!(
                f,
                "the message names {at}, which is not a document of findings in the evidence bucket"
            ),
            Self::Unsigned => {
                f.write_str("the checkpoint of the message is not signed by the key of the message")
            }
            Self::Store(error) => error.fmt(f),
        }
    }
}

/// The content of one message.
enum Content {
    Findings(Vec<SentFinding>),
    Reminder(String),
}

impl Inbox {
    /// Reads every message, and until a time the documents that the messages name.
    pub(crate) async fn of<E: SettleEvidence>(
        messages: &[SqsMessage],
        evidence: &E,
        evidence_bucket: &str,
        until: Instant,
    ) -> Self {
        let mut inbox = Self::default();
        let mut documents = 0;
        let mut to_read = Vec::new();
        for (number, message) in messages.iter().enumerate() {
            let body = message.body.as_deref().unwrap_or_default();
            match received::read(body.as_bytes()) {
                Ok(Received::Document(at)) => {
                    documents += 1;
                    if documents <= MAX_DOCUMENTS {
                        to_read.push((number, at));
                    } else {
                        inbox.later.insert(number);
                    }
                }
                Ok(Received::Findings(findings)) => inbox.add(number, Content::Findings(findings)),
                Ok(Received::Checkpoint(notice)) => match notice.alert() {
                    Some(alert) => inbox.checkpoints.push((number, alert)),
                    None => inbox.fail(number, message, &Failure::Unsigned),
                },
                Ok(Received::Reminder(id)) => inbox.add(number, Content::Reminder(id)),
                Err(error) => inbox.fail(number, message, &Failure::Malformed(error)),
            }
        }
        let mut results = stream::iter(to_read)
            .map(|(number, at)| async move {
                let read = if at.bucket == evidence_bucket && at.key.starts_with(FOLDER) {
                    document(evidence, &at.key, until).await
                } else {
                    Err(Failure::Elsewhere(at.to_string()))
                };
                (number, read)
            })
            .buffer_unordered(2);
        while let Some((number, read)) = results.next().await {
            match read {
                Ok(read) => inbox.add(number, read),
                Err(failure) => {
                    if let Some(message) = messages.get(number) {
                        inbox.fail(number, message, &failure);
                    }
                }
            }
        }
        for group in inbox.groups.values_mut() {
            group.arrived.findings.sort_by_key(SentFinding::order);
        }
        inbox
    }

    /// Returns whether any finding arrived.
    pub(crate) fn has_findings(&self) -> bool {
        let mut groups = self.groups.values();
        groups.any(|group| !group.arrived.findings.is_empty())
    }

    /// Removes the findings of a baseline, and returns how many. Their messages are done.
    pub(crate) fn leave_out(&mut self, baseline: &Baseline) -> u64 {
        let mut left_out = 0;
        for group in self.groups.values_mut() {
            group.arrived.findings.retain(|finding| {
                let known = baseline.known(finding);
                if let Some(known) = known {
                    left_out += 1;
                    tracing::info!(
                        id = finding.id,
                        kind = finding.kind,
                        object = ?finding.object.to_string(),
                        reviewer = ?known.reviewer,
                        "a finding of the baseline is not published"
                    );
                }
                known.is_none()
            });
        }
        self.groups
            .retain(|_, group| group.arrived.reminded || !group.arrived.findings.is_empty());
        left_out
    }

    fn add(&mut self, number: Number, content: Content) {
        match content {
            Content::Findings(findings) => {
                for finding in findings {
                    let group = self.groups.entry(finding.id.clone()).or_default();
                    group.messages.insert(number);
                    group.arrived.findings.push(finding);
                }
            }
            Content::Reminder(id) => {
                let group = self.groups.entry(id).or_default();
                group.messages.insert(number);
                group.arrived.reminded = true;
            }
        }
    }

    fn fail(&mut self, number: Number, message: &SqsMessage, failure: &Failure) {
        tracing::warn!(
            message_id = message.message_id,
            error = ?failure.to_string(),
            "the message could not be processed: it goes back to the queue and is delivered again"
        );
        self.failed.insert(number);
    }
}

async fn document<E: SettleEvidence>(
    evidence: &E,
    key: &str,
    until: Instant,
) -> Result<Content, Failure> {
    // A document's content besides its findings takes less than a kilobyte; one finding may be
    // larger than the remaining room.
    let document = evidence.recall(key, MAX_DOCUMENT_BYTES + 128 * 1024);
    let document = in_time(until, "read", key, document).await;
    let document = document.map_err(Failure::Store)?;
    match received::read(&document) {
        Ok(Received::Findings(findings)) => Ok(Content::Findings(findings)),
        Ok(_) => Err(Failure::Malformed(MessageError::Empty)),
        Err(error) => Err(Failure::Malformed(error)),
    }
}
