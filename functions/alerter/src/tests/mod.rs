//! The alerter with a topic, a queue and an evidence bucket in memory.

mod acknowledgments;
mod all_clears;
mod at_once;
mod crashes;
mod documents;
mod incidents;
mod known;
mod refusals;

use crate::alerter::{Alerter, Ports};
use crate::rate::Rate;
use aws_lambda_events::event::sqs::SqsMessage;
use futures::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::sync::Notify;
use trailseal::alert::Alert;
use trailseal::alert::findings_message::{self, FindingsMessage};
use trailseal::alert::notice::Pace;
use trailseal::finding::{Finding, FindingKind, Scope, Stamp};
use trailseal::names::location::ObjectLocation;
use trailseal::world::{
    Absence, Cause, FetchEvidence, KeepEvidence, ListStored, ReplaceEvidence, SettleEvidence,
    StoreError, StoredDocument, StoredPage, Versioned, WaitingPage,
};
use trailseal_lambda::queue::ports::{PublishAlert, SendLater, SetRetry};
use trailseal_lambda::{AnswerBatch as _, Deadline};

const BUCKET: &str = "amzn-s3-demo-bucket";

/// An AWS in memory, in which any step may be the last.
#[derive(Debug, Default)]
struct World {
    alerts: Vec<Alert>,
    documents: BTreeMap<String, (String, u64)>,
    later: Vec<(String, u64)>,
    retries: Vec<(String, u64)>,
    /// How many times the queue has delivered each message.
    receives: u32,
    version: u64,
    /// How many steps were done; the start and the end of each count.
    steps: usize,
    /// The step at which the function dies.
    crashes_at: Option<usize>,
    refuses: BTreeSet<&'static str>,
    /// The steps that never end.
    stalls: BTreeSet<&'static str>,
    /// A word that makes SNS refuse a message.
    refused_word: Option<&'static str>,
}

#[derive(Debug, Clone, Default)]
struct Aws(Arc<Mutex<World>>, Arc<Notify>);

impl Aws {
    /// Does a step: the function may die before it or after it.
    async fn step<T>(
        &self,
        name: &'static str,
        act: impl FnOnce(&mut World) -> T + Send,
    ) -> Result<T, StoreError> {
        self.alive().await;
        let stalls = self.0.lock().unwrap().stalls.contains(name);
        if stalls {
            std::future::pending::<()>().await;
        }
        let result = {
            let mut world = self.0.lock().unwrap();
            if world.refuses.contains(name) {
                return Err(StoreError {
                    action: name,
                    subject: "x".to_owned(),
                    cause: Cause::Unavailable("no".to_owned()),
                });
            }
            act(&mut world)
        };
        self.alive().await;
        Ok(result)
    }

