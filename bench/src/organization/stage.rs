//! The functions that work on objects: their own handlers and invocations, over what is in memory.

use std::time::Duration;

use anyhow::ensure;
use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trailseal::check::digest::DigestVerifier;
use trailseal::check::key_ring::KeyRing;
use trailseal::check::kms_events::KmsChecker;
use trailseal::kms::expected::Expected;
use trailseal::names::places::Places;
use trailseal::trust::public_key::KeySet;
use trailseal_lambda::{Check, Rehearsal, RehearsalSettings};
use trailseal_tests::trail::Object;

use super::requests::{Request, Tally};
use super::settings::{Function, FunctionSettings};
use super::store::{Counted, Store};
use super::{digest_validator, kms_context_checker, log_verifier};

/// The name of the evidence bucket.
pub(crate) const EVIDENCE: &str = "amzn-s3-demo-evidence";

/// The number of tries of a message; nothing fails here.
const MAX_RECEIVES: u32 = 5;

/// Before the lines of each invocation, this and the invocation's name are written to the log.
pub(crate) const MARK: &str = "@@ ";

/// The form of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Messages {
    /// An invocation has a message for each file.
    Single,
    /// An invocation has one message, which lists the files. The state machine of the history sends
    /// such messages.
    Listing,
}

/// The sums over invocations.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Sums {
    pub(crate) invocations: f64,
    /// The files that the invocations worked on.
    pub(crate) messages: f64,
    pub(crate) tally: Tally,
    /// Bytes of documents written to the evidence bucket.
    pub(crate) written: f64,
    /// Seconds of waiting for answers, as overlapped.
    pub(crate) waited: f64,
    /// Seconds on the processor.
    pub(crate) processor: f64,
    /// The most seconds of waiting of one invocation.
    pub(crate) longest: f64,
}

impl Sums {
    pub(crate) fn add(&mut self, messages: usize, counted: &Counted, took: Took) {
        self.invocations += 1.0;
        self.messages += crate::report::float(messages as u64);
        self.tally += &counted.tally;
        self.written += counted.written;
        self.waited += took.waited;
        self.processor += took.processor;
        self.longest = self.longest.max(took.waited);
    }

    /// Returns the sums of this many messages, if each takes what these took on average.
    pub(crate) fn of(&self, messages: f64) -> Self {
        let factor = messages / self.messages;
        Self {
            invocations: self.invocations * factor,
            messages,
            tally: self.tally.times(factor),
            written: self.written * factor,
            waited: self.waited * factor,
            processor: self.processor * factor,
            longest: self.longest,
        }
    }
}

/// The time that something took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Took {
    /// Seconds of waiting for answers.
    pub(crate) waited: f64,
    /// Seconds on the processor.
    pub(crate) processor: f64,
}

/// The time at which something began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Began {
    clock: Duration,
    processor: f64,
}

impl Began {
    pub(crate) fn now(store: &Store) -> Self {
        Self {
            clock: store.clock().now(),
            processor: processor_time(),
        }
    }

    pub(crate) fn elapsed(self, store: &Store) -> Took {
        Took {
            processor: processor_time() - self.processor,
            waited: store.clock().now().saturating_sub(self.clock).as_secs_f64(),
        }
    }
}

/// Returns the seconds that this thread has been on a processor.
pub(crate) fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    time.map_or(f64::NAN, |time| Duration::from(time).as_secs_f64())
}

/// Returns a verifier of digests that remembers no key yet.
pub(crate) fn digests(store: &Store, places: &Places) -> DigestVerifier<Store, Store> {
    let keys = KeyRing::new(store.clone(), KeySet::default()).pinned_where_refused();
    DigestVerifier::new(store.clone(), keys, places.clone())
}

/// An environment of a function.
pub(crate) enum Environment {
    Validator(Rehearsal<digest_validator::DigestValidator<Store, Store>, Store>),
    Verifier(Rehearsal<log_verifier::LogVerifier<Store, Store, Store>, Store>),
    Checker(Rehearsal<kms_context_checker::KmsContextChecker<Store, Store, Store>, Store>),
}

