//! Sends changes to one output.

use crate::exporter::Exporter;
use crate::ports::{
    ImportFindings as _, KnowSecrets as _, Ports, PublishChat as _, PutEvents as _,
};
use crate::ports::{Refusal, Refusals};
use crate::send::send;
use crate::shipment::Shipment;
use crate::unaccepted::{Reason, Unaccepted};
use futures::future::join_all;
use jiff::Timestamp;
use serde_json::Value;
use std::borrow::Cow;
use std::ops::Range;
use tokio::time::{Instant, timeout_at};
use trailseal::alert::incident::{self, Incident, MAX_DOCUMENT_BYTES};
use trailseal::export::bus_event::{self, BusEvent};
use trailseal::export::change::{Change, ChangeState};
use trailseal::export::home::Home;
use trailseal::export::rest::Output;
use trailseal::export::security_finding::SecurityFinding;
use trailseal::export::summary::Summary;
use trailseal::export::webhook::SentWebhook;
use trailseal::export::{chat_message, detection, security_finding};
use trailseal::world::SettleEvidence as _;
use trailseal_lambda::Deadline;

/// The maximum number of incidents' documents that are read at the same time.
const DOCUMENTS_AT_ONCE: usize = 16;

/// The number of changes that are sent before the function looks at the time. Only their requests
/// are in memory.
const CHANGES_AT_ONCE: usize = 100;

impl<P: Ports> Exporter<P> {
    /// Sends changes to an output, as long as the invocation starts new work. Returns those that it did
    /// not accept, and those that there was no time for: everything else is done, and is not sent
    /// again. An output that does not answer keeps none of the others from being done.
    pub(crate) async fn deliver(
        &self,
        shipment: Shipment<'_>,
        now: Timestamp,
        deadline: Deadline,
    ) -> Vec<Unaccepted> {
        let Shipment {
            output,
            changes,
            summary,
        } = shipment;
        let give_up = give_up_at(deadline);
        let mut refused = Refusals::new();
        let mut sent = 0_usize;
        for part in changes.chunks(CHANGES_AT_ONCE) {
            // One part is always sent: what is handed on becomes less each time.
            if sent > 0 && Instant::now() >= deadline.wind_down {
                break;
            }
            let answered = timeout_at(give_up, self.send_part(output, part, now, give_up)).await;
            for (position, refusal) in answered.unwrap_or_else(|_| unanswered(0..part.len())) {
                refused.insert(sent.saturating_add(position), refusal);
            }
            sent = sent.saturating_add(part.len());
        }
        let later = changes.get(sent..).unwrap_or_default();
        // What follows the changes waits until they are sent.
        let (summary, summary_later) = if later.is_empty() {
            (summary, None)
        } else {
            (None, summary)
        };
        let refused_summary = match &summary {
            Some(summary) => {
                let published = timeout_at(give_up, self.publish_summary(summary)).await;
                published.unwrap_or_else(|_| Some(no_answer()))
            }
            None => None,
        };
        report(
            output,
            sent,
            later.len(),
            &refused,
            refused_summary.as_ref(),
        );
        let is_final = |refusals: &Refusals| refusals.values().all(|refusal| refusal.is_final);
        let mut unaccepted = Vec::new();
        if !refused.is_empty() || refused_summary.is_some() {
            let all = is_final(&refused) && refused_summary.as_ref().is_none_or(|it| it.is_final);
            let refused = refused.keys().filter_map(|position| changes.get(*position));
            unaccepted.push(Unaccepted {
                output,
                changes: refused.copied().cloned().collect(),
                summary: summary.filter(|_| refused_summary.is_some()),
                reason: if all { Reason::Final } else { Reason::NotNow },
            });
        }
        if !later.is_empty() {
            unaccepted.push(Unaccepted {
                output,
                changes: later.iter().copied().cloned().collect(),
                summary: summary_later,
                reason: Reason::NoTime,
            });
        }
        unaccepted
    }

