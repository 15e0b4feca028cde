//! A batch of alerts: each is sent to every output that is turned on.
//!
//! A message that cannot be done at all goes back to the queue. What single outputs do not accept
//! is sent to the queue as a message of its own: everything else in the alert is done. In this
//! order, a crash in between sends something twice, and loses nothing.

use crate::exporter::Exporter;
use crate::ports::Ports;
use crate::shipment::{AlertContent, Shipment};
use crate::unaccepted::MAX_TRIES;
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsMessage};
use futures::future::join_all;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;
use tokio::time::{Instant, timeout_at};
use trailseal::export::change::Change;
use trailseal::export::incoming::{self, Incoming, MAX_LIST_BYTES};
use trailseal::export::rest::Output;
use trailseal::export::webhook::SentWebhook;
use trailseal::world::SettleEvidence as _;
use trailseal_lambda::queue::passage::Passage;
use trailseal_lambda::queue::ports::SetRetry as _;
use trailseal_lambda::queue::{receive_count, retry_after};
use trailseal_lambda::{AnswerBatch, Deadline};

impl<P: Ports> AnswerBatch for Exporter<P> {
    async fn answer(
        &self,
        messages: Vec<SqsMessage>,
        now: Timestamp,
        deadline: Deadline,
    ) -> SqsBatchResponse {
        let mut failed = BTreeSet::new();
        for number in in_order(&messages) {
            let Some(message) = messages.get(number) else {
                continue;
            };
            // A message whose rest no queue has in time goes back: what was sent of it is sent again.
            let exported = self.export(message, now, deadline);
            let is_done = Instant::now() < deadline.wind_down
                && timeout_at(deadline.give_up, exported).await == Ok(true);
            if !is_done {
                failed.insert(number);
            }
        }
        let mut response = SqsBatchResponse::default();
        for message in failed.into_iter().filter_map(|number| messages.get(number)) {
            self.retry_soon(message, deadline).await;
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message.message_id.clone().unwrap_or_default();
            response.batch_item_failures.push(failure);
        }
        response
    }
}

impl<P: Ports> Exporter<P> {
    /// Sends one message to the outputs. Returns whether it is done, or a queue has what is left.
    async fn export(&self, message: &SqsMessage, now: Timestamp, deadline: Deadline) -> bool {
        let attributes = &message.message_attributes;
        let passage = Passage::read(|name| attributes.get(name)?.string_value.as_deref());
        let body = message.body.as_deref().unwrap_or_default();
        match incoming::read(body.as_bytes(), &self.evidence_bucket) {
            Ok(Incoming::Alert {
                changes,
                list,
                unlisted,
            }) => {
                let Some(alert) = self.content(changes, list, unlisted).await else {
                    return false;
                };
                let deliveries = self.outputs.iter().map(|output| {
                    let shipment = Shipment::of(*output, &alert);
                    self.deliver(shipment, now, deadline)
                });
                let unaccepted = join_all(deliveries).await.into_iter().flatten();
                self.settle(unaccepted.collect(), passage, now).await
            }
            Ok(Incoming::Rest(rest)) => {
                if !self.is_on(rest.output) {
                    return true;
                }
                let shipment = Shipment {
                    output: rest.output,
                    changes: rest.changes.iter().collect(),
                    summary: rest.summary,
                };
                let left = self.deliver(shipment, now, deadline).await;
                self.settle(left, passage, now).await
            }
            Ok(Incoming::Returned(webhook)) => self.send_again(body, webhook, passage, now).await,
            Ok(Incoming::Other(schema)) => {
                tracing::info!(schema, "messages of this schema are not exported");
                true
            }
            Err(error) => {
                tracing::error!(error = ?error.to_string(), "the message cannot be exported");
                self.park(body).await
            }
        }
    }

    fn is_on(&self, output: Output) -> bool {
        let is_on = self.outputs.contains(&output);
        if !is_on {
            tracing::info!(
                output = output.as_str(),
                "the output has been turned off: what is left for it is not sent"
            );
        }
        is_on
    }

