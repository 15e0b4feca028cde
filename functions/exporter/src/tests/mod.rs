//! The exporter with every service in memory.

mod large;
mod outages;
mod outputs;
mod webhooks;

use crate::exporter::Exporter;
use crate::ports::{ImportFindings, KnowSecrets, Ports, PublishChat, PutEvents, Refusal, Refusals};
use aws_lambda_events::event::sqs::{SqsMessage, SqsMessageAttribute};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;
use trailseal::export::bus_event::BusEvent;
use trailseal::export::home::Home;
use trailseal::export::rest::Output;
use trailseal::export::security_finding::SecurityFinding;
use trailseal::export::webhook::Secrets;
use trailseal::world::{Absence, Cause, SettleEvidence, StoreError, WaitingPage};
use trailseal_lambda::queue::passage::Passage;
use trailseal_lambda::queue::ports::{Requeue, SetRetry};
use trailseal_lambda::{AnswerBatch as _, Deadline};

/// Everything that happened, and what fails.
#[derive(Default)]
struct Memory {
    events: Mutex<Vec<BusEvent>>,
    findings: Mutex<Vec<SecurityFinding>>,
    chat: Mutex<Vec<Value>>,
    documents: Mutex<BTreeMap<String, Vec<u8>>>,
    sent: Mutex<Vec<(String, Passage)>>,
    parked: Mutex<Vec<String>>,
    /// Outputs that fail, and how.
    down: Mutex<BTreeMap<&'static str, Cause>>,
    /// The time that a request to the bus takes.
    slow: Mutex<Duration>,
    /// The number of chat messages after which the chat does not answer.
    silent_after: Mutex<Option<usize>>,
    /// The IDs of incidents that Security Hub refuses.
    refused: Mutex<Vec<String>>,
}

impl Memory {
    fn up(&self, name: &'static str) -> Result<(), StoreError> {
        match self.down.lock().unwrap().get(name) {
            None => Ok(()),
            Some(cause) => Err(StoreError {
                action: "use",
                subject: name.to_owned(),
                cause: cause.clone(),
            }),
        }
    }

    fn fail(&self, name: &'static str, cause: Cause) {
        self.down.lock().unwrap().insert(name, cause);
    }
}

struct Everything(Arc<Memory>);

struct InMemory;

impl Ports for InMemory {
    type Bus = Everything;
    type Hub = Everything;
    type Chat = Everything;
    type Secret = Everything;
    type Evidence = Everything;
    type Queue = Everything;
}

impl PutEvents for Everything {
    async fn put(&self, events: &[BusEvent]) -> Result<Refusals, StoreError> {
        self.0.up("bus")?;
        let slow = *self.0.slow.lock().unwrap();
        tokio::time::sleep(slow).await;
        self.0.events.lock().unwrap().extend_from_slice(events);
        Ok(Refusals::new())
    }
}

impl ImportFindings for Everything {
    async fn import(&self, findings: &[SecurityFinding]) -> Result<Refusals, StoreError> {
        self.0.up("hub")?;
        let refused = self.0.refused.lock().unwrap();
        let mut refusals = Refusals::new();
        for (position, finding) in findings.iter().enumerate() {
            if refused.iter().any(|id| finding.id.ends_with(id)) {
                let refusal = Refusal {
                    reason: "InvalidInput".to_owned(),
                    is_final: true,
                };
                refusals.insert(position, refusal);
            } else {
                self.0.findings.lock().unwrap().push(finding.clone());
            }
        }
        Ok(refusals)
    }
}

impl PublishChat for Everything {
    async fn publish(&self, message: &str) -> Result<(), StoreError> {
        self.0.up("chat")?;
        let silent_after = *self.0.silent_after.lock().unwrap();
        if silent_after.is_some_and(|count| self.0.chat.lock().unwrap().len() >= count) {
            pending::<()>().await;
        }
        let message = serde_json::from_str(message).unwrap();
        self.0.chat.lock().unwrap().push(message);
        Ok(())
    }
}

impl KnowSecrets for Everything {
    async fn secrets(&self) -> Result<Arc<Secrets>, StoreError> {
        self.0.up("secret")?;
        Ok(Arc::new(
            Secrets::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap(),
        ))
    }
}

impl SettleEvidence for Everything {
    async fn waiting(&self, _: &str, _: Option<&str>) -> Result<WaitingPage, StoreError> {
        Ok(WaitingPage::default())
    }

    async fn recall(&self, key: &str, limit: usize) -> Result<Vec<u8>, StoreError> {
        self.0.up("evidence")?;
        let documents = self.0.documents.lock().unwrap();
        let document = documents.get(key).cloned().ok_or_else(|| StoreError {
            action: "read",
            subject: key.to_owned(),
            cause: Cause::Absent(Absence::NoObject),
        })?;
        assert!(document.len() <= limit);
        Ok(document)
    }

    async fn discard(&self, _: &str) -> Result<(), StoreError> {
        Ok(())
    }
}

