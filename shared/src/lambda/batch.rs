//! An invocation: a batch of SQS messages, or one event of another kind.

use super::deadline::Deadline;
use super::metrics;
use super::unrelated::UnrelatedMessages;
use crate::alert;
use crate::arrival::Arrival;
use crate::config::Places;
use crate::event::{Created, EventError, Named, Unrelated};
use crate::finding::{Finding, Obstacle, Report, Stamp, Verdict};
use crate::location::ObjectLocation;
use crate::receipt::Receipt;
use crate::seconds::whole_second;
use crate::store::{KeepEvidence, PublishAlert, Requeue, SettleEvidence, StoreError};
use crate::witness::Afterwards;
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::task::JoinError;
use tokio::time::timeout_at;

/// How many items of a batch are worked on at once: each may hold some 80 MB for the largest
/// object that it accepts.
const ITEMS_AT_ONCE: usize = 4;

/// How many documents of the evidence bucket are claimed or removed at once.
const CLAIMS_AT_ONCE: usize = 16;

/// How long after its first, second, … delivery a message that goes back is tried again, in
/// seconds: soon after a hiccup, and still hours later in an outage.
const RETRY_AFTER: [u64; 4] = [60, 5 * 60, 30 * 60, 2 * 60 * 60];

/// What a function does with one created object.
pub trait Check: Send + Sync + 'static {
    /// The function's name, as it stands in findings.
    const FUNCTION: &'static str;

    /// Finds the object that an event means, where it may mean several or none.
    fn arrival(&self, created: &Created) -> impl Future<Output = Arrival> + Send {
        std::future::ready(Arrival::At(created.object.clone()))
    }

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
    /// What is to be done in the evidence bucket once the findings were told.
    pub afterwards: Vec<Afterwards>,
}