    /// Returns all findings of an alert: those in it, or those of the list that it names.
    async fn content(
        &self,
        changes: Vec<Change>,
        list: Option<String>,
        unlisted: u64,
    ) -> Option<AlertContent> {
        if unlisted > 0 {
            tracing::warn!(
                count = unlisted,
                "the alert does not have all its findings, and names no list in the evidence bucket: only the findings in it are exported. If alerter could not store the list, it publishes the others again"
            );
        }
        let changes = match &list {
            None => changes,
            Some(key) => self.list(key).await?,
        };
        Some(AlertContent {
            changes,
            list: list.map(|key| format!("s3://{}/{key}", self.evidence_bucket)),
            unlisted,
        })
    }

    /// Returns the findings of the list that an alert names.
    async fn list(&self, key: &str) -> Option<Vec<Change>> {
        let list = match self.evidence.recall(key, MAX_LIST_BYTES).await {
            Ok(list) => list,
            Err(error) => {
                tracing::warn!(error = ?error.to_string(), "the list of all findings of an alert could not be read: the alert goes back to the queue");
                return None;
            }
        };
        match incoming::read_list(&list) {
            Ok(changes) => Some(changes),
            Err(error) => {
                tracing::warn!(key, error = ?error.to_string(), "the list of all findings of an alert cannot be used: the alert goes back to the queue");
                None
            }
        }
    }

    /// Signs a webhook again that EventBridge could not deliver: a receiver refuses a signature
    /// that is some minutes old. EventBridge sends it here through the rule's dead-letter queue, and
    /// it waits before its next try.
    async fn send_again(
        &self,
        body: &str,
        webhook: SentWebhook,
        passage: Passage,
        now: Timestamp,
    ) -> bool {
        if !self.is_on(Output::Webhook) {
            return true;
        }
        if webhook.attempt >= MAX_TRIES || passage.attempt > MAX_TRIES {
            tracing::error!(
                id = webhook.id,
                "the receiver of the webhook did not accept it in {MAX_TRIES} tries"
            );
            return self.park(&from_the_first_try(body)).await;
        }
        if passage.attempt == 1 {
            tracing::warn!(
                id = webhook.id,
                attempt = webhook.attempt,
                "the receiver of the webhook did not accept it: it is signed and sent again later"
            );
            let tried = Passage {
                attempt: webhook.attempt.max(1),
                ..passage
            };
            return self.send_later(body, tried, now).await;
        }
        let again = SentWebhook {
            attempt: webhook.attempt.saturating_add(1),
            ..webhook
        };
        let refused = self.put_webhooks(vec![again], now).await;
        match refused.values().next() {
            None => true,
            Some(refusal) => {
                tracing::warn!(reason = ?refusal.reason, "the webhook could not be signed or sent");
                self.send_later(body, passage, now).await
            }
        }
    }

    /// Has a message that goes back delivered again before the queue's visibility timeout, which is
    /// meant for a function that crashes.
    async fn retry_soon(&self, message: &SqsMessage, deadline: Deadline) {
        let Some(receipt) = &message.receipt_handle else {
            return;
        };
        let retry = self
            .queue
            .retry_in(receipt, retry_after(receive_count(message)));
        if let Ok(Err(error)) = timeout_at(deadline.answer_by, retry).await {
            tracing::warn!(error = ?error.to_string(), "the time of the next try could not be set: the queue delivers the message again after its visibility timeout");
        }
    }
}

/// Returns the positions of the messages in the order in which they were sent: an incident's end
/// comes after its start.
fn in_order(messages: &[SqsMessage]) -> Vec<usize> {
    let sent = |number: &usize| {
        let sent = messages.get(*number)?.attributes.get("SentTimestamp")?;
        sent.parse::<u64>().ok()
    };
    let mut numbers: Vec<usize> = (0..messages.len()).collect();
    numbers.sort_by_key(sent);
    numbers
}

/// Returns the event of a webhook without its number of tries: somebody who moves it back wants it
/// to be tried again.
fn from_the_first_try(body: &str) -> String {
    let event = serde_json::from_str::<Value>(body).ok();
    let event = event.and_then(|mut event| {
        *event.pointer_mut("/detail/attempt")? = Value::from(1);
        Some(event.to_string())
    });
    event.unwrap_or_else(|| body.to_owned())
}
