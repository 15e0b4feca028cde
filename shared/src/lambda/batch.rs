//! An invocation: a batch of SQS messages, or one event of another kind.

use super::deadline::Deadline;
use super::item::{Check, ItemError, Outcome};
use super::retry::{Attempt, Delivery};
use super::unrelated::UnrelatedMessages;
use crate::config::Places;
use crate::event::{Named, Unrelated};
use crate::finding::Stamp;
use crate::store::{KeepEvidence, Requeue, SendFindings, SettleEvidence};
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::task::JoinError;

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
    service.unrelated.write(Stamp {
        function: C::FUNCTION,
        detected_at: Timestamp::now(),
    });
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

/// Answers a batch of SQS messages.
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
        .buffer_unordered(C::AT_ONCE);
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

impl<C, F, Q, E> Service<C, F, Q, E>
where
    C: Check,
    F: SendFindings,
    Q: Requeue,
    E: KeepEvidence + SettleEvidence,
{
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrival::Arrival;
    use crate::event::Created;
    use crate::finding::{Finding, FindingKind, Report, Scope, Verdict};
    use crate::findings_message::FindingsMessage;
    use crate::lambda::Checked;
    use crate::location::ObjectLocation;
    use crate::store::{Cause, StoreError};
    use serde_json::json;
    use std::collections::HashMap;
    use std::sync::Mutex;
    use std::time::Duration;

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

    fn service(findings: Sent, queue: Line) -> Arc<Service<ByKey, Sent, Line, Shelf>> {
        Arc::new(Service {
            check: ByKey,
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
        let findings = service.findings.findings.lock().unwrap();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0]["kind"], "log-file-modified");
    }

    #[tokio::test]
    async fn what_stays_unreadable_is_said_before_its_message_is_parked() {
        let service = service(Sent::default(), Line::default());
        for receives in 1..=5 {
            let event = sqs(&[("denied", &key("denied"), receives)]);
            let response = invoke(&service, event).await.unwrap();
            assert_eq!(sent_back(&response), ["denied"]);
            let findings = service.findings.findings.lock().unwrap();
            assert_eq!(findings.len(), usize::from(receives == 5));
        }
        let delays = service.queue.delays.lock().unwrap();
        let receipt = "receipt of denied".to_owned();
        assert_eq!(
            *delays,
            [60, 300, 1800, 7200, 0].map(|delay| (receipt.clone(), delay))
        );
        let findings = service.findings.findings.lock().unwrap();
        assert_eq!(findings[0]["severity"], "medium");
        assert_eq!(findings[0]["kind"], "object-unreadable-denied");
    }

    #[tokio::test]
    async fn a_finding_that_is_not_accepted_goes_back_to_its_queue() {
        let sent = Sent {
            refuses: true,
            ..Sent::default()
        };
        let service = service(sent, Line::default());
        let event = sqs(&[("a", &key("tampered"), 1), ("b", &key("honest"), 1)]);
        assert_eq!(sent_back(&invoke(&service, event).await.unwrap()), ["a"]);
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
        assert_eq!(sent_back(&invoke(&service, event).await.unwrap()), ["a"]);
        assert_eq!(service.findings.findings.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn the_rest_is_handed_back_or_the_message_is() {
        let handing = service(Sent::default(), Line::default());
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
        let refusing = service(Sent::default(), line);
        assert_eq!(sent_back(&invoke(&refusing, event).await.unwrap()), ["a"]);
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
        assert_eq!(sent_back(&invoke(&service, event).await.unwrap()), ["a"]);
    }

    #[tokio::test]
    async fn what_a_lifecycle_rule_may_have_expired_is_no_finding_at_any_try() {
        let service = service(Sent::default(), Line::default());
        for receives in [1, 5] {
            let event = sqs(&[("old", &key("begins-long-ago"), receives)]);
            assert_eq!(sent_back(&invoke(&service, event).await.unwrap()), ["old"]);
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
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");
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
