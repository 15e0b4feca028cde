//! Everything that the function acts through, each a small trait.

use std::collections::BTreeMap;
use std::sync::Arc;
use trailseal::export::bus_event::BusEvent;
use trailseal::export::security_finding::SecurityFinding;
use trailseal::export::webhook::Secrets;
use trailseal::world::{SettleEvidence, StoreError};
use trailseal_lambda::queue::ports::Requeue;

/// The reason why a service did not accept one entry of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The service's words.
    pub(crate) reason: String,
    /// Whether the same entry fails again until somebody changes something.
    pub(crate) is_final: bool,
}

impl Refusal {
    /// Returns the refusal of everything in a request that failed as a whole.
    pub(crate) fn of(error: &StoreError) -> Self {
        Self {
            reason: error.to_string(),
            is_final: error.cause.is_permanent() || error.cause.is_refusal(),
        }
    }
}

/// The entries of a request that were not accepted, by their position.
pub(crate) type Refusals = BTreeMap<usize, Refusal>;

/// Sends events to a bus.
pub(crate) trait PutEvents: Send + Sync {
    /// Sends the events of one request. Returns those that the bus did not accept.
    fn put(&self, events: &[BusEvent])
    -> impl Future<Output = Result<Refusals, StoreError>> + Send;
}

/// Imports findings into Security Hub.
pub(crate) trait ImportFindings: Send + Sync {
    /// Imports the findings of one request. Returns those that Security Hub did not accept.
    fn import(
        &self,
        findings: &[SecurityFinding],
    ) -> impl Future<Output = Result<Refusals, StoreError>> + Send;
}

/// Publishes chat messages.
pub(crate) trait PublishChat: Send + Sync {
    /// Publishes one message.
    fn publish(&self, message: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Knows the secrets that sign webhooks.
pub(crate) trait KnowSecrets: Send + Sync {
    /// Returns the secrets.
    fn secrets(&self) -> impl Future<Output = Result<Arc<Secrets>, StoreError>> + Send;
}

/// Everything that the function acts through.
pub(crate) trait Ports: Send + Sync + 'static {
    type Bus: PutEvents + 'static;
    type Hub: ImportFindings + 'static;
    type Chat: PublishChat + 'static;
    type Secret: KnowSecrets + 'static;
    /// Has incidents and lists of findings.
    type Evidence: SettleEvidence + 'static;
    /// Delivers alerts, and accepts what is sent later.
    type Queue: Requeue + 'static;
}
