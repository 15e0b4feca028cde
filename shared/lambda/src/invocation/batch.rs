//! A batch of SQS messages.

use super::attempt::{Attempt, MAX_HOPS};
use super::check::Check;
use super::event::meant_for;
use super::item_error::ItemError;
use super::queue_message::QueueMessage;
use super::resender::{MessageFate, Resender};
use super::run::Run;
use super::service::Service;
use crate::queue::passage::Passage;
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

/// A function's work on the messages of its queue.
pub(super) trait Messages: Send + Sync + 'static {
    /// The queues and the evidence bucket.
    type Ports: Ports;

    /// How many messages of a batch are worked on at the same time.
    const AT_ONCE: usize;

    /// Returns the function's own queue.
    fn resender(&self) -> &Resender<Self::Ports>;

    /// Works on one message, which arrived with this passage.
    fn message(
        &self,
        body: &str,
        run: &Run,
        passage: Passage,
    ) -> impl Future<Output = Result<(), ItemError>> + Send;
}

impl<C: Check, P: Ports> Messages for Service<C, P> {
    type Ports = P;
    const AT_ONCE: usize = C::AT_ONCE;

    fn resender(&self) -> &Resender<P> {
        &self.resender
    }

    async fn message(&self, body: &str, run: &Run, passage: Passage) -> Result<(), ItemError> {
        let event = meant_for::<C>(EventObjects::by_text(body));
        let attempt = Attempt::Counted(passage);
        self.event(event, run, attempt).await.map(|_| ())
    }
}

/// Answers a batch of SQS messages. Messages that ran out of time along with others are worked on
/// after all others, one at a time.
pub(super) async fn answer_batch<M: Messages>(
    service: &Arc<M>,
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
        .buffer_unordered(M::AT_ONCE)
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
async fn work<M: Messages>(
    service: &Arc<M>,
    message: QueueMessage,
    run: &Run,
    start_by: Instant,
) -> (Option<String>, MessageFate) {
    let (passage, deadline) = (message.passage, run.deadline);
    let fate = if let Some(left) = passage.waits(Timestamp::now()) {
        service.resender().wait_on(&message, left, deadline).await
    } else if Instant::now() >= start_by && passage.hops < MAX_HOPS {
        service.resender().postpone(&message, deadline).await
    } else {
        let (own, body, run) = (Arc::clone(service), Arc::clone(&message.body), run.clone());
        // A task of its own: a panic in one item fails only that item.
        let item = tokio::spawn(async move { own.message(&body, &run, passage).await });
        let abnormal = |error: JoinError| Err(ItemError::Abnormal(error.to_string()));
        match item.await.unwrap_or_else(abnormal) {
            Ok(()) => MessageFate::Done,
            Err(error) => {
                service
                    .resender()
                    .after_failure(&message, &error, deadline)
                    .await
            }
        }
    };
    (message.id, fate)
}
