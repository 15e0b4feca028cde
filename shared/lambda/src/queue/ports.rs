//! The destinations of findings, alerts and messages, each a small trait.

use super::passage::Passage;
use std::time::Duration;
use trailseal::alert::Alert;
use trailseal::alert::findings_message::FindingsMessage;
use trailseal::names::event_object::EventObject;
use trailseal::world::{AddEvidence, KeepEvidence, ReplaceEvidence, SettleEvidence, StoreError};

/// Hands findings to the component that alerts people.
pub trait SendFindings: Send + Sync {
    /// Sends a message; returns after the queue accepted it and its document is in the evidence
    /// bucket. Repeats of a message are harmless.
    ///
    /// # Errors
    /// [`StoreError`]: the findings may not have gone out and must be sent again.
    fn send(
        &self,
        message: &FindingsMessage,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Sends objects to a function that checks them.
pub trait SendEvent: Send + Sync {
    /// Sends an object to check; returns after the queue accepted it. Repeats are harmless.
    ///
    /// # Errors
    /// [`StoreError`]: the queue may not have accepted it.
    fn send_event(
        &self,
        object: &EventObject,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Sets when a queue delivers a message again.
pub trait SetRetry: Send + Sync {
    /// Has a message that goes back delivered again after `delay`, instead of after the queue's
    /// visibility timeout.
    ///
    /// # Errors
    /// [`StoreError`]: the message is still delivered again, only later.
    fn retry_in(
        &self,
        receipt: &str,
        delay: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Sends a message to the queue of findings again.
pub trait SendLater: SetRetry {
    /// Sends a message to be delivered after `delay`, at most 15 minutes; returns after the queue
    /// accepted it.
    ///
    /// # Errors
    /// [`StoreError`]: the queue may not have accepted the message.
    fn send_later(
        &self,
        body: &str,
        delay: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Alerts people.
pub trait PublishAlert: Send + Sync {
    /// Publishes an alert; returns after it was accepted. Repeats of an alert are harmless.
    /// Publishing is tried once: the caller decides how many messages go out in a minute.
    ///
    /// # Errors
    /// [`StoreError`]: the alert may not have gone out and must be sent again.
    fn publish(&self, alert: &Alert) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Sends work back to the queue.
pub trait Requeue: SetRetry {
    /// Sends a message to the function's own queue; returns after the queue accepted it. SQS
    /// delivers it after `delay`, which is at most [`super::passage::MAX_DELAY`].
    ///
    /// # Errors
    /// [`StoreError`]: the queue may not have accepted it, and the original message must be kept.
    fn send(
        &self,
        body: &str,
        passage: &Passage,
        delay: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Sends a message to the function's dead-letter queue, where it waits until somebody looks at
    /// it; returns after the queue accepted it.
    ///
    /// # Errors
    /// [`StoreError`]: the queue may not have accepted it, and the original message must be kept.
    fn park(&self, body: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Everything that a function acts through.
pub trait Ports: Send + Sync + 'static {
    /// Accepts findings.
    type Findings: SendFindings + 'static;
    /// Accepts messages that go back.
    type Queue: Requeue + 'static;
    /// Keeps receipts, chain heads and pending deliveries.
    type Evidence: AddEvidence + KeepEvidence + ReplaceEvidence + SettleEvidence + 'static;
}
