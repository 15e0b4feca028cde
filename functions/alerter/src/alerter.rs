//! The function and everything that it acts through.

use crate::rate::Rate;
use trailseal::alert::notice::Pace;
use trailseal::world::{FetchEvidence, KeepEvidence, ListStored, ReplaceEvidence, SettleEvidence};
use trailseal_aws::EvidenceBucket;
use trailseal_lambda::AlerterStartup;
use trailseal_lambda::queue::ports::{PublishAlert, SendLater};
use trailseal_lambda::queue::{AlertTopic, FindingsQueue};

/// How many documents are read or written at the same time.
pub(crate) const DOCUMENTS_AT_ONCE: usize = 64;

/// The position of a message in its batch.
pub(crate) type Number = usize;

/// Everything that the function acts through.
pub(crate) trait Ports: Send + Sync + 'static {
    /// Alerts people.
    type Topic: PublishAlert + 'static;
    /// Keeps the incidents.
    type Evidence: KeepEvidence
        + SettleEvidence
        + ReplaceEvidence
        + ListStored
        + FetchEvidence
        + 'static;
    /// Delivers findings, and accepts those that go back.
    type Queue: SendLater + 'static;
}

/// The topic, the evidence bucket and the queue of the stack.
pub(crate) struct Stack;

impl Ports for Stack {
    type Topic = AlertTopic;
    type Evidence = EvidenceBucket;
    type Queue = FindingsQueue;
}

/// Sends findings to people, once for each incident and again when it grows.
pub(crate) struct Alerter<P: Ports> {
    pub(crate) topic: P::Topic,
    pub(crate) evidence: P::Evidence,
    pub(crate) queue: P::Queue,
    pub(crate) evidence_bucket: String,
    pub(crate) pace: Pace,
    pub(crate) rate: Rate,
}

impl Alerter<Stack> {
    /// Returns the function in its stack.
    pub(crate) fn new(startup: &AlerterStartup) -> Self {
        let config = &startup.config;
        Self {
            topic: startup.topic(),
            evidence: startup.evidence(),
            queue: startup.queue(),
            evidence_bucket: config.evidence_bucket.clone(),
            pace: config.pace,
            rate: Rate::new(config.alerts_per_minute),
        }
    }
}
