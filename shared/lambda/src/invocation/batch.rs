//! A batch of SQS messages.

use super::attempt::{Attempt, MAX_HOPS};
use super::check::Check;
use super::event::meant_for;
use super::item_error::ItemError;
use super::queue_message::QueueMessage;
use super::resender::MessageFate;
use super::run::Run;
use super::service::Service;
use crate::queue::ports::Ports;
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use serde_json::Value;
use std::sync::Arc;
use tokio::task::JoinError;
use tokio::time::Instant;
use trailseal::event::EventObjects;

/// Answers a batch of SQS messages. Messages that ran out of time along with others are worked on
/// after all others, one at a time.
pub(super) async fn answer_batch<C: Check, P: Ports>(
    service: &Arc<Service<C, P>>,
    event: Value,
    run: &Run,
) -> Result<SqsBatchResponse, Diagnostic> {
    let batch: SqsEvent = serde_json::from_value(event).map_err(|error| Diagnostic {
        error_type: "MalformedEvent".to_owned(),
        error_message: format!("the SQS event cannot be read: {error}"),
    })?;
    let messages = batch.records.into_iter().map(QueueMessage::of);
    let (alone, together): (Vec<_>, Vec<_>) = messages.partition(|message| message.passage.alone);
    let mut fates: Vec<_> = stream::iter(together)
        .map(|message| Box::pin(work(service, message, run, run.deadline.wind_down)))
        .buffer_unordered(C::AT_ONCE)
        .collect()
        .await;
    for message in alone {
        fates.push(Box::pin(work(service, message, run, run.deadline.half_time)).await);
    }
    let mut response = SqsBatchResponse::default();
    for (id, fate) in fates {
        if fate == MessageFate::ReturnsToQueue {
            let id = id.ok_or_else(|| Diagnostic {
                error_type: "MalformedEvent".to_owned(),
                error_message: "a message has no ID: the whole batch goes back to the queue"
                    .to_owned(),
            })?;
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            response.batch_item_failures.push(failure);
        }
    }
    Ok(response)
}

/// Works on one message of a batch, unless it is too early for it, or too late to start. Returns
/// its ID.
async fn work<C: Check, P: Ports>(
    service: &Arc<Service<C, P>>,
    message: QueueMessage,
    run: &Run,
    start_by: Instant,
) -> (Option<String>, MessageFate) {
    let (passage, deadline) = (message.passage, run.deadline);
    let fate = if let Some(left) = passage.waits(Timestamp::now()) {
        service.resender.wait_on(&message, left, deadline).await
    } else if Instant::now() >= start_by && passage.hops < MAX_HOPS {
        service.resender.postpone(&message, deadline).await
    } else {
        let (own, body, run) = (Arc::clone(service), Arc::clone(&message.body), run.clone());
        // A task of its own: a panic in one item fails only that item.
        let item = tokio::spawn(async move {
            let event = meant_for::<C>(EventObjects::by_text(&body));
            let attempt = Attempt::Counted(passage);
            own.event(event, &run, attempt).await.map(|_| ())
        });
        let abnormal = |error: JoinError| Err(ItemError::Abnormal(error.to_string()));
        match item.await.unwrap_or_else(abnormal) {
            Ok(()) => MessageFate::Done,
            Err(error) => {
                service
                    .resender
                    .after_failure(&message, &error, deadline)
                    .await
            }
        }
    };
    (message.id, fate)
}
