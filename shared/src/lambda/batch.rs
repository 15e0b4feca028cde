//! An invocation: a batch of SQS messages, or one event of another kind.

use super::deadline::Deadline;
use crate::alert;
use crate::config::Places;
use crate::event::{self, Created, EventError};
use crate::finding::{Finding, Obstacle, Report, Stamp, Verdict};
use crate::location::ObjectLocation;
use crate::store::{HandBack, PublishAlert, StoreError};
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::task::JoinError;
use tokio::time::timeout_at;

/// How many items of a batch are worked on at once.
const ITEMS_AT_ONCE: usize = 10;

/// What a function does with one created object.
pub trait Check: Send + Sync + 'static {
    /// The function's name, as it stands in findings.
    const FUNCTION: &'static str;

    /// Checks one object; stops in time and says what is left.
    fn check(&self, created: &Created, deadline: Deadline) -> impl Future<Output = Checked> + Send;
}

/// What a check came to.
#[derive(Debug)]
pub struct Checked {
    /// What was found.
    pub report: Report,
    /// What there was no time for.
    pub rest: Option<Created>,
}

impl From<Report> for Checked {
    fn from(report: Report) -> Self {
        Self { report, rest: None }
    }
}

/// Why an item goes back to its queue.
#[derive(Debug, thiserror::Error)]
enum ItemError {
    #[error(transparent)]
    Event(#[from] EventError),
    #[error(
        "the event is for {0}, whose bucket is not in TRAILSEAL_LOG_BUCKETS: add it there, or take its events from this queue"
    )]
    UnknownBucket(ObjectLocation),
    #[error("cannot tell, and will try again: {0}")]
    CannotTell(StoreError),
    #[error("there was no time left for {0}")]
    NoTime(ObjectLocation),
    #[error("the alert was not accepted: {0}")]
    Alert(StoreError),
    #[error(transparent)]
    HandBack(StoreError),
    #[error("the check ended abnormally: {0}")]
    Abnormal(String),
}

impl ItemError {
    fn class(&self) -> &'static str {
        match self {
            Self::Event(_) => "MalformedEvent",
            Self::UnknownBucket(_) => "UnknownBucket",
            Self::CannotTell(_) => "CannotTell",
            Self::NoTime(_) => "NoTime",
            Self::Alert(_) => "AlertNotAccepted",
            Self::HandBack(_) => "HandBackFailed",
            Self::Abnormal(_) => "Abnormal",
        }
    }
}

/// What was found out about one object, for whoever invoked the function by hand.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    object: String,
    verdict: Verdict,
    valid: usize,
    findings: Value,
    cannot_tell: Vec<String>,
}

/// A function and everything it acts through.
pub(super) struct Service<C, A, Q> {
    pub(super) check: C,
    pub(super) alerts: A,
    pub(super) queue: Q,
    pub(super) places: Places,
    pub(super) evidence_bucket: Option<String>,
    pub(super) max_receives: u32,
}

/// Answers one invocation.
///
/// A batch of SQS messages is answered with those that go back to the queue. Any other event is
/// answered with the outcomes, or fails.
pub(super) async fn answer<C, A, Q>(
    service: Arc<Service<C, A, Q>>,
    event: Value,
    ends: SystemTime,
) -> Result<Value, Diagnostic>
where
    C: Check,
    A: PublishAlert + 'static,
    Q: HandBack + 'static,
{
    let deadline = Deadline::of_invocation(ends);
    if !is_sqs(&event) {
        let outcomes = service
            .event(event::created_objects(&event), deadline, Attempt::Only)
            .await
            .map_err(|error| diagnostic(&error))?;
        return Ok(serde_json::json!({ "outcomes": outcomes }));
    }
    let batch: SqsEvent = serde_json::from_value(event).map_err(|error| Diagnostic {
        error_type: "MalformedEvent".to_owned(),
        error_message: format!("the SQS event cannot be read: {error}"),
    })?;
    let mut response = SqsBatchResponse::default();
    let mut results = stream::iter(batch.records)
        .map(|message| {
            let service = Arc::clone(&service);
            let id = message.message_id.clone();
            // A task of its own: a panic in one item is that item's failure alone.
            let item = tokio::spawn(async move { service.message(message, deadline).await });
            async move {
                let abnormal = |error: JoinError| Err(ItemError::Abnormal(error.to_string()));
                (id, item.await.unwrap_or_else(abnormal))
            }
        })
        .buffer_unordered(ITEMS_AT_ONCE);
    while let Some((id, result)) = results.next().await {
        if let Err(error) = result {
            tracing::warn!(
                message_id = id,
                class = error.class(),
                error = ?error.to_string(),
                "the message goes back to its queue"
            );
            let Some(id) = id else {
                return Err(diagnostic(&error));
            };
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            response.batch_item_failures.push(failure);
        }
    }
    serde_json::to_value(response).map_err(|error| Diagnostic {
        error_type: "Abnormal".to_owned(),
        error_message: error.to_string(),
    })
}