    async fn alive(&self) {
        let dies = {
            let mut world = self.0.lock().unwrap();
            world.steps += 1;
            world.crashes_at.is_some_and(|at| world.steps > at)
        };
        if dies {
            self.1.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

impl PublishAlert for Aws {
    async fn publish(&self, alert: &Alert) -> Result<(), StoreError> {
        let refused = {
            let world = self.0.lock().unwrap();
            world
                .refused_word
                .is_some_and(|word| alert.message.contains(word))
        };
        if refused {
            return Err(StoreError {
                action: "publish to",
                subject: "the topic".to_owned(),
                cause: Cause::Failed("InvalidParameter".to_owned()),
            });
        }
        self.step("publish", |world| world.alerts.push(alert.clone()))
            .await
    }
}

impl SetRetry for Aws {
    async fn retry_in(&self, receipt: &str, delay: Duration) -> Result<(), StoreError> {
        let retry = (receipt.to_owned(), delay.as_secs());
        self.step("retry", |world| world.retries.push(retry)).await
    }
}

impl SendLater for Aws {
    async fn send_later(&self, body: &str, delay: Duration) -> Result<(), StoreError> {
        let later = (body.to_owned(), delay.as_secs());
        self.step("send", |world| world.later.push(later)).await
    }
}

impl KeepEvidence for Aws {
    async fn keep(&self, key: &str, document: String) -> Result<(), StoreError> {
        self.step("keep", |world| {
            world.version += 1;
            let version = world.version;
            world.documents.insert(key.to_owned(), (document, version));
        })
        .await
    }
}

impl SettleEvidence for Aws {
    async fn waiting(&self, _: &str, _: Option<&str>) -> Result<WaitingPage, StoreError> {
        unreachable!("the alerter lists nothing")
    }

    async fn recall(&self, key: &str, _: usize) -> Result<Vec<u8>, StoreError> {
        let found = self
            .step("recall", |world| world.documents.get(key).cloned())
            .await?;
        found
            .map(|(document, _)| document.into_bytes())
            .ok_or_else(|| StoreError {
                action: "read",
                subject: key.to_owned(),
                cause: Cause::Absent(Absence::NoObject),
            })
    }

    async fn discard(&self, _: &str) -> Result<(), StoreError> {
        unreachable!("the alerter removes nothing")
    }
}

impl ReplaceEvidence for Aws {
    async fn look_up(&self, key: &str, _: usize) -> Result<Option<Versioned>, StoreError> {
        let found = self
            .step("look up", |world| world.documents.get(key).cloned())
            .await?;
        Ok(found.map(|(document, version)| Versioned {
            document: document.into_bytes(),
            version: version.to_string(),
        }))
    }

    async fn replace(
        &self,
        key: &str,
        document: String,
        version: Option<&str>,
    ) -> Result<bool, StoreError> {
        self.step("replace", |world| {
            let known = world
                .documents
                .get(key)
                .map(|(_, version)| version.to_string());
            if known.as_deref() != version {
                return false;
            }
            world.version += 1;
            let version = world.version;
            world.documents.insert(key.to_owned(), (document, version));
            true
        })
        .await
    }
}

impl ListStored for Aws {
    async fn list_stored(&self, prefix: &str, _: Option<&str>) -> Result<StoredPage, StoreError> {
        self.step("list", |world| {
            let keys = world.documents.keys().filter(|key| key.starts_with(prefix));
            let mut keys: Vec<_> = keys.cloned().collect();
            keys.sort();
            let stored = |key| StoredDocument {
                key,
                last_modified: at(0),
            };
            StoredPage {
                documents: keys.into_iter().map(stored).collect(),
                more: false,
            }
        })
        .await
    }

    async fn list_folders(&self, _: &str) -> Result<(Vec<String>, bool), StoreError> {
        unreachable!("the alerter lists no folders")
    }
}

impl FetchEvidence for Aws {
    async fn fetch(&self, key: &str, _: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self
            .step("fetch", |world| world.documents.get(key).cloned())
            .await?;
        Ok(found.map(|(document, _)| document.into_bytes()))
    }
}

struct InMemory;

impl Ports for InMemory {
    type Topic = Aws;
    type Evidence = Aws;
    type Queue = Aws;
}

fn alerter(aws: &Aws) -> Alerter<InMemory> {
    Alerter {
        topic: aws.clone(),
        evidence: aws.clone(),
        queue: aws.clone(),
        evidence_bucket: BUCKET.to_owned(),
        pace: Pace {
            update_after: SignedDuration::from_hours(1),
            repeat_after: SignedDuration::from_hours(24),
        },
        // Tests do not wait for the rate.
        rate: Rate::new(60_000),
    }
}

fn at(minute: i64) -> Timestamp {
    let start: Timestamp = "2026-01-15T12:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins(minute)
}

fn modified(key: &str) -> Finding {
    let object = ObjectLocation::new(BUCKET, key);
    Finding::for_tests(
        FindingKind::LogFileModified,
        Scope::default(),
        object,
        "Something was done.",
    )
}

/// A read by somebody, recorded in a log file.
fn reading(log_file: &str) -> Finding {
    let object = ObjectLocation::new(BUCKET, log_file);
    Finding::for_tests(
        FindingKind::KmsUnlistedReader,
        Scope::default(),
        object,
        "Somebody read.",
    )
    .about("mallory", log_file)
}

fn body(findings: &[Finding], minute: i64) -> String {
    composed(findings, minute, None).swap_remove(0).body
}

/// The messages that a function sends about findings; with an evidence `bucket`, long ones are
/// documents.
fn composed(findings: &[Finding], minute: i64, bucket: Option<&str>) -> Vec<FindingsMessage> {
    let stamp = Stamp::by_function("log-verifier", at(minute));
    findings_message::compose(findings, stamp, bucket)
}

/// The bodies of the messages that the alerter sent to its queue since the last call.
fn take_later(aws: &Aws) -> Vec<String> {
    let later = std::mem::take(&mut aws.0.lock().unwrap().later);
    later.into_iter().map(|(body, _)| body).collect()
}

/// Lets the alerter answer; returns the positions of the messages that go back, or `None` if it
/// died.
async fn answer(aws: &Aws, bodies: &[String], minute: i64) -> Option<Vec<usize>> {
    answer_within(aws, bodies, minute, Duration::from_mins(1)).await
}

/// Lets the alerter answer in an invocation that has this much time.
async fn answer_within(
    aws: &Aws,
    bodies: &[String],
    minute: i64,
    time: Duration,
) -> Option<Vec<usize>> {
    let messages: Vec<SqsMessage> = bodies
        .iter()
        .enumerate()
        .map(|(number, body)| {
            let mut message = SqsMessage::default();
            message.message_id = Some(number.to_string());
            message.body = Some(body.clone());
            message.receipt_handle = Some(format!("receipt {number}"));
            let receives = aws.0.lock().unwrap().receives.to_string();
            let name = "ApproximateReceiveCount".to_owned();
            message.attributes.insert(name, receives);
            message
        })
        .collect();
    let deadline = Deadline::of_invocation(SystemTime::now() + time);
    let alerter = alerter(aws);
    // The notification that another dead future left last time.
    let _ = aws.1.notified().now_or_never();
    tokio::select! {
        answered = alerter.answer(messages, at(minute), deadline) => Some(failures(answered)),
        () = aws.1.notified() => None,
    }
}

fn failures(response: aws_lambda_events::event::sqs::SqsBatchResponse) -> Vec<usize> {
    let failures = response.batch_item_failures.into_iter();
    failures
        .map(|failure| failure.item_identifier.parse().unwrap())
        .collect()
}

/// The JSON form of an alert.
fn json_of(alert: &Alert) -> Value {
    let message: Value = serde_json::from_str(&alert.message).unwrap();
    serde_json::from_str(message["sqs"].as_str().unwrap()).unwrap()
}

/// The findings that SNS has accepted, by kind, object and new occurrences.
fn published(aws: &Aws) -> Vec<(String, String, u64)> {
    let world = aws.0.lock().unwrap();
    let mut published = Vec::new();
    for alert in &world.alerts {
        for finding in json_of(alert)["findings"].as_array().unwrap() {
            published.push((
                finding["kind"].as_str().unwrap().to_owned(),
                finding["object"]["key"].as_str().unwrap().to_owned(),
                finding["incident"]["new"].as_u64().unwrap(),
            ));
        }
    }
    published
}

fn number_of_alerts(aws: &Aws) -> usize {
    aws.0.lock().unwrap().alerts.len()
}