    /// Sends some changes. Returns those that the output did not accept, by their position.
    async fn send_part(
        &self,
        output: Output,
        changes: &[&Change],
        now: Timestamp,
        give_up: Instant,
    ) -> Refusals {
        match output {
            Output::FindingEvents => self.put(changes, bus_event::of_finding).await,
            Output::IncidentEvents => self.put(changes, bus_event::of_incident).await,
            Output::OcsfEvents => self.put(changes, detection::event).await,
            Output::SecurityHub => self.import(changes).await,
            Output::Chat => {
                let mut refused = Refusals::new();
                for (position, change) in changes.iter().enumerate() {
                    let message = chat_message::of(change);
                    match timeout_at(give_up, self.publish(&message)).await {
                        Ok(None) => {}
                        Ok(Some(refusal)) => {
                            refused.insert(position, refusal);
                        }
                        // People see each message that is sent twice.
                        Err(_) => {
                            refused.extend(unanswered(position..changes.len()));
                            break;
                        }
                    }
                }
                refused
            }
            Output::Webhook => {
                let webhooks = changes.iter().map(|change| SentWebhook::of(change));
                self.put_webhooks(webhooks.collect(), now).await
            }
        }
    }

    async fn put(
        &self,
        changes: &[&Change],
        event: impl Fn(&Change, &Home) -> BusEvent,
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
                .map(|position| (position, Refusal::of(&error)))
                .collect(),
        }
    }

    async fn import(&self, changes: &[&Change]) -> Refusals {
        let mut findings = Vec::new();
        for some in changes.chunks(DOCUMENTS_AT_ONCE) {
            let current = join_all(some.iter().map(|change| self.current(change))).await;
            let of_some = current.iter();
            findings.extend(of_some.map(|change| security_finding::of(change, &self.home)));
        }
        let requests = security_finding::requests(findings.into_iter().enumerate().collect());
        send(requests, |findings: Vec<SecurityFinding>| async move {
            self.hub.import(&findings).await
        })
        .await
    }

    /// Returns the change as closed, if the incident has been closed since. A queue does not keep
    /// the order of messages, and an incident that is imported after its end would stay active in
    /// Security Hub.
    async fn current<'a>(&self, change: &'a Change) -> Cow<'a, Change> {
        if change.incident.state == ChangeState::Closed {
            return Cow::Borrowed(change);
        }
        let id = &change.finding.id;
        let key = incident::key(id);
        let document = self.evidence.recall(&key, MAX_DOCUMENT_BYTES);
        let closed = document.await.ok().and_then(|document| {
            let all_clear = Incident::read(&document, id)?.closing?.all_clear;
            if all_clear.detected_at < change.time() {
                return None;
            }
            let mut incident = change.incident.clone();
            incident.state = ChangeState::Closed;
            let closed = Change {
                finding: all_clear,
                incident,
            };
            // The document in the evidence bucket has texts of any length.
            closed.bounded()
        });
        // An incident that cannot be read, or has no document yet, is imported as it is.
        closed.map_or(Cow::Borrowed(change), Cow::Owned)
    }

    async fn publish_summary(&self, summary: &Summary) -> Option<Refusal> {
        let message = chat_message::of_summary(summary, &self.evidence_bucket);
        self.publish(&message).await
    }

    /// Publishes a chat message. Returns why it was not accepted.
    async fn publish(&self, message: &Value) -> Option<Refusal> {
        let published = self.chat.publish(&message.to_string()).await;
        published.err().map(|error| Refusal::of(&error))
    }
}

/// Returns the time at which a request that is not answered is given up: there is time left to send
/// what an output does not have to the queue.
fn give_up_at(deadline: Deadline) -> Instant {
    let left = deadline.give_up.duration_since(deadline.wind_down);
    deadline.wind_down + left / 2
}

/// Returns refusals for these positions: the output may have accepted them, and did not say so.
fn unanswered(positions: Range<usize>) -> Refusals {
    positions.map(|position| (position, no_answer())).collect()
}

fn no_answer() -> Refusal {
    Refusal {
        reason: "there was no answer in time".to_owned(),
        is_final: false,
    }
}

/// Writes to the log what an output accepted.
fn report(
    output: Output,
    sent: usize,
    later: usize,
    refused: &Refusals,
    refused_summary: Option<&Refusal>,
) {
    let output = output.as_str();
    let count = refused
        .len()
        .saturating_add(usize::from(refused_summary.is_some()));
    if let Some(first) = refused.values().next().or(refused_summary) {
        tracing::warn!(
            output,
            count = sent,
            refused = count,
            reason = ?first.reason,
            "the output did not accept some changes"
        );
    } else if sent > 0 {
        tracing::info!(output, count = sent, "the output accepted all changes");
    }
    if later > 0 {
        tracing::info!(
            output,
            count = later,
            "there was no time left for some changes: they are sent to the queue"
        );
    }
}
