//! The alerter over a topic, a queue and an evidence bucket in memory.

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
use trailseal::alert::findings_message;
use trailseal::alert::notice::Pace;
use trailseal::finding::{Finding, FindingKind, Scope, Stamp};
use trailseal::names::location::ObjectLocation;
use trailseal::world::{
    Absence, Cause, KeepEvidence, ReplaceEvidence, SettleEvidence, StoreError, Versioned,
    WaitingPage,
};
use trailseal_lambda::queue::ports::{PublishAlert, SendLater};
use trailseal_lambda::{AnswerBatch as _, Deadline};

const BUCKET: &str = "amzn-s3-demo-bucket";

/// An AWS in memory, in which one step may be the last.
#[derive(Debug, Default)]
struct World {
    alerts: Vec<Alert>,
    documents: BTreeMap<String, (String, u64)>,
    later: Vec<(String, u64)>,
    retries: Vec<(String, u64)>,
    version: u64,
    /// How many steps were done, each begun and ended.
    steps: usize,
    /// The step at which the function dies.
    dies_at: Option<usize>,
    refuses: BTreeSet<&'static str>,
    /// A word for which SNS refuses a message.
    refused_word: Option<&'static str>,
}

#[derive(Debug, Clone, Default)]
struct Aws(Arc<Mutex<World>>, Arc<Notify>);