impl From<Report> for Checked {
    fn from(report: Report) -> Self {
        Self {
            report,
            rest: None,
            afterwards: Vec::new(),
        }
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
    #[error("cannot tell: {0}")]
    CannotTell(StoreError),
    #[error("there was no time left for {0}")]
    NoTime(ObjectLocation),
    #[error("the alert was not accepted: {0}")]
    Alert(StoreError),
    #[error(transparent)]
    HandBack(StoreError),
    #[error("what was checked is not on record: {0}")]
    Receipt(StoreError),
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
            Self::Receipt(_) => "ReceiptNotKept",
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

/// What an invocation that is no batch is answered with.
#[derive(Debug, Serialize)]
struct Answer {
    outcomes: Vec<Outcome>,
    /// How many messages in the event were somebody else's, by their kind.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    unrelated: BTreeMap<Unrelated, u64>,
}

/// A function and everything it acts through.
pub(super) struct Service<C, A, Q, E> {
    pub(super) check: C,
    pub(super) alerts: A,
    pub(super) queue: Q,
    pub(super) evidence: E,
    pub(super) places: Places,
    pub(super) evidence_bucket: Option<String>,
    pub(super) max_receives: u32,
    pub(super) unrelated: UnrelatedMessages,
}

/// Answers one invocation.
///
/// A batch of SQS messages is answered with those that go back to the queue. Any other event is
/// answered with the outcomes, or fails.
pub(super) async fn answer<C, A, Q, E>(
    service: Arc<Service<C, A, Q, E>>,
    event: Value,
    ends: SystemTime,
) -> Result<Value, Diagnostic>
where
    C: Check,
    A: PublishAlert + 'static,
    Q: Requeue + 'static,
    E: KeepEvidence + SettleEvidence + 'static,
{
    let deadline = Deadline::of_invocation(ends);
    let answer = if is_sqs(&event) {
        answer_batch(&service, event, deadline).await
    } else {
        answer_event(&service, &event, deadline).await
    };
    service.unrelated.write(Stamp {
        function: C::FUNCTION,
        detected_at: Timestamp::now(),
    });
    answer
}

/// Answers an event that is no batch of SQS messages.
async fn answer_event<C, A, Q, E>(
    service: &Service<C, A, Q, E>,
    event: &Value,
    deadline: Deadline,
) -> Result<Value, Diagnostic>
where
    C: Check,
    A: PublishAlert,
    Q: Requeue,
    E: KeepEvidence + SettleEvidence,
{
    let named = Named::by(event);
    let unrelated = named.unrelated.iter();
    let unrelated = unrelated.map(|(kind, seen)| (kind, seen.count)).collect();
    let outcomes = service
        .event(named, deadline, Attempt::Only)
        .await
        .map_err(|error| diagnostic(&error))?;
    as_json(&Answer {
        outcomes,
        unrelated,
    })
}

/// Answers a batch of SQS messages.
async fn answer_batch<C, A, Q, E>(
    service: &Arc<Service<C, A, Q, E>>,
    event: Value,
    deadline: Deadline,
) -> Result<Value, Diagnostic>
where
    C: Check,
    A: PublishAlert + 'static,
    Q: Requeue + 'static,
    E: KeepEvidence + SettleEvidence + 'static,
{
    let batch: SqsEvent = serde_json::from_value(event).map_err(|error| Diagnostic {
        error_type: "MalformedEvent".to_owned(),
        error_message: format!("the SQS event cannot be read: {error}"),
    })?;
    let mut response = SqsBatchResponse::default();
    let mut results = stream::iter(batch.records)
        .map(|message| {
            let service = Arc::clone(service);
            let id = message.message_id.clone();
            let (later, delivery) = (Arc::clone(&service), Delivery::of(&message));
            // A task of its own: a panic in one item is that item's failure alone.
            let item = tokio::spawn(async move { service.message(message, deadline).await });
            async move {
                let abnormal = |error: JoinError| Err(ItemError::Abnormal(error.to_string()));
                let result = item.await.unwrap_or_else(abnormal);
                if result.is_err() {
                    later.try_again_later(&delivery, deadline).await;
                }
                (id, result)
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
    as_json(&response)
}

fn as_json(answer: &impl Serialize) -> Result<Value, Diagnostic> {
    serde_json::to_value(answer).map_err(|error| Diagnostic {
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

/// A delivery of a message.
struct Delivery {
    /// Which one, from 1 on.
    count: u32,
    receipt: Option<String>,
}

impl Delivery {
    fn of(message: &SqsMessage) -> Self {
        let count = message.attributes.get("ApproximateReceiveCount");
        Self {
            count: count.and_then(|count| count.parse().ok()).unwrap_or(1),
            receipt: message.receipt_handle.clone(),
        }
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

impl<C, A, Q, E> Service<C, A, Q, E>
where
    C: Check,
    A: PublishAlert,
    Q: Requeue,
    E: KeepEvidence + SettleEvidence,
{
    /// A message that goes back would else wait for the queue's visibility timeout, which is made
    /// for functions that crash.
    async fn try_again_later(&self, delivery: &Delivery, deadline: Deadline) {
        let Some(receipt) = &delivery.receipt else {
            return;
        };
        let index = usize::try_from(delivery.count.saturating_sub(1)).unwrap_or(usize::MAX);
        let seconds = if delivery.count >= self.max_receives {
            // The queue parks it, and the alarm is due.
            0
        } else {
            let [.., longest] = RETRY_AFTER;
            RETRY_AFTER.get(index).copied().unwrap_or(longest)
        };
        let delay = Duration::from_secs(seconds);
        let set = timeout_at(deadline.answer_by, self.queue.retry_in(receipt, delay)).await;
        if let Ok(Err(error)) = set {
            tracing::warn!(error = ?error.to_string(), "the message comes back only after the visibility timeout");
        }
    }

    async fn message(&self, message: SqsMessage, deadline: Deadline) -> Result<(), ItemError> {
        let attempt = if Delivery::of(&message).count >= self.max_receives {
            Attempt::Last
        } else {
            Attempt::Early
        };
        let named = Named::by_text(message.body.as_deref().unwrap_or_default());
        self.event(named, deadline, attempt).await.map(|_| ())
    }

    /// Checks every object of an event. The first error is the event's; the others are done all
    /// the same.
    async fn event(
        &self,
        named: Named,
        deadline: Deadline,
        attempt: Attempt,
    ) -> Result<Vec<Outcome>, ItemError> {
        self.unrelated.add(&named.unrelated);
        let results: Vec<_> = stream::iter(named.created)
            .map(|created| async move { self.object(&created, deadline, attempt).await })
            .buffered(ITEMS_AT_ONCE)
            .collect()
            .await;
        let outcomes = results.into_iter().collect::<Result<_, _>>()?;
        named.error.map_or(Ok(outcomes), |error| Err(error.into()))
    }

    /// Checks one object, publishes what was found, hands back what is left. In this order: a
    /// crash between repeats an alert and never loses one.
    async fn object(
        &self,
        created: &Created,
        deadline: Deadline,
        attempt: Attempt,
    ) -> Result<Outcome, ItemError> {
        if !self.places.watches(&created.object.bucket) {
            return Err(ItemError::UnknownBucket(created.object.clone()));
        }
        let checked = self.check_what_is_meant(created, deadline);
        let (object, checked) = timeout_at(deadline.give_up, checked)
            .await
            .map_err(|_| ItemError::NoTime(created.object.clone()))?;
        let object = &object;
        let Checked {
            mut report,
            rest,
            afterwards,
        } = checked;
        report.allow_for_expiry(Timestamp::now());
        let verdict = report.verdict();
        if attempt == Attempt::Last {
            let stays = report
                .obstacles
                .iter_mut()
                .filter_map(|o| o.if_it_stays.take());
            report.findings.extend(stays);
        }
        let no_time = |_| ItemError::NoTime(object.clone());
        let told = self.tell(object, verdict, &report);
        let outcome = timeout_at(deadline.answer_by, told)
            .await
            .map_err(no_time)??;
        let settled = self.settle(afterwards);
        timeout_at(deadline.answer_by, settled)
            .await
            .map_err(no_time)?;
        // What comes back itself brings its rest along: handed back as well, it would multiply.
        let comes_back = attempt == Attempt::Early && !report.obstacles.is_empty();
        if let Some(rest) = rest.filter(|_| !comes_back) {
            // Handed back without any progress, it would go on for ever.
            if rest.resume_at <= created.resume_at {
                return Err(ItemError::NoTime(object.clone()));
            }
            tracing::info!(object = ?object.to_string(), resume_at = rest.resume_at, "the rest is handed back to the queue");
            timeout_at(deadline.answer_by, self.queue.hand_back(&rest))
                .await
                .map_err(no_time)?
                .map_err(ItemError::HandBack)?;
        }
        match report.obstacles.into_iter().next() {
            Some(Obstacle { error, .. }) => Err(ItemError::CannotTell(error)),
            None => Ok(outcome),
        }
    }

    /// Finds the object that is meant and checks it. Gives the object that was looked at.
    async fn check_what_is_meant(
        &self,
        created: &Created,
        deadline: Deadline,
    ) -> (ObjectLocation, Checked) {
        match self.check.arrival(created).await {
            Arrival::At(object) => {
                let meant = Created {
                    object: object.clone(),
                    ..created.clone()
                };
                (object, self.check.check(&meant, deadline).await)
            }
            Arrival::NotThere(report) => (created.object.clone(), (*report).into()),
        }
    }

    /// The findings that nobody else tells.
    async fn not_told_yet(
        &self,
        object: &ObjectLocation,
        findings: &[Finding],
        detected_at: Timestamp,
    ) -> Vec<Finding> {
        stream::iter(findings.to_vec())
            .map(|finding| self.unless_told(object, finding, detected_at))
            .buffered(CLAIMS_AT_ONCE)
            .filter_map(std::future::ready)
            .collect()
            .await
    }

    /// Of the findings that one alert is enough for, whoever comes first tells, and tells again if
    /// its event is tried again.
    async fn unless_told(
        &self,
        object: &ObjectLocation,
        finding: Finding,
        detected_at: Timestamp,
    ) -> Option<Finding> {
        let Some(name) = &finding.told_once_as else {
            return Some(finding);
        };
        let ours = object.to_string();
        let claim = serde_json::json!({ "by": ours, "at": detected_at });
        let key = format!("markers/{name}.json");
        match self.evidence.claim(&key, claim.to_string()).await {
            Ok(first) => {
                let first: Value = serde_json::from_str(&first).unwrap_or_default();
                let by = first.get("by").and_then(Value::as_str);
                // What is no claim of anybody's keeps nobody silent.
                by.is_none_or(|by| by == ours).then_some(finding)
            }
            Err(error) => {
                tracing::warn!(error = ?error.to_string(), "told, perhaps not for the first time");
                Some(finding)
            }
        }
    }

    /// What is not removed here is settled once more with the next digest.
    async fn settle(&self, afterwards: Vec<Afterwards>) {
        let mut results = stream::iter(afterwards)
            .map(|what| self.settle_one(what))
            .buffer_unordered(CLAIMS_AT_ONCE);
        while results.next().await.is_some() {}
    }

    async fn settle_one(&self, what: Afterwards) {
        if let Err(error) = what.run(&self.evidence).await {
            tracing::warn!(error = ?error.to_string(), "what is settled still waits");
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
            detected_at: whole_second(Timestamp::now()),
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
        metrics::write(report, stamp);
        let to_tell = self
            .not_told_yet(object, &report.findings, stamp.detected_at)
            .await;
        let alert = alert::compose(&to_tell, object, stamp, self.evidence_bucket.as_deref());
        if let Some(alert) = alert {
            self.alerts
                .publish(&alert)
                .await
                .map_err(ItemError::Alert)?;
        }
        if !report.rules.is_empty() {
            let receipt = Receipt::of(object, report, stamp);
            self.evidence
                .keep(&receipt.key(), receipt.document())
                .await
                .map_err(ItemError::Receipt)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Alert;
    use crate::finding::{FindingKind, Scope};
    use crate::store::Cause;
    use serde_json::json;
    use std::collections::HashMap;
    use std::sync::Mutex;

    const BUCKET: &str = "amzn-s3-demo-bucket";

    fn refused(subject: &str) -> StoreError {
        StoreError {
            action: "read",
            subject: subject.to_owned(),
            cause: Cause::Denied("no".to_owned()),
        }
    }

    /// Does with an object what its key says.
    struct ByKey;

    impl Check for ByKey {
        const FUNCTION: &'static str = "log-verifier";

        async fn arrival(&self, created: &Created) -> Arrival {
            match created.object.key.as_str() {
                "other%20reading" => Arrival::At(ObjectLocation::new(BUCKET, "tampered")),
                "nowhere" => {
                    let mut report = Report::new();
                    let mut error = refused("nowhere");
                    error.cause = Cause::Absent(crate::store::Absence::NoObject);
                    report.cannot_tell(error, &Scope::default(), &created.object);
                    Arrival::NotThere(Box::new(report))
                }
                _ => Arrival::At(created.object.clone()),
            }
        }

        async fn check(&self, created: &Created, _: Deadline) -> Checked {
            let object = &created.object;
            let mut report = Report::new();
            let finding = Finding::new(
                FindingKind::LogFileModified,
                Scope::default(),
                object.clone(),
                "Something was done.",
            );
            let mut rest = None;
            match object.key.as_str() {
                "tampered" => report.findings.push(finding),
                "hourly" | "hourly-too" => {
                    report
                        .findings
                        .push(finding.told_once("a key", "2026-01-15T12"));
                    report
                        .rules
                        .entry("delivery")
                        .or_default()
                        .add(Verdict::Finding);
                }
                "denied" => report.cannot_tell(refused("denied"), &Scope::default(), object),
                "long-denied" => {
                    report.cannot_tell(refused("denied"), &Scope::default(), object);
                    rest = Some(Created::rest(object.clone(), 5));
                }
                "elsewhere" => report.reported_elsewhere.push(finding),
                "begins-lately" | "begins-long-ago" => {
                    let age = if object.key == "begins-lately" {
                        23
                    } else {
                        24
                    };
                    let ended = Timestamp::now() - jiff::SignedDuration::from_hours(age);
                    let mut finding = finding;
                    finding.begin_of_what_is_kept = Some(ended);
                    report.findings.push(finding);
                }
                "panics" => panic!("as told"),
                "stalls" => std::future::pending().await,
                "long" => {
                    rest = Some(Created::rest(object.clone(), created.resume_at.max(5)));
                }
                _ => report.valid = 1,
            }
            Checked {
                report,
                rest,
                afterwards: Vec::new(),
            }
        }
    }

    /// An evidence bucket in memory.
    #[derive(Default)]
    struct Shelf {
        refuses: bool,
        documents: Mutex<HashMap<String, String>>,
    }

    impl KeepEvidence for Shelf {
        async fn keep(&self, key: &str, document: String) -> Result<(), StoreError> {
            if self.refuses {
                return Err(refused(key));
            }
            let mut documents = self.documents.lock().unwrap();
            documents.insert(key.to_owned(), document);
            Ok(())
        }

        async fn claim(&self, key: &str, document: String) -> Result<String, StoreError> {
            if self.refuses {
                return Err(refused(key));
            }
            let mut documents = self.documents.lock().unwrap();
            Ok(documents.entry(key.to_owned()).or_insert(document).clone())
        }
    }

    impl SettleEvidence for Shelf {
        async fn waiting(&self, _: &str) -> Result<Vec<String>, StoreError> {
            unreachable!("the checks of these tests settle nothing")
        }

        async fn recall(&self, _: &str, _: usize) -> Result<Vec<u8>, StoreError> {
            unreachable!("the checks of these tests settle nothing")
        }

        async fn discard(&self, key: &str) -> Result<(), StoreError> {
            self.documents.lock().unwrap().remove(key);
            Ok(())
        }
    }

    #[derive(Default)]
    struct Topic {
        refuses: bool,
        alerts: Mutex<Vec<Alert>>,
    }

    impl PublishAlert for Topic {
        async fn publish(&self, alert: &Alert) -> Result<(), StoreError> {
            if self.refuses {
                return Err(refused("topic"));
            }
            self.alerts.lock().unwrap().push(alert.clone());
            Ok(())
        }
    }

    #[derive(Default)]
    struct Line {
        refuses: bool,
        rests: Mutex<Vec<Created>>,
        delays: Mutex<Vec<(String, u64)>>,
    }

    impl Requeue for Line {
        async fn hand_back(&self, rest: &Created) -> Result<(), StoreError> {
            if self.refuses {
                return Err(refused("queue"));
            }
            self.rests.lock().unwrap().push(rest.clone());
            Ok(())
        }

        async fn retry_in(&self, receipt: &str, delay: Duration) -> Result<(), StoreError> {
            if self.refuses {
                return Err(refused("queue"));
            }
            let entry = (receipt.to_owned(), delay.as_secs());
            self.delays.lock().unwrap().push(entry);
            Ok(())
        }
    }

    fn service(alerts: Topic, queue: Line) -> Arc<Service<ByKey, Topic, Line, Shelf>> {
        Arc::new(Service {
            check: ByKey,
            alerts,
            queue,
            evidence: Shelf::default(),
            places: Places {
                log_buckets: vec![BUCKET.to_owned()],
                ..Places::default()
            },
            evidence_bucket: None,
            max_receives: 5,
            unrelated: UnrelatedMessages::default(),
        })
    }

    fn sqs(messages: &[(&str, &str, u32)]) -> Value {
        let records = messages.iter().map(|(id, body, receives)| {
            json!({"messageId": id, "receiptHandle": format!("receipt of {id}"),
                   "body": body, "eventSource": "aws:sqs",
                   "attributes": {"ApproximateReceiveCount": receives.to_string()}})
        });
        json!({ "Records": records.collect::<Vec<_>>() })
    }

    fn key(key: &str) -> String {
        json!({"bucket": BUCKET, "key": key}).to_string()
    }

    async fn invoke(
        service: &Arc<Service<ByKey, Topic, Line, Shelf>>,
        event: Value,
    ) -> Result<Value, Diagnostic> {
        let ends = SystemTime::now() + Duration::from_secs(2);
        answer(Arc::clone(service), event, ends).await
    }

    fn sent_back(response: &Value) -> Vec<String> {
        let mut ids: Vec<String> = response["batchItemFailures"]
            .as_array()
            .unwrap()
            .iter()
            .map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned())
            .collect();
        ids.sort_unstable();
        ids
    }

    #[tokio::test]
    async fn each_message_of_a_batch_ends_on_its_own() {
        let service = service(Topic::default(), Line::default());
        let unknown = json!({"bucket": "somebody-elses", "key": "k"}).to_string();
        let event = sqs(&[
            ("honest", &key("honest"), 1),
            ("tampered", &key("tampered"), 1),
            ("elsewhere", &key("elsewhere"), 1),
            ("denied", &key("denied"), 1),
            ("panics", &key("panics"), 1),
            ("stalls", &key("stalls"), 1),
            ("malformed", "{\"bucket\":", 1),
            ("note", "not JSON", 1),
            (
                "config",
                r#"{"messageType":"ScheduledNotification","s3ObjectKey":"x"}"#,
                1,
            ),
            ("unknown", &unknown, 1),
            ("empty", "", 1),
        ]);
        let response = invoke(&service, event).await.unwrap();
        assert_eq!(
            sent_back(&response),
            [
                "denied",
                "empty",
                "malformed",
                "panics",
                "stalls",
                "unknown"
            ]
        );
        let alerts = service.alerts.alerts.lock().unwrap();
        assert_eq!(alerts.len(), 1);
        assert!(alerts[0].subject.contains("log-file-modified"));
    }

    #[tokio::test]
    async fn what_stays_unreadable_is_said_before_its_message_is_parked() {
        let service = service(Topic::default(), Line::default());
        for receives in 1..=5 {
            let event = sqs(&[("denied", &key("denied"), receives)]);
            let response = invoke(&service, event).await.unwrap();
            assert_eq!(sent_back(&response), ["denied"]);
            let alerts = service.alerts.alerts.lock().unwrap();
            assert_eq!(alerts.len(), usize::from(receives == 5));
        }
        let delays = service.queue.delays.lock().unwrap();
        let receipt = "receipt of denied".to_owned();
        assert_eq!(
            *delays,
            [60, 300, 1800, 7200, 0].map(|delay| (receipt.clone(), delay))
        );
        let alerts = service.alerts.alerts.lock().unwrap();
        assert_eq!(alerts[0].attributes["severity"], "medium");
        assert!(alerts[0].kinds.contains("object-unreadable-denied"));
    }

    #[tokio::test]
    async fn a_finding_whose_alert_is_refused_goes_back_to_its_queue() {
        let topic = Topic {
            refuses: true,
            ..Topic::default()
        };
        let service = service(topic, Line::default());
        let event = sqs(&[("a", &key("tampered"), 1), ("b", &key("honest"), 1)]);
        assert_eq!(sent_back(&invoke(&service, event).await.unwrap()), ["a"]);
    }

    #[tokio::test]
    async fn one_alert_is_enough_for_findings_of_one_name() {
        let service = service(Topic::default(), Line::default());
        let event = |key: &str| sqs(&[("a", &super::tests::key(key), 1)]);
        let told = || service.alerts.alerts.lock().unwrap().len();
        invoke(&service, event("hourly")).await.unwrap();
        assert_eq!(told(), 1);
        // Another log file shows the same, and is on record.
        invoke(&service, event("hourly-too")).await.unwrap();
        assert_eq!(told(), 1);
        // The first one's event comes again: nobody knows whether its alert went out.
        invoke(&service, event("hourly")).await.unwrap();
        assert_eq!(told(), 2);
        let documents = service.evidence.documents.lock().unwrap();
        let marker = "markers/log-file-modified/";
        assert_eq!(
            documents.keys().filter(|k| k.starts_with(marker)).count(),
            1
        );
        for object in ["hourly", "hourly-too"] {
            let receipt = &documents[&format!("receipts/log-verifier/{BUCKET}/{object}.json")];
            let receipt: Value = serde_json::from_str(receipt).unwrap();
            assert_eq!(receipt["schema"], "trailseal.receipt/1");
            assert_eq!(receipt["verdict"], "finding");
            assert_eq!(receipt["rules"]["delivery"]["finding"], 1);
            assert_eq!(receipt["findings"][0]["kind"], "log-file-modified");
        }
    }

    #[tokio::test]
    async fn a_claim_that_cannot_be_read_keeps_nobody_silent() {
        let service = service(Topic::default(), Line::default());
        invoke(&service, sqs(&[("a", &key("hourly"), 1)]))
            .await
            .unwrap();
        let mut documents = std::mem::take(&mut *service.evidence.documents.lock().unwrap());
        for document in documents.values_mut() {
            "no claim".clone_into(document);
        }
        *service.evidence.documents.lock().unwrap() = documents;
        invoke(&service, sqs(&[("a", &key("hourly-too"), 1)]))
            .await
            .unwrap();
        assert_eq!(service.alerts.alerts.lock().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn what_is_not_on_record_goes_back_once_it_was_told() {
        let mut service = service(Topic::default(), Line::default());
        Arc::get_mut(&mut service).unwrap().evidence.refuses = true;
        let event = sqs(&[("a", &key("hourly"), 1), ("b", &key("honest"), 1)]);
        assert_eq!(sent_back(&invoke(&service, event).await.unwrap()), ["a"]);
        assert_eq!(service.alerts.alerts.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn the_rest_is_handed_back_or_the_message_is() {
        let handing = service(Topic::default(), Line::default());
        let event = sqs(&[("a", &key("long"), 1)]);
        assert!(sent_back(&invoke(&handing, event.clone()).await.unwrap()).is_empty());
        let rests = handing.queue.rests.lock().unwrap().clone();
        assert_eq!(rests[0].resume_at, 5);
        // No progress since then: handing it back once more would go on for ever.
        let again = sqs(&[("a", &serde_json::to_string(&rests[0]).unwrap(), 1)]);
        assert_eq!(sent_back(&invoke(&handing, again).await.unwrap()), ["a"]);
        // What goes back brings its rest along, until it is parked.
        for receives in 1..=5 {
            let event = sqs(&[("a", &key("long-denied"), receives)]);
            assert_eq!(sent_back(&invoke(&handing, event).await.unwrap()), ["a"]);
            let handed = handing.queue.rests.lock().unwrap().len();
            assert_eq!(handed, 1 + usize::from(receives == 5));
        }
        let line = Line {
            refuses: true,
            ..Line::default()
        };
        let refusing = service(Topic::default(), line);
        assert_eq!(sent_back(&invoke(&refusing, event).await.unwrap()), ["a"]);
    }

    #[tokio::test]
    async fn an_event_by_hand_is_answered_with_its_outcome_or_fails() {
        let service = service(Topic::default(), Line::default());
        let by_hand = |key: &str| json!({"bucket": BUCKET, "key": key});
        let answer = invoke(&service, by_hand("honest")).await.unwrap();
        assert_eq!(answer["outcomes"][0]["verdict"], "valid");
        let answer = invoke(&service, by_hand("tampered")).await.unwrap();
        assert_eq!(answer["outcomes"][0]["verdict"], "finding");
        assert_eq!(
            answer["outcomes"][0]["findings"][0]["kind"],
            "log-file-modified"
        );
        let answer = invoke(&service, by_hand("elsewhere")).await.unwrap();
        assert_eq!(answer["outcomes"][0]["verdict"], "finding");
        let error = invoke(&service, by_hand("denied")).await.unwrap_err();
        assert_eq!(error.error_type, "CannotTell");
        let error = invoke(&service, json!({"what": "ever"})).await.unwrap_err();
        assert_eq!(error.error_type, "MalformedEvent");
        assert_eq!(service.alerts.alerts.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn the_object_that_is_meant_is_checked_and_named() {
        let service = service(Topic::default(), Line::default());
        let by_hand = |key: &str| json!({"bucket": BUCKET, "key": key});
        let answer = invoke(&service, by_hand("other%20reading")).await.unwrap();
        let outcome = &answer["outcomes"][0];
        assert_eq!(outcome["object"], format!("s3://{BUCKET}/tampered"));
        assert_eq!(outcome["verdict"], "finding");
        // What is not there is not checked: it would be valid.
        let error = invoke(&service, by_hand("nowhere")).await.unwrap_err();
        assert_eq!(error.error_type, "CannotTell");
        assert!(error.error_message.contains("it does not exist"));
        let event = sqs(&[("a", &key("nowhere"), 1), ("b", &key("other%20reading"), 1)]);
        assert_eq!(sent_back(&invoke(&service, event).await.unwrap()), ["a"]);
    }

    #[tokio::test]
    async fn what_a_lifecycle_rule_may_have_expired_is_no_finding_at_any_try() {
        let service = service(Topic::default(), Line::default());
        for receives in [1, 5] {
            let event = sqs(&[("old", &key("begins-long-ago"), receives)]);
            assert_eq!(sent_back(&invoke(&service, event).await.unwrap()), ["old"]);
            assert!(service.alerts.alerts.lock().unwrap().is_empty());
        }
        let event = sqs(&[("new", &key("begins-lately"), 1)]);
        assert!(sent_back(&invoke(&service, event).await.unwrap()).is_empty());
        assert_eq!(service.alerts.alerts.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_message_of_others_is_answered_with_its_kind() {
        let service = service(Topic::default(), Line::default());
        let config = json!({"messageType": "ScheduledNotification"}).to_string();
        let record = json!({"EventSource": "aws:sns", "Sns": {"Message": config}});
        let event = json!({"Records": [record.clone(), record]});
        let answer = invoke(&service, event).await.unwrap();
        assert_eq!(
            answer,
            json!({"outcomes": [], "unrelated": {"aws-config": 2}})
        );
    }

    /// The samples in `events/` are documentation that runs.
    #[tokio::test]
    async fn every_sample_event_is_understood() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");
        let mut by_kind: HashMap<bool, usize> = HashMap::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.extension().is_none_or(|e| e != "json") || name.starts_with("env") {
                continue;
            }
            let event: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).expect(&name);
            let Named {
                created,
                unrelated,
                error,
            } = Named::by(&event);
            assert_eq!(error, None, "{name}");
            let asks_nothing = name.contains("test-event") || name.contains("unrelated");
            assert_eq!(created.is_empty(), asks_nothing, "{name}");
            assert_eq!(unrelated.is_empty(), !asks_nothing, "{name}");
            assert!(created.iter().all(|c| c.object.bucket == BUCKET), "{name}");
            let service = service(Topic::default(), Line::default());
            let answer = invoke(&service, event.clone()).await.unwrap();
            if is_sqs(&event) {
                assert!(sent_back(&answer).is_empty(), "{name}");
            }
            *by_kind.entry(is_sqs(&event)).or_default() += 1;
        }
        assert!(by_kind[&true] >= 3 && by_kind[&false] >= 5, "{by_kind:?}");
    }
}