impl Environment {
    /// Starts an environment as the `main.rs` of the function does.
    ///
    /// # Panics
    /// For a function that does not work on new objects.
    pub(crate) fn start(function: Function, store: &Store, places: &Places) -> Self {
        let digests = || digests(store, places);
        let is_history = function.is_history();
        match function {
            Function::DigestValidator | Function::HistoryDigestValidator => {
                let check = digest_validator::DigestValidator::new(digests());
                Self::Validator(rehearsal(check, store, places, is_history))
            }
            Function::LogVerifier | Function::HistoryLogVerifier => {
                let evidence = (!is_history).then(|| store.clone());
                let check = log_verifier::LogVerifier::new(digests(), evidence);
                Self::Verifier(rehearsal(check, store, places, is_history))
            }
            Function::KmsContextChecker => {
                let expected = Expected {
                    places: places.clone(),
                    ..Expected::default()
                };
                let checker = KmsChecker::new(store.clone(), store.clone(), expected);
                let check = kms_context_checker::KmsContextChecker::new(checker, store.clone());
                Self::Checker(rehearsal(check, store, places, is_history))
            }
            _ => panic!("{} does not work on new objects", function.name()),
        }
    }

    /// Invokes the function with files, and adds what that took to `sums`, if it counts.
    ///
    /// # Errors
    /// If the answer is not that all messages are done, or if there is a finding in what counts.
    pub(crate) async fn invoke(
        &self,
        messages: Messages,
        files: &[&Object],
        settings: FunctionSettings,
        store: &Store,
        sums: Option<&mut Sums>,
    ) -> anyhow::Result<()> {
        let event = match messages {
            Messages::Single => sqs_event(files.iter().map(|file| s3_event(file).to_string())),
            Messages::Listing => sqs_event([listing(files)]),
        };
        let timeout = Duration::from_secs(settings.timeout);
        store.take();
        let began = Began::now(store);
        let answer = async {
            match self {
                Self::Validator(function) => function.answer(event, timeout).await,
                Self::Verifier(function) => function.answer(event, timeout).await,
                Self::Checker(function) => function.answer(event, timeout).await,
            }
        };
        let answer = store.clock().run(answer).await;
        let took = began.elapsed(store);
        let counted = store.take();
        let answer = answer.map_err(|error| anyhow::anyhow!("{error:?}"))?;
        ensure!(
            answer == json!({"batchItemFailures": []}),
            "the function says {answer}"
        );
        if let Some(sums) = sums {
            for unexpected in [Request::Send, Request::SendAgain] {
                let number = counted.tally.of(unexpected);
                ensure!(number == 0.0, "{number} {}", unexpected.name());
            }
            sums.add(files.len(), &counted, took);
        }
        Ok(())
    }
}

fn rehearsal<C: Check>(
    check: C,
    store: &Store,
    places: &Places,
    is_history: bool,
) -> Rehearsal<C, Store> {
    let settings = RehearsalSettings {
        places: places.clone(),
        evidence_bucket: EVIDENCE.to_owned(),
        is_history,
        max_receives: MAX_RECEIVES,
    };
    let [findings, queue, evidence] = [(); 3].map(|()| store.clone());
    Rehearsal::new(check, settings, findings, queue, evidence)
}

/// Returns the message of the history about digests of one bucket.
fn listing(digests: &[&Object]) -> String {
    let keys: Vec<&str> = digests.iter().map(|digest| digest.key.as_str()).collect();
    let bucket = digests.first().map(|digest| &digest.bucket);
    json!({"bucket": bucket, "keys": keys}).to_string()
}

/// Returns the event of a batch of messages, as Lambda sends it.
fn sqs_event(bodies: impl IntoIterator<Item = String>) -> Value {
    let records = bodies.into_iter().enumerate().map(|(number, body)| {
        json!({
            "messageId": format!("059f36b4-87a3-44ab-83d2-{number:012}"),
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1768438800000",
                "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                "ApproximateFirstReceiveTimestamp": "1768438800001"
            },
            "messageAttributes": {},
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:trailseal",
            "awsRegion": "us-east-1"
        })
    });
    json!({"Records": records.collect::<Vec<_>>()})
}

/// Returns S3's event about a new object:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>.
fn s3_event(object: &Object) -> Value {
    json!({
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "111122223333",
        "time": object.delivered_at.to_string(),
        "region": "us-east-1",
        "resources": [format!("arn:aws:s3:::{}", object.bucket)],
        "detail": {
            "version": "0",
            "bucket": {"name": object.bucket},
            "object": {
                "key": object.key,
                "size": object.body.len(),
                "etag": "b1946ac92492d2347c6235b4d2611184",
                "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
                "sequencer": "00617F08299329D189"
            },
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "cloudtrail.amazonaws.com",
            "source-ip-address": "198.51.100.7",
            "reason": "PutObject"
        }
    })
}