impl Aws {
    /// A step: the function may die before it or after it.
    async fn step<T>(
        &self,
        name: &'static str,
        act: impl FnOnce(&mut World) -> T + Send,
    ) -> Result<T, StoreError> {
        self.alive().await;
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
            world.dies_at.is_some_and(|at| world.steps > at)
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

impl SendLater for Aws {
    async fn send_later(&self, body: &str, delay: Duration) -> Result<(), StoreError> {
        let later = (body.to_owned(), delay.as_secs());
        self.step("send", |world| world.later.push(later)).await
    }

    async fn retry_in(&self, receipt: &str, delay: Duration) -> Result<(), StoreError> {
        let retry = (receipt.to_owned(), delay.as_secs());
        self.step("retry", |world| world.retries.push(retry)).await
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
        // Tests wait for no rate.
        rate: Rate::new(60_000),
    }
}

fn at(minute: i64) -> Timestamp {
    let begin: Timestamp = "2026-01-15T12:00:00Z".parse().unwrap();
    begin + SignedDuration::from_mins(minute)
}

fn modified(key: &str) -> Finding {
    let object = ObjectLocation::new(BUCKET, key);
    Finding::new(
        FindingKind::LogFileModified,
        Scope::default(),
        object,
        "Something was done.",
    )
}

/// A reading that somebody did, recorded in a log file.
fn reading(log_file: &str) -> Finding {
    let object = ObjectLocation::new(BUCKET, log_file);
    Finding::new(
        FindingKind::KmsUnlistedReader,
        Scope::default(),
        object,
        "Somebody read.",
    )
    .about("mallory", log_file)
}

fn body(findings: &[Finding], minute: i64) -> String {
    let stamp = Stamp {
        function: "log-verifier",
        detected_at: at(minute),
    };
    let messages = findings_message::compose(findings, stamp, None);
    messages.into_iter().next().unwrap().body
}

/// Lets the alerter answer; gives the places of the messages that go back. `None` where it died.
async fn answer(aws: &Aws, bodies: &[String], minute: i64) -> Option<Vec<usize>> {
    let messages: Vec<SqsMessage> = bodies
        .iter()
        .enumerate()
        .map(|(number, body)| {
            let mut message = SqsMessage::default();
            message.message_id = Some(number.to_string());
            message.body = Some(body.clone());
            message.receipt_handle = Some(format!("receipt {number}"));
            message
        })
        .collect();
    let ends = SystemTime::now() + Duration::from_mins(1);
    let deadline = Deadline::of_invocation(ends);
    let alerter = alerter(aws);
    // What another dead future of the last time has left.
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

/// The findings that SNS has accepted, by kind, object and new occurrences.
fn told(aws: &Aws) -> Vec<(String, String, u64)> {
    let world = aws.0.lock().unwrap();
    let mut told = Vec::new();
    for alert in &world.alerts {
        let message: Value = serde_json::from_str(&alert.message).unwrap();
        let json: Value = serde_json::from_str(message["sqs"].as_str().unwrap()).unwrap();
        for finding in json["findings"].as_array().unwrap() {
            told.push((
                finding["kind"].as_str().unwrap().to_owned(),
                finding["object"]["key"].as_str().unwrap().to_owned(),
                finding["incident"]["new"].as_u64().unwrap(),
            ));
        }
    }
    told
}

fn number_of_alerts(aws: &Aws) -> usize {
    aws.0.lock().unwrap().alerts.len()
}

#[tokio::test]
async fn what_comes_together_is_one_message_and_what_comes_again_is_none() {
    let aws = Aws::default();
    let bodies = [
        body(&[modified("a"), modified("b")], 0),
        body(&[modified("c"), modified("a")], 0),
        body(&[reading("l")], 0),
    ];
    assert_eq!(answer(&aws, &bodies, 0).await, Some(vec![]));
    assert_eq!(number_of_alerts(&aws), 1);
    assert_eq!(told(&aws).len(), 4);
    // Retries, duplicates and other functions.
    for minute in [1, 30, 61, 120] {
        assert_eq!(answer(&aws, &bodies, minute).await, Some(vec![]));
        assert_eq!(number_of_alerts(&aws), 1, "minute {minute}");
    }
    // What persists is repeated after a day.
    assert_eq!(answer(&aws, &bodies, 24 * 60).await, Some(vec![]));
    assert_eq!(number_of_alerts(&aws), 2);
    assert!(
        aws.0.lock().unwrap().alerts[1]
            .subject
            .contains("still open")
    );
}

/// Whoever opens an incident early hides nothing that comes later.
#[tokio::test]
async fn what_is_new_in_an_open_incident_is_an_update_within_the_hour() {
    let aws = Aws::default();
    answer(&aws, &[body(&[reading("noise")], 0)], 0).await;
    for n in 0..20 {
        let new = body(&[reading(&format!("real {n}"))], 5);
        assert_eq!(answer(&aws, &[new], 5 + n).await, Some(vec![]));
    }
    assert_eq!(number_of_alerts(&aws), 1);
    // Nothing else comes: the reminder does, in as many steps as SQS's longest delay makes it.
    let mut minute = 5;
    let mut reminders = 0;
    loop {
        let later = std::mem::take(&mut aws.0.lock().unwrap().later);
        let Some((reminder, delay)) = later.into_iter().next() else {
            break;
        };
        assert!(delay <= 900, "{delay}");
        reminders += 1;
        minute += i64::try_from(delay).unwrap() / 60;
        assert_eq!(answer(&aws, &[reminder], minute).await, Some(vec![]));
    }
    assert!((4..=5).contains(&reminders), "{reminders}");
    assert_eq!(number_of_alerts(&aws), 2);
    assert_eq!(
        told(&aws)[1],
        ("kms-unlisted-reader".to_owned(), "real 19".to_owned(), 20)
    );
    // Each of them is in a list that the message names.
    let world = aws.0.lock().unwrap();
    let message: Value = serde_json::from_str(&world.alerts[1].message).unwrap();
    let json: Value = serde_json::from_str(message["sqs"].as_str().unwrap()).unwrap();
    let folder = json["findings"][0]["incident"]["waited"].as_str().unwrap();
    let (_, folder) = folder.split_once(&format!("{BUCKET}/")).unwrap();
    for n in 0..20 {
        let name = format!("\"real {n}\"");
        let listed = world
            .documents
            .iter()
            .any(|(key, (document, _))| key.starts_with(folder) && document.contains(&name));
        assert!(listed, "{name}");
    }
    drop(world);
    assert!((60..=75).contains(&minute), "{minute}");
}

#[tokio::test]
async fn wherever_the_alerter_dies_the_finding_is_told() {
    let bodies = [
        body(&[modified("a"), modified("b")], 61),
        body(&[reading("l")], 61),
    ];
    let mut died = 0;
    for step in 0.. {
        let aws = Aws::default();
        // An incident that is open, and grows.
        answer(&aws, &[body(&[reading("earlier")], 0)], 0).await;
        let before = told(&aws).len();
        {
            let mut world = aws.0.lock().unwrap();
            world.steps = 0;
            world.dies_at = Some(step);
        }
        let done = answer(&aws, &bodies, 61).await;
        aws.0.lock().unwrap().dies_at = None;
        if done.is_none() {
            died += 1;
            // The messages were not acknowledged: they come again.
            assert_eq!(answer(&aws, &bodies, 70).await, Some(vec![]));
        }
        let keys: BTreeSet<String> = told(&aws)[before..]
            .iter()
            .map(|(_, key, _)| key.clone())
            .collect();
        assert_eq!(
            keys,
            BTreeSet::from(["a", "b", "l"].map(str::to_owned)),
            "died at step {step}"
        );
        // From then on, people have heard of it.
        let alerts = number_of_alerts(&aws);
        assert_eq!(answer(&aws, &bodies, 71).await, Some(vec![]));
        assert_eq!(number_of_alerts(&aws), alerts, "died at step {step}");
        if done.is_some() {
            break;
        }
    }
    assert!(died >= 14, "{died} steps");
}

#[tokio::test]
async fn what_waits_for_its_hour_survives_a_death_at_any_step() {
    for step in 0.. {
        let aws = Aws::default();
        answer(&aws, &[body(&[reading("earlier")], 0)], 0).await;
        {
            let mut world = aws.0.lock().unwrap();
            world.steps = 0;
            world.dies_at = Some(step);
        }
        let new = [body(&[reading("later")], 10)];
        let done = answer(&aws, &new, 10).await;
        aws.0.lock().unwrap().dies_at = None;
        if done.is_none() {
            assert_eq!(answer(&aws, &new, 20).await, Some(vec![]));
        }
        let later = std::mem::take(&mut aws.0.lock().unwrap().later);
        assert!(!later.is_empty(), "died at step {step}: no reminder");
        let reminders: Vec<String> = later.into_iter().map(|(body, _)| body).collect();
        answer(&aws, &reminders, 60).await;
        assert!(
            told(&aws)
                .iter()
                .any(|(_, key, new)| key == "later" && *new == 1),
            "died at step {step}: {:?}",
            told(&aws)
        );
        if done.is_some() {
            break;
        }
    }
}

#[tokio::test]
async fn what_sns_does_not_accept_goes_back_and_claims_nothing() {
    let aws = Aws::default();
    aws.0.lock().unwrap().refuses.insert("publish");
    let bodies = [body(&[modified("a")], 0), body(&[reading("l")], 0)];
    assert_eq!(answer(&aws, &bodies, 0).await, Some(vec![0, 1]));
    assert!(aws.0.lock().unwrap().documents.is_empty());
    // They come again soon, and not only after the visibility timeout.
    let retries = std::mem::take(&mut aws.0.lock().unwrap().retries);
    let soon = |n: u32| (format!("receipt {n}"), 30);
    assert_eq!(retries, [soon(0), soon(1)]);
    aws.0.lock().unwrap().refuses.clear();
    assert_eq!(answer(&aws, &bodies, 1).await, Some(vec![]));
    assert_eq!(told(&aws).len(), 2);
}

#[tokio::test]
async fn an_evidence_bucket_that_fails_keeps_nobody_silent() {
    for refused in ["look up", "replace", "keep", "recall"] {
        let aws = Aws::default();
        aws.0.lock().unwrap().refuses.insert(refused);
        let bodies = [body(&[modified("a")], 0)];
        assert_eq!(answer(&aws, &bodies, 0).await, Some(vec![]), "{refused}");
        assert_eq!(told(&aws).len(), 1, "{refused}");
    }
    // What is not in the message, and in no list that it names, has reached nobody.
    let aws = Aws::default();
    aws.0.lock().unwrap().refuses.insert("keep");
    let bodies: Vec<String> = (0..3_000)
        .map(|n| body(&[modified(&format!("{n:0900}"))], 0))
        .collect();
    let failed = answer(&aws, &bodies, 0).await.unwrap();
    assert_eq!(failed.len() + told(&aws).len(), 3_000);
    aws.0.lock().unwrap().refuses.clear();
    let rest: Vec<String> = failed.iter().map(|n| bodies[*n].clone()).collect();
    assert_eq!(answer(&aws, &rest, 1).await, Some(vec![]));
    let lists: Vec<usize> = {
        let world = aws.0.lock().unwrap();
        let lists = world
            .documents
            .iter()
            .filter(|(key, _)| key.starts_with("alerts/"));
        let count = |document: &str| {
            let list: Value = serde_json::from_str(document).unwrap();
            list["findings"].as_array().unwrap().len()
        };
        lists.map(|(_, (document, _))| count(document)).collect()
    };
    assert_eq!(lists, [failed.len()]);
}

#[tokio::test]
async fn findings_in_a_document_are_read_from_it_and_others_are_no_message() {
    let aws = Aws::default();
    let findings: Vec<Finding> = (0..500).map(|n| modified(&format!("{n:0900}"))).collect();
    let stamp = Stamp {
        function: "log-verifier",
        detected_at: at(0),
    };
    let messages = findings_message::compose(&findings, stamp, Some(BUCKET));
    let document = messages[0].document.clone().unwrap();
    aws.keep(&document.key, document.content).await.unwrap();
    let elsewhere = messages[0].body.replace("findings/", "AWSLogs/");
    let bodies = [
        messages[0].body.clone(),
        elsewhere,
        messages[0].body.replace("2026/01/15/", "2026/01/15/gone"),
        "{}".to_owned(),
        body(&[modified("innocent")], 0),
    ];
    assert_eq!(answer(&aws, &bodies, 0).await, Some(vec![1, 2, 3]));
    let alerts = aws.0.lock().unwrap().alerts.clone();
    assert_eq!(alerts.len(), 1);
    assert!(
        alerts[0].subject.contains("501 findings"),
        "{}",
        alerts[0].subject
    );
}

/// More documents than one invocation reads: the rest comes a moment later.
#[tokio::test]
async fn documents_beyond_the_bound_come_again() {
    let aws = Aws::default();
    let mut bodies = Vec::new();
    for n in 0..20 {
        let findings: Vec<Finding> = (0..400)
            .map(|m| modified(&format!("{n}{m:0900}")))
            .collect();
        let stamp = Stamp {
            function: "log-verifier",
            detected_at: at(0),
        };
        for message in findings_message::compose(&findings, stamp, Some(BUCKET)) {
            let document = message.document.unwrap();
            aws.keep(&document.key, document.content).await.unwrap();
            bodies.push(message.body);
        }
    }
    let mut rounds = 0;
    while !bodies.is_empty() {
        assert_eq!(answer(&aws, &bodies, rounds).await, Some(vec![]));
        rounds += 1;
        let later = std::mem::take(&mut aws.0.lock().unwrap().later);
        bodies = later.into_iter().map(|(body, _)| body).collect();
    }
    assert_eq!(rounds, 3);
    let world = aws.0.lock().unwrap();
    let incidents = world
        .documents
        .keys()
        .filter(|key| key.starts_with("incidents/"));
    assert_eq!(incidents.count(), 20 * 400);
}

/// Two environments hold the same incident: what one writes, the other does not undo.
#[tokio::test]
async fn environments_that_write_at_once_lose_no_occurrence() {
    let aws = Aws::default();
    let (one, other) = ([body(&[reading("one")], 0)], [body(&[reading("other")], 0)]);
    let (a, b) = tokio::join!(answer(&aws, &one, 0), answer(&aws, &other, 0));
    assert_eq!((a, b), (Some(vec![]), Some(vec![])));
    let world = aws.0.lock().unwrap();
    let document = world
        .documents
        .iter()
        .find(|(key, _)| key.starts_with("incidents/"));
    let incident: Value = serde_json::from_str(&document.unwrap().1.0).unwrap();
    assert_eq!(incident["occurrences"], 2);
    assert_eq!(incident["toldOccurrences"], 2);
    assert_eq!(world.alerts.len(), 2);
}

/// What SNS refuses for something in it does not keep its neighbours from people.
#[tokio::test]
async fn a_message_that_sns_refuses_for_good_is_a_short_one() {
    let aws = Aws::default();
    aws.0.lock().unwrap().refused_word = Some("poison");
    let bodies = [body(&[modified("poison"), modified("a")], 0)];
    assert_eq!(answer(&aws, &bodies, 0).await, Some(vec![]));
    let world = aws.0.lock().unwrap();
    assert_eq!(world.alerts.len(), 1);
    assert_eq!(world.alerts[0].subject, "[CRITICAL] Trailseal: 2 findings");
    let list = world
        .documents
        .iter()
        .find(|(key, _)| key.starts_with("alerts/"));
    let (key, (document, _)) = list.unwrap();
    assert!(world.alerts[0].message.contains(key));
    assert!(document.contains("poison") && document.contains("log-file-modified"));
}

/// A reminder and a new occurrence meet: neither is forgotten.
#[tokio::test]
async fn a_reminder_that_meets_another_occurrence_loses_neither() {
    let aws = Aws::default();
    answer(&aws, &[body(&[reading("first")], 0)], 0).await;
    answer(&aws, &[body(&[reading("second")], 5)], 5).await;
    let later = std::mem::take(&mut aws.0.lock().unwrap().later);
    let reminder = [later[0].0.clone()];
    // At the full hour one environment has the reminder, another a third occurrence.
    let third = [body(&[reading("third")], 59)];
    let (a, b) = tokio::join!(answer(&aws, &third, 59), answer(&aws, &reminder, 60));
    assert_eq!((a, b), (Some(vec![]), Some(vec![])));
    // Whatever came first: within the next hour people have heard of all three.
    for round in 1..=10 {
        let later = std::mem::take(&mut aws.0.lock().unwrap().later);
        let reminders: Vec<String> = later.into_iter().map(|(body, _)| body).collect();
        answer(&aws, &reminders, 60 + 15 * round).await;
    }
    let world = aws.0.lock().unwrap();
    let document = world.documents.iter().find(|(key, (document, _))| {
        key.starts_with("incidents/") && document.contains("trailseal.incident/1")
    });
    let incident: Value = serde_json::from_str(&document.unwrap().1.0).unwrap();
    assert_eq!(incident["occurrences"], 3);
    assert_eq!(incident["toldOccurrences"], 3);
}

/// What has grown for an hour takes no room while thousands of it are at hand.
#[tokio::test]
async fn thousands_of_grown_incidents_are_told_in_one_message() {
    let aws = Aws::default();
    let about = |key: &str, n: usize| {
        let object = ObjectLocation::new(BUCKET, format!("{n}{}", "k".repeat(900)));
        Finding::new(
            FindingKind::KmsUnlistedReader,
            Scope::default(),
            object,
            "Somebody read.",
        )
        .about(format!("principal {key}"), format!("{key} {n}"))
    };
    let many = |n: usize| -> Vec<String> {
        let all = (0..300).map(|key| body(&[about(&key.to_string(), n)], 0));
        all.collect()
    };
    assert_eq!(answer(&aws, &many(0), 0).await, Some(vec![]));
    for n in 1..20 {
        assert_eq!(answer(&aws, &many(n), 5).await, Some(vec![]));
    }
    assert_eq!(number_of_alerts(&aws), 1);
    assert_eq!(answer(&aws, &many(20), 61).await, Some(vec![]));
    assert_eq!(number_of_alerts(&aws), 2);
    let world = aws.0.lock().unwrap();
    assert!(
        world.alerts[1].subject.contains("update: 6000 findings"),
        "{}",
        world.alerts[1].subject
    );
}
