//! An invocation: a batch of SQS messages, or one event of another kind.

use super::deadline::Deadline;
use super::item::{Check, ItemError, Outcome};
use super::metrics;
use super::retry::{Attempt, Delivery, Fate, MAX_HOPS};
use super::unrelated::UnrelatedMessages;
use crate::ports::Requeue;
use crate::ports::SendFindings;
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;
use tokio::task::JoinError;
use tokio::time::Instant;
use trailseal::event::{Named, Unrelated};
use trailseal::finding::Stamp;
use trailseal::names::places::Places;
use trailseal::world::{KeepEvidence, SettleEvidence};

/// How many objects of one message are worked on at once: each may hold some 80 MB for the largest
/// that is accepted.
const ITEMS_AT_ONCE: usize = 4;

/// What an invocation that is no batch is answered with.
#[derive(Debug, Serialize)]
struct Answer {
    outcomes: Vec<Outcome>,
    /// How many messages in the event were somebody else's, by their kind.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    unrelated: BTreeMap<Unrelated, u64>,
}

/// A function and everything it acts through.
pub(super) struct Service<C, F, Q, E> {
    pub(super) check: C,
    pub(super) findings: F,
    pub(super) queue: Q,
    pub(super) evidence: E,
    pub(super) places: Places,
    pub(super) evidence_bucket: Option<String>,
    pub(super) max_receives: u32,
    pub(super) unrelated: UnrelatedMessages,
    /// How many bytes of objects were read since the last invocation ended.
    pub(super) bytes_read: Arc<AtomicU64>,
}

/// Answers one invocation.
///
/// A batch of SQS messages is answered with those that go back to the queue. Any other event is
/// answered with the outcomes, or fails.
pub(super) async fn answer<C, F, Q, E>(
    service: Arc<Service<C, F, Q, E>>,
    event: Value,
    ends: SystemTime,
) -> Result<Value, Diagnostic>
where
    C: Check,
    F: SendFindings + 'static,
    Q: Requeue + 'static,
    E: KeepEvidence + SettleEvidence + 'static,
{
    let deadline = Deadline::of_invocation(ends);
    let answer = if is_sqs(&event) {
        answer_batch(&service, event, deadline).await
    } else {
        answer_event(&service, &event, deadline).await
    };
    let stamp = Stamp {
        function: C::FUNCTION,
        detected_at: Timestamp::now(),
    };
    service.unrelated.write(stamp);
    let bytes = service.bytes_read.swap(0, Ordering::Relaxed);
    metrics::write_lines(&[metrics::bytes_read(bytes, stamp)]);
    answer
}

/// Answers an event that is no batch of SQS messages.
async fn answer_event<C, F, Q, E>(
    service: &Service<C, F, Q, E>,
    event: &Value,
    deadline: Deadline,
) -> Result<Value, Diagnostic>
where
    C: Check,
    F: SendFindings,
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

/// Answers a batch of SQS messages. Those that ran out of time beside others are worked on after all
/// others, one at a time.
async fn answer_batch<C, F, Q, E>(
    service: &Arc<Service<C, F, Q, E>>,
    event: Value,
    deadline: Deadline,
) -> Result<Value, Diagnostic>
where
    C: Check,
    F: SendFindings + 'static,
    Q: Requeue + 'static,
    E: KeepEvidence + SettleEvidence + 'static,
{
    let batch: SqsEvent = serde_json::from_value(event).map_err(|error| Diagnostic {
        error_type: "MalformedEvent".to_owned(),
        error_message: format!("the SQS event cannot be read: {error}"),
    })?;
    let deliveries = batch.records.into_iter().map(Delivery::of);
    let (alone, together): (Vec<_>, Vec<_>) = deliveries.partition(|d| d.passage.alone);
    let mut fates: Vec<_> = stream::iter(together)
        .map(|delivery| Box::pin(work(service, delivery, deadline, deadline.wind_down)))
        .buffer_unordered(C::AT_ONCE)
        .collect()
        .await;
    for delivery in alone {
        fates.push(Box::pin(work(service, delivery, deadline, deadline.half_time)).await);
    }
    let mut response = SqsBatchResponse::default();
    for (id, fate) in fates {
        if fate == Fate::GoesBack {
            let id = id.ok_or_else(|| Diagnostic {
                error_type: "MalformedEvent".to_owned(),
                error_message: "a message without an id goes back".to_owned(),
            })?;
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            response.batch_item_failures.push(failure);
        }
    }
    as_json(&response)
}

