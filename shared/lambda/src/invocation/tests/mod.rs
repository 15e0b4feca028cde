//! Invocations with queues and an evidence bucket in memory.

mod batch;
mod division;
mod events;
mod publishing;
mod record;
mod rest;
mod retries;
mod work;

use super::*;
use crate::queue::passage::Passage;
use crate::queue::ports::{Ports, Requeue, SendFindings, SetRetry};
use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use serde_json::Value;
use serde_json::json;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use trailseal::alert::findings_message::FindingsMessage;
use trailseal::check::arrival::Arrival;
use trailseal::check::digest::{SeenDigest, StatedDigest};
use trailseal::finding::{Finding, FindingKind, Report, Scope, Verdict};
use trailseal::names::event_object::EventObject;
use trailseal::names::location::ObjectLocation;
use trailseal::names::places::Places;
use trailseal::world::{
    AddEvidence, Cause, KeepEvidence, ReplaceEvidence, SettleEvidence, StoreError, Versioned,
    WaitingPage,
};

const BUCKET: &str = "amzn-s3-demo-bucket";

fn refused(subject: &str) -> StoreError {
    StoreError {
        action: "read",
        subject: subject.to_owned(),
        cause: Cause::Denied("no".to_owned()),
    }
}

/// Treats an object as its key says.
#[derive(Default)]
struct ByKey {
    /// The keys of the objects that were started, and how many others were in progress then.
    begun: Mutex<Vec<(String, u64)>>,
    under_way: AtomicU64,
    /// How many times an object was looked for.
    searches: AtomicU64,
}

impl Check for ByKey {
    const FUNCTION: &'static str = "log-verifier";
    const RECORD: Record = Record::Chains;

    async fn arrival(&self, created: &EventObject) -> Arrival {
        self.searches.fetch_add(1, Ordering::SeqCst);
        match created.object.key.as_str() {
            "other%20reading" => Arrival::At(ObjectLocation::new(BUCKET, "tampered")),
            "nowhere" => {
                let mut report = Report::new();
                let mut error = refused("nowhere");
                error.cause = Cause::Absent(trailseal::world::Absence::NoObject);
                report.cannot_tell(error, &Scope::default(), &created.object);
                Arrival::NotFound(Box::new(report))
            }
            _ => Arrival::At(created.object.clone()),
        }
    }

    async fn check(&self, created: &EventObject, _: Deadline) -> Checked {
        let object = &created.object;
        let others = self.under_way.fetch_add(1, Ordering::SeqCst);
        self.begun
            .lock()
            .unwrap()
            .push((object.key.clone(), others));
        tokio::task::yield_now().await;
        let mut report = Report::new();
        let finding = Finding::for_tests(
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
                rest = Some(EventObject::rest(object.clone(), 5));
            }
            "begins-lately" | "begins-long-ago" => {
                let age = if object.key == "begins-lately" {
                    23
                } else {
                    24
                };
                let ended = Timestamp::now() - jiff::SignedDuration::from_hours(age);
                let mut finding = finding;
                finding.start_of_retained = Some(ended);
                report.findings.push(finding);
            }
            "panics" => panic!("as requested"),
            "stalls" => std::future::pending().await,
            "long" => {
                rest = Some(EventObject::rest(object.clone(), created.resume_at.max(5)));
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
            "restored" => {
                tokio::time::sleep(Duration::from_millis(1200)).await;
                let all_clear = finding.clone().into_all_clear("It is back.");
                report.all_clears.push(all_clear);
                report.findings.push(finding);
            }
            "slow" => tokio::time::sleep(Duration::from_millis(1200)).await,
            key => {
                report.valid = 1;
                if key.ends_with("recordedInThis01.json.gz") {
                    report.looked_at.push("a key that it names".to_owned());
                }
            }
        }
        let end = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(1);
        let digest = match object.key.as_str() {
            "nowhere" => None,
            key if key.starts_with("AWSLogs/") => Some(SeenDigest {
                stated: Some(StatedDigest {
                    start_time: Timestamp::UNIX_EPOCH,
                    end_time: end,
                    key_fingerprint: "f00d".to_owned(),
                    log_files: 0,
                }),
                is_signed: true,
                ..SeenDigest::default()
            }),
            _ => Some(SeenDigest::default()),
        };
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        Checked {
            report,
            rest,
            updates: Vec::new(),
            digest,
            log_files: None,
        }
    }
}

/// An evidence bucket in memory.
#[derive(Default)]
struct Shelf {
    /// The start of the keys that it refuses.
    refuses: &'static str,
    documents: Mutex<HashMap<String, String>>,
}

