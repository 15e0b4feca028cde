//! Where findings, alerts and messages go, each a small trait.

use super::passage::Passage;
use std::time::Duration;
use trailseal::alert::Alert;
use trailseal::alert::findings_message::FindingsMessage;
use trailseal::world::{KeepEvidence, SettleEvidence, StoreError};

/// Hands findings to whoever tells people.
pub trait SendFindings: Send + Sync {
    /// Sends a message; returns once it was accepted, and its document is in the evidence bucket.
    /// Repeats of one message are harmless.
    ///
    /// # Errors
    /// [`StoreError`]: the findings may not have gone out and must be sent again.
    fn send(
        &self,
        message: &FindingsMessage,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Puts a message into the queue of findings once more.
pub trait SendLater: Send + Sync {
    /// Has a message delivered after `delay`, 15 minutes at most; returns once the queue has it.
    ///
    /// # Errors
    /// [`StoreError`]: the queue may not have it.
    fn send_later(
        &self,
        body: &str,
        delay: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Has a message that goes back delivered again after `delay`, and not only when the queue's
    /// visibility timeout has passed.
    ///
    /// # Errors
    /// [`StoreError`]: it comes back all the same, only later.
    fn retry_in(
        &self,
        receipt: &str,
        delay: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Tells people.
pub trait PublishAlert: Send + Sync {
    /// Sends an alert; returns once it was accepted. Repeats of one alert are harmless. It is tried
    /// once: how many messages go out in a minute is the caller's to decide.
    ///
    /// # Errors
    /// [`StoreError`]: the alert may not have gone out and must be sent again.
    fn publish(&self, alert: &Alert) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Puts work back in line.
pub trait Requeue: Send + Sync {
    /// Sends a message to the function's own queue; returns once the queue has it. SQS delivers it
    /// after `delay`, which is [`super::passage::MAX_DELAY`] at most.
    ///
    /// # Errors
    /// [`StoreError`]: the queue may not have it, and the message at hand must not be let go.
    fn send(
        &self,
        body: &str,
        passage: &Passage,
        delay: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Sends a message to the function's dead-letter queue, where it waits for somebody to look at
    /// it; returns once the queue has it.
    ///
    /// # Errors
    /// [`StoreError`]: the queue may not have it, and the message at hand must not be let go.
    fn park(&self, body: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Has a message that goes back delivered again after `delay`, not only when the queue's
    /// visibility timeout has passed.
    ///
    /// # Errors
    /// [`StoreError`]: it comes back all the same, only later.
    fn retry_in(
        &self,
        receipt: &str,
        delay: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Everything that a function acts through.
pub(crate) trait Ports: Send + Sync + 'static {
    /// Takes findings.
    type Findings: SendFindings + 'static;
    /// Takes messages back.
    type Queue: Requeue + 'static;
    /// Keeps receipts and what waits.
    type Evidence: KeepEvidence + SettleEvidence + 'static;
}