/// Works on one message of a batch, unless it is too early for it, or too late to begin. Gives its id.
async fn work<C, F, Q, E>(
    service: &Arc<Service<C, F, Q, E>>,
    delivery: Delivery,
    deadline: Deadline,
    begin_by: Instant,
) -> (Option<String>, Fate)
where
    C: Check,
    F: SendFindings + 'static,
    Q: Requeue + 'static,
    E: KeepEvidence + SettleEvidence + 'static,
{
    let passage = delivery.passage;
    let fate = if let Some(left) = passage.waits(Timestamp::now()) {
        service.wait_on(&delivery, left, deadline).await
    } else if Instant::now() >= begin_by && passage.hops < MAX_HOPS {
        service.put_off(&delivery, deadline).await
    } else {
        let (own, body) = (Arc::clone(service), Arc::clone(&delivery.body));
        // A task of its own: a panic in one item is that item's failure alone.
        let item = tokio::spawn(async move {
            let named = Named::by_text(&body);
            let attempt = Attempt::Counted(passage);
            own.event(named, deadline, attempt).await.map(|_| ())
        });
        let abnormal = |error: JoinError| Err(ItemError::Abnormal(error.to_string()));
        match item.await.unwrap_or_else(abnormal) {
            Ok(()) => Fate::Done,
            Err(error) => service.after_failure(&delivery, &error, deadline).await,
        }
    };
    (delivery.id, fate)
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

impl<C, F, Q, E> Service<C, F, Q, E>
where
    C: Check,
    F: SendFindings,
    Q: Requeue,
    E: KeepEvidence + SettleEvidence,
{
    /// Checks every object of an event. The error that is waited for longest is the event's; the others
    /// are done all the same.
    async fn event(
        &self,
        named: Named,
        deadline: Deadline,
        attempt: Attempt,
    ) -> Result<Vec<Outcome>, ItemError> {
        self.unrelated.add(&named.unrelated);
        let at_once = if attempt.is_alone() { 1 } else { ITEMS_AT_ONCE };
        let results: Vec<_> = stream::iter(named.created)
            .map(|created| async move { self.object(&created, deadline, attempt).await })
            .buffered(at_once)
            .collect()
            .await;
        let (mut outcomes, mut errors) = (Vec::new(), Vec::new());
        for result in results {
            match result {
                Ok(outcome) => outcomes.extend(outcome),
                Err(error) => errors.push(error),
            }
        }
        // Of several, the first.
        let objects = errors.into_iter().rev().max_by_key(ItemError::patience);
        match objects.or(named.error.map(ItemError::from)) {
            None => Ok(outcomes),
            Some(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Checked;
    use crate::passage::{MAX_WAIT, Passage};
    use serde_json::json;
    use std::collections::HashMap;
    use std::sync::Mutex;
    use std::time::Duration;
    use trailseal::alert::findings_message::FindingsMessage;
    use trailseal::check::arrival::Arrival;
    use trailseal::finding::{Finding, FindingKind, Report, Scope, Verdict};
    use trailseal::names::created::Created;
    use trailseal::names::location::ObjectLocation;
    use trailseal::world::{Cause, StoreError, WaitingPage};

    const BUCKET: &str = "amzn-s3-demo-bucket";

    fn refused(subject: &str) -> StoreError {
        StoreError {
            action: "read",
            subject: subject.to_owned(),
            cause: Cause::Denied("no".to_owned()),
        }
    }

    /// Does with an object what its key says.
    #[derive(Default)]
    struct ByKey {
        /// The keys of the objects that were begun, and how many others were under way then.
        begun: Mutex<Vec<(String, u64)>>,
        under_way: AtomicU64,
    }

    impl Check for ByKey {
        const FUNCTION: &'static str = "log-verifier";

        async fn arrival(&self, created: &Created) -> Arrival {
            match created.object.key.as_str() {
                "other%20reading" => Arrival::At(ObjectLocation::new(BUCKET, "tampered")),
                "nowhere" => {
                    let mut report = Report::new();
                    let mut error = refused("nowhere");
                    error.cause = Cause::Absent(trailseal::world::Absence::NoObject);
                    report.cannot_tell(error, &Scope::default(), &created.object);
                    Arrival::NotThere(Box::new(report))
                }
                _ => Arrival::At(created.object.clone()),
            }
        }

        async fn check(&self, created: &Created, _: Deadline) -> Checked {
            let object = &created.object;
            let others = self.under_way.fetch_add(1, Ordering::SeqCst);
            self.begun
                .lock()
                .unwrap()
                .push((object.key.clone(), others));
            tokio::task::yield_now().await;
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
                        .push(finding.about("a key", object.key.clone()));
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
                "archived" => {
                    let mut error = refused("archived");
                    error.cause = Cause::Archived("GLACIER".to_owned());
                    report.cannot_tell(error, &Scope::default(), object);
                }
                "slow-down" => {
                    let mut error = refused("slow-down");
                    error.cause = Cause::Unavailable("SlowDown".to_owned());
                    report.cannot_tell(error, &Scope::default(), object);
                }
                "slow" => tokio::time::sleep(Duration::from_millis(1200)).await,
                _ => report.valid = 1,
            }
            self.under_way.fetch_sub(1, Ordering::SeqCst);
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
    }

    impl SettleEvidence for Shelf {
        async fn waiting(&self, _: &str, _: Option<&str>) -> Result<WaitingPage, StoreError> {
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

    /// What the alerter gets.
    #[derive(Default)]
    struct Sent {
        refuses: bool,
        findings: Mutex<Vec<Value>>,
    }

    impl SendFindings for Sent {
        async fn send(&self, message: &FindingsMessage) -> Result<(), StoreError> {
            if self.refuses {
                return Err(refused("findings"));
            }
            let message: Value = serde_json::from_str(&message.body).unwrap();
            let findings = message["findings"].as_array().unwrap().clone();
            self.findings.lock().unwrap().extend(findings);
            Ok(())
        }
    }

    /// A message that was sent to the function's queue: body, what it carries, and its delay.
    type Again = (String, Passage, u64);

    #[derive(Default)]
    struct Line {
        refuses: bool,
        parks_nothing: bool,
        sent: Mutex<Vec<Again>>,
        parked: Mutex<Vec<String>>,
        delays: Mutex<Vec<(String, u64)>>,
    }

    impl Requeue for Line {
        async fn send(
            &self,
            body: &str,
            passage: &Passage,
            delay: Duration,
        ) -> Result<(), StoreError> {
            if self.refuses {
                return Err(refused("queue"));
            }
            let again = (body.to_owned(), *passage, delay.as_secs());
            self.sent.lock().unwrap().push(again);
            Ok(())
        }

        async fn park(&self, body: &str) -> Result<(), StoreError> {
            if self.parks_nothing {
                return Err(refused("dead-letter queue"));
            }
            self.parked.lock().unwrap().push(body.to_owned());
            Ok(())
        }

        async fn retry_in(&self, receipt: &str, delay: Duration) -> Result<(), StoreError> {
            let entry = (receipt.to_owned(), delay.as_secs());
            self.delays.lock().unwrap().push(entry);
            Ok(())
        }
    }

    fn service(findings: Sent, queue: Line) -> Arc<Service<ByKey, Sent, Line, Shelf>> {
        Arc::new(Service {
            check: ByKey::default(),
            findings,
            queue,
            evidence: Shelf::default(),
            places: Places {
                log_buckets: vec![BUCKET.to_owned()],
                ..Places::default()
            },
            evidence_bucket: None,
            max_receives: 5,
            unrelated: UnrelatedMessages::default(),
            bytes_read: Arc::default(),
        })
    }

    /// A message as Lambda hands it over.
    fn record(id: &str, body: &str, receives: u32, passage: &Passage) -> Value {
        let attributes = passage.attributes().into_iter();
        let attributes: serde_json::Map<_, _> = attributes
            .map(|(name, value)| {
                let value = json!({"dataType": "Number", "stringValue": value,
                                   "stringListValues": [], "binaryListValues": []});
                (name.to_owned(), value)
            })
            .collect();
        json!({"messageId": id, "receiptHandle": format!("receipt of {id}"),
               "body": body, "eventSource": "aws:sqs", "messageAttributes": attributes,
               "attributes": {"ApproximateReceiveCount": receives.to_string()}})
    }

    fn sqs(messages: &[(&str, &str, u32)]) -> Value {
        let records = messages
            .iter()
            .map(|(id, body, receives)| record(id, body, *receives, &Passage::default()));
        json!({ "Records": records.collect::<Vec<_>>() })
    }

    /// Delivers an object's message, then whatever is sent again for it, each when it is due, until it
    /// is done with or parked. Gives the waits, in seconds.
    async fn follow(service: &Arc<Service<ByKey, Sent, Line, Shelf>>, object: &str) -> Vec<i64> {
        let (body, mut passage) = (key(object), Passage::default());
        let mut waits = Vec::new();
        loop {
            let now = Timestamp::now();
            let event = json!({"Records": [record("m", &body, 1, &passage)]});
            assert!(sent_back(&invoke(service, event).await.unwrap()).is_empty());
            let sent: Vec<Again> = service.queue.sent.lock().unwrap().drain(..).collect();
            let Some((again, carried, delay)) = sent.first() else {
                return waits;
            };
            assert_eq!((sent.len(), again), (1, &body));
            assert_eq!(carried.attempt, passage.attempt + 1);
            let wait = carried.not_before.unwrap().duration_since(now).as_secs();
            assert_eq!(
                i64::try_from(*delay).unwrap(),
                (wait + 1).min(900) / 60 * 60
            );
            waits.push((wait + 1) / 60 * 60);
            passage = Passage {
                not_before: None,
                ..*carried
            };
        }
    }

    /// The keys of the objects whose messages were sent to the queue again.
    fn sent_again(service: &Service<ByKey, Sent, Line, Shelf>) -> Vec<String> {
        let sent = service.queue.sent.lock().unwrap();
        let mut bodies: Vec<_> = sent.iter().map(|(body, ..)| body.clone()).collect();
        bodies.sort_unstable();
        bodies
    }

    fn key(key: &str) -> String {
        json!({"bucket": BUCKET, "key": key}).to_string()
    }

    async fn invoke(
        service: &Arc<Service<ByKey, Sent, Line, Shelf>>,
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
        let service = service(Sent::default(), Line::default());
        let unknown = json!({"bucket": "somebody-elses", "key": "k"}).to_string();
        let event = sqs(&[
            ("honest", &key("honest"), 1),
            ("tampered", &key("tampered"), 1),
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
        assert!(sent_back(&response).is_empty());
        let mut failed = [
            key("denied"),
            key("panics"),
            key("stalls"),
            "{\"bucket\":".to_owned(),
            unknown,
            String::new(),
        ];
        failed.sort_unstable();
        assert_eq!(sent_again(&service), failed);
        let findings = service.findings.findings.lock().unwrap();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0]["kind"], "log-file-modified");
    }

    #[tokio::test]
    async fn what_stays_unreadable_is_said_before_its_message_is_parked() {
        for (object, expected, kind) in [
            ("archived", &[300][..], Some("object-archived")),
            ("denied", &[60, 1800], Some("object-unreadable-denied")),
            ("slow-down", &[60, 300, 1800, 7200], None),
        ] {
            let service = service(Sent::default(), Line::default());
            assert_eq!(follow(&service, object).await, expected, "{object}");
            assert_eq!(*service.queue.parked.lock().unwrap(), [key(object)]);
            assert!(service.queue.delays.lock().unwrap().is_empty());
            let findings = service.findings.findings.lock().unwrap();
            let found = findings.iter().map(|f| f["kind"].as_str().unwrap());
            assert_eq!(found.collect::<Vec<_>>(), Vec::from_iter(kind));
            assert!(findings.iter().all(|f| f["severity"] == "medium"));
        }
        // A malformed event does not get better, either.
        let service = service(Sent::default(), Line::default());
        for attempt in [1, 2] {
            let passage = Passage {
                attempt,
                ..Passage::default()
            };
            let event = json!({"Records": [record("m", "{\"bucket\":", 1, &passage)]});
            assert!(sent_back(&invoke(&service, event).await.unwrap()).is_empty());
        }
        assert_eq!(service.queue.sent.lock().unwrap().len(), 1);
        assert_eq!(*service.queue.parked.lock().unwrap(), ["{\"bucket\":"]);
    }

    /// Of the objects of one event, the one that may yet get better decides.
    #[tokio::test]
    async fn an_event_is_tried_as_often_as_its_most_hopeful_object() {
        let service = service(Sent::default(), Line::default());
        let keys = ["archived", "slow-down"];
        let body = json!({"s3Bucket": BUCKET, "s3ObjectKey": keys}).to_string();
        let passage = Passage {
            attempt: 2,
            ..Passage::default()
        };
        let event = json!({"Records": [record("m", &body, 1, &passage)]});
        assert!(sent_back(&invoke(&service, event).await.unwrap()).is_empty());
        let sent = service.queue.sent.lock().unwrap();
        assert_eq!((sent[0].1.attempt, sent[0].2), (3, 300));
        assert!(service.queue.parked.lock().unwrap().is_empty());
        let findings = service.findings.findings.lock().unwrap();
        assert_eq!(findings[0]["kind"], "object-archived");
    }

    #[tokio::test]
    async fn a_message_that_comes_too_early_is_sent_on_and_nothing_else() {
        let service = service(Sent::default(), Line::default());
        let in_two_hours = Passage::default().again(5, Timestamp::now(), MAX_WAIT);
        let event = json!({"Records": [record("m", &key("tampered"), 3, &in_two_hours)]});
        assert!(sent_back(&invoke(&service, event).await.unwrap()).is_empty());
        let (body, passage, delay) = service.queue.sent.lock().unwrap()[0].clone();
        assert_eq!((body, delay), (key("tampered"), 900));
        assert_eq!(passage, in_two_hours);
        // The last part of the wait is as long as it has to be.
        let soon = Passage::default().again(5, Timestamp::now(), Duration::from_secs(100));
        let event = json!({"Records": [record("m", &key("tampered"), 1, &soon)]});
        invoke(&service, event).await.unwrap();
        assert!((98..=100).contains(&service.queue.sent.lock().unwrap()[1].2));
        assert!(service.check.begun.lock().unwrap().is_empty());
        // Nobody makes it wait for ever.
        let never = Passage {
            not_before: Some(Timestamp::MAX),
            ..Passage::default()
        };
        let event = json!({"Records": [record("m", &key("tampered"), 1, &never)]});
        invoke(&service, event).await.unwrap();
        assert_eq!(service.findings.findings.lock().unwrap().len(), 1);
    }

    /// A function that crashes leaves the count to the queue.
    #[tokio::test]
    async fn crashes_count_as_tries() {
        let service = service(Sent::default(), Line::default());
        let event = sqs(&[("m", &key("denied"), 3)]);
        assert!(sent_back(&invoke(&service, event).await.unwrap()).is_empty());
        assert_eq!(*service.queue.parked.lock().unwrap(), [key("denied")]);
        assert_eq!(service.findings.findings.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn what_no_queue_takes_goes_back_to_its_own() {
        let line = Line {
            refuses: true,
            parks_nothing: true,
            ..Line::default()
        };
        let service = service(Sent::default(), line);
        for receives in 1..=5 {
            let event = sqs(&[("m", &key("slow-down"), receives)]);
            assert_eq!(sent_back(&invoke(&service, event).await.unwrap()), ["m"]);
        }
        // Given up, and not to be parked by the queue yet.
        let event = sqs(&[("m", &key("denied"), 3)]);
        assert_eq!(sent_back(&invoke(&service, event).await.unwrap()), ["m"]);
        let receipt = "receipt of m".to_owned();
        assert_eq!(
            *service.queue.delays.lock().unwrap(),
            [60, 300, 1800, 7200, 0, 60].map(|delay| (receipt.clone(), delay))
        );
    }

    /// What one object costs, its neighbours never pay.
    #[tokio::test]
    async fn an_object_that_ran_out_of_time_comes_back_alone() {
        let service = service(Sent::default(), Line::default());
        let stalls = [("1"), ("2"), ("3"), ("4")].map(|id| (id, key("stalls")));
        let innocents = [("5"), ("6")].map(|id| (id, key("honest")));
        let all = stalls.iter().chain(&innocents);
        let all: Vec<_> = all.map(|(id, body)| (*id, body.as_str(), 1)).collect();
        let response = invoke(&service, sqs(&all)).await.unwrap();
        assert!(sent_back(&response).is_empty());
        let sent: Vec<Again> = service.queue.sent.lock().unwrap().drain(..).collect();
        assert_eq!(sent.len(), 6);
        for (body, passage, delay) in &sent {
            let stalled = *body == key("stalls");
            assert_eq!(passage.alone, stalled);
            // There was no time to begin with the others: they lose no try, and come back soon.
            let others = (passage.attempt, passage.hops, *delay);
            assert_eq!(others, if stalled { (2, 0, 60) } else { (1, 1, 10) });
        }
        assert!(service.queue.parked.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_is_worked_on_alone_comes_last_and_one_at_a_time() {
        let service = service(Sent::default(), Line::default());
        let alone = Passage {
            alone: true,
            ..Passage::default()
        };
        let mut records: Vec<_> = ["a1", "a2"]
            .map(|id| record(id, &key(id), 1, &alone))
            .into();
        for id in ["t1", "t2", "t3"] {
            records.push(record(id, &key(id), 1, &Passage::default()));
        }
        invoke(&service, json!({ "Records": records }))
            .await
            .unwrap();
        let begun = service.check.begun.lock().unwrap();
        let keys: Vec<_> = begun.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["t1", "t2", "t3", "a1", "a2"]);
        assert!(begun[3..].iter().all(|(_, others)| *others == 0));
    }

    #[tokio::test]
    async fn what_is_worked_on_alone_does_not_begin_late() {
        let service = service(Sent::default(), Line::default());
        let alone = |hops| Passage {
            attempt: 3,
            alone: true,
            hops,
            ..Passage::default()
        };
        let event = |hops| {
            json!({"Records": [record("t", &key("slow"), 1, &Passage::default()),
                               record("a", &key("honest"), 1, &alone(hops))]})
        };
        invoke(&service, event(7)).await.unwrap();
        let sent: Vec<Again> = service.queue.sent.lock().unwrap().drain(..).collect();
        let (body, passage, delay) = &sent[0];
        assert_eq!((sent.len(), body, *delay), (1, &key("honest"), 10));
        let due = Passage {
            not_before: None,
            ..*passage
        };
        assert_eq!(due, alone(8));
        // Not for ever.
        invoke(&service, event(MAX_HOPS)).await.unwrap();
        assert!(service.queue.sent.lock().unwrap().is_empty());
        let begun = service.check.begun.lock().unwrap();
        assert_eq!(begun.last().unwrap().0, "honest");
    }

    #[tokio::test]
    async fn a_finding_that_is_not_accepted_goes_back_to_its_queue() {
        let sent = Sent {
            refuses: true,
            ..Sent::default()
        };
        let service = service(sent, Line::default());
        let event = sqs(&[("a", &key("tampered"), 1), ("b", &key("honest"), 1)]);
        invoke(&service, event).await.unwrap();
        assert_eq!(sent_again(&service), [key("tampered")]);
        service.queue.sent.lock().unwrap().clear();
        // It is not given up early, whatever the queue says.
        assert_eq!(follow(&service, "tampered").await.len(), 4);
    }

    #[tokio::test]
    async fn findings_about_one_key_are_occurrences_of_one_incident_and_on_record() {
        let service = service(Sent::default(), Line::default());
        for object in ["hourly", "hourly-too", "hourly"] {
            let event = sqs(&[("a", &key(object), 1)]);
            assert!(sent_back(&invoke(&service, event).await.unwrap()).is_empty());
        }
        let findings = service.findings.findings.lock().unwrap();
        let all = |field: &str| -> Vec<Value> {
            let findings = findings.iter();
            findings.map(|finding| finding[field].clone()).collect()
        };
        let (ids, occurrences) = (all("id"), all("occurrence"));
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert_eq!(occurrences[0], occurrences[2]);
        assert_ne!(occurrences[0], occurrences[1]);
        let documents = service.evidence.documents.lock().unwrap();
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
    async fn what_is_not_on_record_goes_back_once_it_was_told() {
        let mut service = service(Sent::default(), Line::default());
        Arc::get_mut(&mut service).unwrap().evidence.refuses = true;
        let event = sqs(&[("a", &key("hourly"), 1), ("b", &key("honest"), 1)]);
        invoke(&service, event).await.unwrap();
        assert_eq!(sent_again(&service), [key("hourly")]);
        assert_eq!(service.findings.findings.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn the_rest_is_handed_back_or_the_message_is() {
        let handing = service(Sent::default(), Line::default());
        let sent = || -> Vec<Again> { handing.queue.sent.lock().unwrap().drain(..).collect() };
        let event = sqs(&[("a", &key("long"), 1)]);
        assert!(sent_back(&invoke(&handing, event.clone()).await.unwrap()).is_empty());
        let (rest, passage, delay) = sent().remove(0);
        let created: Value = serde_json::from_str(&rest).unwrap();
        assert_eq!(created["resumeAt"], 5);
        assert_eq!((passage.attempt, passage.hops, delay), (1, 1, 0));
        // No progress since then: handing it back once more would go on for ever.
        let again = json!({"Records": [record("a", &rest, 1, &passage)]});
        invoke(&handing, again).await.unwrap();
        let (body, passage, _) = sent().remove(0);
        assert_eq!((&body, passage.attempt, passage.hops), (&rest, 2, 1));
        // What comes back brings its rest along, until it is parked.
        for attempt in 1..=3 {
            let passage = Passage {
                attempt,
                ..Passage::default()
            };
            let event = json!({"Records": [record("a", &key("long-denied"), 1, &passage)]});
            invoke(&handing, event).await.unwrap();
            let bodies: Vec<_> = sent().into_iter().map(|(body, ..)| body).collect();
            let is_last = attempt == 3;
            assert_eq!(bodies.len(), 1);
            assert_eq!(bodies[0] == key("long-denied"), !is_last);
        }
        assert_eq!(*handing.queue.parked.lock().unwrap(), [key("long-denied")]);
        let line = Line {
            refuses: true,
            ..Line::default()
        };
        let refusing = service(Sent::default(), line);
        assert_eq!(sent_back(&invoke(&refusing, event).await.unwrap()), ["a"]);
    }

    /// Lambda does not stop the function from queueing to itself: it stops by itself.
    #[tokio::test]
    async fn a_rest_that_was_handed_back_too_often_is_parked() {
        let service = service(Sent::default(), Line::default());
        for attempt in [1, 2] {
            let passage = Passage {
                attempt,
                hops: MAX_HOPS,
                ..Passage::default()
            };
            let event = json!({"Records": [record("a", &key("long"), 1, &passage)]});
            invoke(&service, event).await.unwrap();
        }
        assert_eq!(sent_again(&service), [key("long")]);
        assert_eq!(*service.queue.parked.lock().unwrap(), [key("long")]);
    }

    #[tokio::test]
    async fn an_event_by_hand_is_answered_with_its_outcome_or_fails() {
        let service = service(Sent::default(), Line::default());
        let by_hand = |key: &str| json!({"bucket": BUCKET, "key": key});
        let answer = invoke(&service, by_hand("honest")).await.unwrap();
        assert_eq!(answer["outcomes"][0]["verdict"], "valid");
        let answer = invoke(&service, by_hand("tampered")).await.unwrap();
        assert_eq!(answer["outcomes"][0]["verdict"], "finding");
        assert_eq!(
            answer["outcomes"][0]["findings"][0]["kind"],
            "log-file-modified"
        );
        let error = invoke(&service, by_hand("denied")).await.unwrap_err();
        assert_eq!(error.error_type, "CannotTell");
        let error = invoke(&service, json!({"what": "ever"})).await.unwrap_err();
        assert_eq!(error.error_type, "MalformedEvent");
        assert_eq!(service.findings.findings.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn the_object_that_is_meant_is_checked_and_named() {
        let service = service(Sent::default(), Line::default());
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
        invoke(&service, event).await.unwrap();
        assert_eq!(sent_again(&service), [key("nowhere")]);
    }

    #[tokio::test]
    async fn what_a_lifecycle_rule_may_have_expired_is_no_finding_at_any_try() {
        let service = service(Sent::default(), Line::default());
        for receives in [1, 5] {
            let event = sqs(&[("old", &key("begins-long-ago"), receives)]);
            invoke(&service, event).await.unwrap();
            let old = [key("begins-long-ago")];
            assert_eq!(sent_again(&service), old);
            let parked = service.queue.parked.lock().unwrap();
            assert_eq!(*parked, if receives == 5 { &old[..] } else { &[] });
            assert!(service.findings.findings.lock().unwrap().is_empty());
        }
        let event = sqs(&[("new", &key("begins-lately"), 1)]);
        assert!(sent_back(&invoke(&service, event).await.unwrap()).is_empty());
        assert_eq!(service.findings.findings.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_message_of_others_is_answered_with_its_kind() {
        let service = service(Sent::default(), Line::default());
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
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
        let mut by_kind: HashMap<bool, usize> = HashMap::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let is_other = name.starts_with("env") || name.starts_with("alerter");
            if path.extension().is_none_or(|e| e != "json") || is_other {
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
            let service = service(Sent::default(), Line::default());
            let answer = invoke(&service, event.clone()).await.unwrap();
            if is_sqs(&event) {
                assert!(sent_back(&answer).is_empty(), "{name}");
            }
            *by_kind.entry(is_sqs(&event)).or_default() += 1;
        }
        assert!(by_kind[&true] >= 3 && by_kind[&false] >= 5, "{by_kind:?}");
    }
}