impl SetRetry for Everything {
    async fn retry_in(&self, _: &str, _: Duration) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Requeue for Everything {
    async fn send(&self, body: &str, passage: &Passage, _: Duration) -> Result<(), StoreError> {
        self.0.up("queue")?;
        self.0
            .sent
            .lock()
            .unwrap()
            .push((body.to_owned(), *passage));
        Ok(())
    }

    async fn park(&self, body: &str) -> Result<(), StoreError> {
        self.0.up("queue")?;
        self.0.parked.lock().unwrap().push(body.to_owned());
        Ok(())
    }
}

struct World {
    memory: Arc<Memory>,
    exporter: Exporter<InMemory>,
}

impl World {
    fn new() -> Self {
        let memory = Arc::new(Memory::default());
        let everything = || Everything(Arc::clone(&memory));
        let exporter = Exporter {
            bus: everything(),
            hub: everything(),
            chat: everything(),
            secret: everything(),
            evidence: everything(),
            queue: everything(),
            home: Home::new("us-east-1", "111122223333").unwrap(),
            outputs: vec![
                Output::FindingEvents,
                Output::IncidentEvents,
                Output::OcsfEvents,
                Output::SecurityHub,
                Output::Chat,
                Output::Webhook,
            ],
            evidence_bucket: "amzn-s3-demo-bucket".to_owned(),
        };
        Self { memory, exporter }
    }

    /// Gives messages to the function. Returns the IDs of those that go back.
    async fn deliver(&self, messages: Vec<SqsMessage>) -> Vec<String> {
        self.deliver_within(messages, Duration::from_mins(2)).await
    }

    /// Gives messages to an invocation that starts nothing after this time.
    async fn deliver_within(&self, messages: Vec<SqsMessage>, time: Duration) -> Vec<String> {
        let ends = SystemTime::now() + Duration::from_mins(4);
        let deadline = Deadline {
            wind_down: Instant::now() + time,
            ..Deadline::of_invocation(ends)
        };
        self.deliver_until(messages, deadline).await
    }

    async fn deliver_until(&self, messages: Vec<SqsMessage>, deadline: Deadline) -> Vec<String> {
        let now: Timestamp = "2026-01-15T16:00:00Z".parse().unwrap();
        let response = self.exporter.answer(messages, now, deadline).await;
        let failed = response.batch_item_failures.into_iter();
        failed.map(|failure| failure.item_identifier).collect()
    }

    /// Gives the function what it sent to itself, as the queue does later.
    async fn deliver_sent(&self) -> Vec<String> {
        let sent = std::mem::take(&mut *self.memory.sent.lock().unwrap());
        let messages = sent.into_iter().map(|(body, passage)| {
            let mut message = message(&body);
            for (name, value) in passage.attributes() {
                let mut attribute = SqsMessageAttribute::default();
                attribute.string_value = Some(value);
                message
                    .message_attributes
                    .insert(name.to_owned(), attribute);
            }
            message
        });
        self.deliver(messages.collect()).await
    }

    /// Returns the detail types of the events, each with its number.
    fn events(&self) -> BTreeMap<&'static str, usize> {
        let mut types = BTreeMap::new();
        for event in self.memory.events.lock().unwrap().iter() {
            *types.entry(event.detail_type).or_default() += 1;
        }
        types
    }
}

/// The lines that the function writes to its log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Collects the lines of this thread until the guard is dropped.
    fn collect(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let lines = tracing_subscriber::fmt().with_ansi(false);
        let lines = lines.with_writer(move || log.clone());
        tracing::subscriber::set_default(lines.finish())
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn message(body: &str) -> SqsMessage {
    let mut message = SqsMessage::default();
    message.message_id = Some("m".to_owned());
    message.receipt_handle = Some("r".to_owned());
    message.body = Some(body.to_owned());
    message
}

/// Returns a finding of an incident, as an alert has it.
fn finding(incident: char, state: &str, minute: u8) -> Value {
    json!({
        "schema": "trailseal.finding/1", "id": incident.to_string().repeat(64),
        "severity": "critical", "kind": "object-deleted", "account": "444455556666",
        "region": "us-east-1", "trail": null, "homeRegion": null,
        "object": {"bucket": "amzn-s3-demo-bucket", "key": format!("k{minute}")},
        "message": "m", "advice": "a", "allClear": state == "closed",
        "detectedAt": format!("2026-01-15T15:{minute:02}:00Z"), "function": "deletion-monitor",
        "version": "0.1.0", "occurrence": format!("{minute:016}"),
        "incident": {
            "state": state, "firstSeen": "2026-01-15T15:00:00Z", "occurrences": 1, "new": 1,
            "document": "s3://amzn-s3-demo-bucket/incidents/x.json",
        },
    })
}

fn alert(findings: &[Value]) -> Value {
    json!({"schema": "trailseal.alert/1", "severity": "critical", "count": findings.len(), "findings": findings})
}