impl KeepEvidence for Shelf {
    async fn keep(&self, key: &str, document: String) -> Result<(), StoreError> {
        if !self.refuses.is_empty() && key.starts_with(self.refuses) {
            return Err(refused(key));
        }
        let mut documents = self.documents.lock().unwrap();
        documents.insert(key.to_owned(), document);
        Ok(())
    }
}

impl AddEvidence for Shelf {
    async fn add(&self, key: &str, document: String) -> Result<(), StoreError> {
        self.keep(key, document).await
    }
}

impl ReplaceEvidence for Shelf {
    async fn look_up(&self, key: &str, _: usize) -> Result<Option<Versioned>, StoreError> {
        let documents = self.documents.lock().unwrap();
        Ok(documents.get(key).map(|document| Versioned {
            document: document.clone().into_bytes(),
            version: document.clone(),
        }))
    }

    async fn replace(
        &self,
        key: &str,
        document: String,
        version: Option<&str>,
    ) -> Result<bool, StoreError> {
        let current = self.documents.lock().unwrap().get(key).cloned();
        if current.as_deref() != version {
            return Ok(false);
        }
        self.keep(key, document).await?;
        Ok(true)
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

/// The findings that the alerter receives.
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

/// A message that was sent to the function's queue: its body, its passage, and its delay.
type Again = (String, Passage, u64);

#[derive(Default)]
struct Line {
    refuses: bool,
    parks_nothing: bool,
    sent: Mutex<Vec<Again>>,
    parked: Mutex<Vec<String>>,
    delays: Mutex<Vec<(String, u64)>>,
}

impl SetRetry for Line {
    async fn retry_in(&self, receipt: &str, delay: Duration) -> Result<(), StoreError> {
        let entry = (receipt.to_owned(), delay.as_secs());
        self.delays.lock().unwrap().push(entry);
        Ok(())
    }
}

impl Requeue for Line {
    async fn send(&self, body: &str, passage: &Passage, delay: Duration) -> Result<(), StoreError> {
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
}

/// The queues and the evidence bucket of these tests.
struct Memory;

impl Ports for Memory {
    type Findings = Sent;
    type Queue = Line;
    type Evidence = Shelf;
}

type InMemory = Service<ByKey, Memory>;

fn service(findings: Sent, queue: Line) -> Arc<InMemory> {
    Arc::new(service_of(findings, queue))
}

fn service_of(findings: Sent, queue: Line) -> InMemory {
    Service {
        check: ByKey::default(),
        places: Places {
            log_buckets: vec![BUCKET.to_owned()],
            ..Places::default()
        },
        is_history: false,
        publisher: Publisher {
            findings,
            evidence: Shelf::default(),
            evidence_bucket: None,
            metrics: CheckMetrics::default(),
        },
        resender: Resender {
            queue,
            max_receives: 5,
        },
        unrelated: UnrelatedMessages::default(),
        bytes_read: Arc::default(),
    }
}

/// A message as Lambda delivers it.
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

/// Delivers an object's message, then every message that is sent again for it, each when it is due,
/// until the object is done or parked. Returns the waits, in seconds.
async fn follow(service: &Arc<InMemory>, object: &str) -> Vec<i64> {
    let (body, mut passage) = (key(object), Passage::default());
    let mut waits = Vec::new();
    loop {
        let now = Timestamp::now();
        let event = json!({"Records": [record("m", &body, 1, &passage)]});
        assert!(sent_back(&invoke(service, event).await.unwrap()).is_empty());
        let sent = take_sent(service);
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

/// The messages that were sent to the queue again since the last call.
fn take_sent(service: &InMemory) -> Vec<Again> {
    std::mem::take(&mut service.resender.queue.sent.lock().unwrap())
}

/// The bodies of the messages that were parked.
fn parked(service: &InMemory) -> Vec<String> {
    service.resender.queue.parked.lock().unwrap().clone()
}

/// The findings that were sent.
fn findings(service: &InMemory) -> Vec<Value> {
    service.publisher.findings.findings.lock().unwrap().clone()
}

/// The keys of the objects whose messages were sent to the queue again.
fn sent_again(service: &InMemory) -> Vec<String> {
    let sent = service.resender.queue.sent.lock().unwrap();
    let mut bodies: Vec<_> = sent.iter().map(|(body, ..)| body.clone()).collect();
    bodies.sort_unstable();
    bodies
}

fn key(key: &str) -> String {
    json!({"bucket": BUCKET, "key": key}).to_string()
}

async fn invoke(service: &Arc<InMemory>, event: Value) -> Result<Value, Diagnostic> {
    let run = Run {
        deadline: Deadline::of_invocation(SystemTime::now() + Duration::from_secs(2)),
        request_id: "request".into(),
        function_version: "7".into(),
    };
    answer(Arc::clone(service), event, run).await
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
