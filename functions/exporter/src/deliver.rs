//! Sends changes to one output.

use crate::exporter::Exporter;
use crate::ports::{
    ImportFindings as _, KnowSecrets as _, Ports, PublishChat as _, PutEvents as _,
};
use crate::ports::{Refusal, Refusals};
use crate::send::send;
use crate::unaccepted::Unaccepted;
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use trailseal::alert::incident::{self, Incident, MAX_DOCUMENT_BYTES};
use trailseal::export::bus_event::{self, BusEvent};
use trailseal::export::change::{Change, ChangeState, of_incidents};
use trailseal::export::rest::Output;
use trailseal::export::security_finding::SecurityFinding;
use trailseal::export::webhook::SentWebhook;
use trailseal::export::{chat_message, detection, security_finding};
use trailseal::world::{SettleEvidence as _, StoreError};

/// The maximum number of incidents' documents that are read at the same time.
const DOCUMENTS_AT_ONCE: usize = 16;

impl<P: Ports> Exporter<P> {
    /// Returns the changes of an alert that an output sends.
    pub(crate) fn of_output(output: Output, changes: &[Change]) -> Vec<Change> {
        match output {
            Output::FindingEvents => {
                let new = changes.iter().filter(|change| change.is_new_finding());
                new.cloned().collect()
            }
            Output::IncidentEvents
            | Output::OcsfEvents
            | Output::SecurityHub
            | Output::Chat
            | Output::Webhook => of_incidents(changes).into_iter().cloned().collect(),
        }
    }

    /// Sends changes to an output. Returns those that it did not accept.
    pub(crate) async fn deliver(
        &self,
        output: Output,
        changes: Vec<Change>,
        now: Timestamp,
    ) -> Option<Unaccepted> {
        if changes.is_empty() {
            return None;
        }
        let count = changes.len();
        let refused = match output {
            Output::FindingEvents => self.put(&changes, bus_event::of_finding).await,
            Output::IncidentEvents => self.put(&changes, bus_event::of_incident).await,
            Output::OcsfEvents => self.put(&changes, detection::event).await,
            Output::SecurityHub => self.import(&changes).await,
            Output::Chat => self.publish(&changes).await,
            Output::Webhook => {
                let webhooks = changes.iter().map(SentWebhook::of);
                self.put_webhooks(webhooks.collect(), now).await
            }
        };
        let name = output.as_str();
        if refused.is_empty() {
            tracing::info!(output = name, count, "the output accepted all changes");
            return None;
        }
        let first = refused.values().next();
        tracing::warn!(
            output = name,
            count,
            refused = refused.len(),
            reason = ?first.map(|refusal| refusal.reason.as_str()),
            "the output did not accept some changes"
        );
        let is_final = refused.values().all(|refusal| refusal.is_final);
        let changes = changes.into_iter().enumerate();
        let changes = changes.filter(|(position, _)| refused.contains_key(position));
        Some(Unaccepted {
            output,
            changes: changes.map(|(_, change)| change).collect(),
            is_final,
        })
    }

    async fn put(
        &self,
        changes: &[Change],
        event: impl Fn(&Change, &trailseal::export::home::Home) -> BusEvent,
    ) -> Refusals {
        let events = changes.iter().map(|change| event(change, &self.home));
        self.put_all(events.enumerate().collect()).await
    }

    async fn put_all(&self, events: Vec<(usize, BusEvent)>) -> Refusals {
        let requests = bus_event::requests(events);
        send(requests, |events: Vec<BusEvent>| async move {
            self.bus.put(&events).await
        })
        .await
    }

    /// Signs webhooks and sends their events.
    pub(crate) async fn put_webhooks(
        &self,
        webhooks: Vec<SentWebhook>,
        now: Timestamp,
    ) -> Refusals {
        match self.secret.secrets().await {
            Ok(secrets) => {
                let events = webhooks.iter().map(|webhook| webhook.event(&secrets, now));
                self.put_all(events.enumerate().collect()).await
            }
            Err(error) => (0..webhooks.len())
                .map(|position| (position, refusal(&error)))
                .collect(),
        }
    }

    async fn import(&self, changes: &[Change]) -> Refusals {
        let findings = stream::iter(changes.iter().cloned().enumerate())
            .map(|(position, change)| async move {
                let change = self.current(&change).await;
                (position, security_finding::of(&change, &self.home))
            })
            .buffered(DOCUMENTS_AT_ONCE);
        let requests = security_finding::requests(findings.collect().await);
        send(requests, |findings: Vec<SecurityFinding>| async move {
            self.hub.import(&findings).await
        })
        .await
    }

    /// Returns the change as closed, if the incident has been closed since. A queue does not keep
    /// the order of messages, and an incident that is imported after its end would stay active in
    /// Security Hub.
    async fn current(&self, change: &Change) -> Change {
        let mut change = change.clone();
        if change.incident.state == ChangeState::Closed {
            return change;
        }
        let id = &change.finding.id;
        // An incident that cannot be read, or has no document yet, is imported as it is.
        let key = incident::key(id);
        let document = self.evidence.recall(&key, MAX_DOCUMENT_BYTES);
        let closing = document.await.ok().and_then(|document| {
            let incident = Incident::read(&document, id)?;
            incident.closing
        });
        if let Some(closing) = closing
            && closing.all_clear.detected_at >= change.time()
        {
            change.incident.state = ChangeState::Closed;
            change.finding = closing.all_clear;
            // The document in the evidence bucket has texts of any length.
            return change.clone().bounded().unwrap_or(change);
        }
        change
    }

    async fn publish(&self, changes: &[Change]) -> Refusals {
        let mut refused = Refusals::new();
        for (position, change) in changes.iter().enumerate() {
            let message = chat_message::of(change).to_string();
            if let Err(error) = self.chat.publish(&message).await {
                refused.insert(position, refusal(&error));
            }
        }
        refused
    }
}

fn refusal(error: &StoreError) -> Refusal {
    Refusal {
        reason: error.to_string(),
        is_final: error.cause.is_permanent() || error.cause.is_refusal(),
    }
}