fn is_sqs(event: &Value) -> bool {
    event
        .pointer("/Records/0/eventSource")
        .and_then(Value::as_str)
        == Some("aws:sqs")
}

fn diagnostic(error: &ItemError) -> Diagnostic {
    Diagnostic {
        error_type: error.class().to_owned(),
        error_message: error.to_string(),
    }
}

/// Whether the event comes back if it fails now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    /// It is tried again.
    Early,
    /// The queue parks it: what stays unreadable is said now.
    Last,
    /// Nobody counts.
    Only,
}

impl<C: Check, A: PublishAlert, Q: HandBack> Service<C, A, Q> {
    async fn message(&self, message: SqsMessage, deadline: Deadline) -> Result<(), ItemError> {
        let receives: u32 = message
            .attributes
            .get("ApproximateReceiveCount")
            .and_then(|count| count.parse().ok())
            .unwrap_or(1);
        let attempt = if receives >= self.max_receives {
            Attempt::Last
        } else {
            Attempt::Early
        };
        let created = event::created_objects_in(message.body.as_deref().unwrap_or_default());
        self.event(created, deadline, attempt).await.map(|_| ())
    }

    /// Checks every object of an event. The first error is the event's; the others are done all
    /// the same.
    async fn event(
        &self,
        created: Result<Vec<Created>, EventError>,
        deadline: Deadline,
        attempt: Attempt,
    ) -> Result<Vec<Outcome>, ItemError> {
        let results: Vec<_> = stream::iter(created?)
            .map(|created| async move { self.object(&created, deadline, attempt).await })
            .buffered(ITEMS_AT_ONCE)
            .collect()
            .await;
        results.into_iter().collect()
    }

    /// Checks one object, publishes what was found, hands back what is left. In this order: a
    /// crash between repeats an alert and never loses one.
    async fn object(
        &self,
        created: &Created,
        deadline: Deadline,
        attempt: Attempt,
    ) -> Result<Outcome, ItemError> {
        let object = &created.object;
        if !self.places.watches(&object.bucket) {
            return Err(ItemError::UnknownBucket(object.clone()));
        }
        let Checked { mut report, rest } =
            timeout_at(deadline.give_up, self.check.check(created, deadline))
                .await
                .map_err(|_| ItemError::NoTime(object.clone()))?;
        let verdict = report.verdict();
        if attempt == Attempt::Last {
            let stays = report
                .obstacles
                .iter_mut()
                .filter_map(|o| o.if_it_stays.take());
            report.findings.extend(stays);
        }
        let outcome = self.tell(object, verdict, &report).await?;
        if let Some(rest) = rest {
            if rest == *created {
                return Err(ItemError::NoTime(object.clone()));
            }
            tracing::info!(object = ?object.to_string(), resume_at = rest.resume_at, "the rest is handed back to the queue");
            self.queue
                .hand_back(&rest)
                .await
                .map_err(ItemError::HandBack)?;
        }
        match report.obstacles.into_iter().next() {
            Some(Obstacle { error, .. }) => Err(ItemError::CannotTell(error)),
            None => Ok(outcome),
        }
    }

    async fn tell(
        &self,
        object: &ObjectLocation,
        verdict: Verdict,
        report: &Report,
    ) -> Result<Outcome, ItemError> {
        let stamp = Stamp {
            function: C::FUNCTION,
            detected_at: Timestamp::now(),
        };
        let stamped =
            |finding: &Finding| serde_json::to_value(stamp.stamp(finding)).unwrap_or_default();
        for finding in &report.findings {
            tracing::warn!(finding = %stamped(finding), "finding");
        }
        tracing::info!(
            object = ?object.to_string(),
            verdict = ?verdict,
            valid = report.valid,
            findings = report.findings.len(),
            reported_elsewhere = report.reported_elsewhere.len(),
            cannot_tell = report.obstacles.len(),
            "checked"
        );
        let alert = alert::compose(
            &report.findings,
            object,
            stamp,
            self.evidence_bucket.as_deref(),
        );
        if let Some(alert) = alert {
            self.alerts
                .publish(&alert)
                .await
                .map_err(ItemError::Alert)?;
        }
        let findings = report.findings.iter().chain(&report.reported_elsewhere);
        Ok(Outcome {
            object: object.to_string(),
            verdict,
            valid: report.valid,
            findings: findings.map(stamped).collect(),
            cannot_tell: report
                .obstacles
                .iter()
                .map(|o| o.error.to_string())
                .collect(),
        })
    }
}
