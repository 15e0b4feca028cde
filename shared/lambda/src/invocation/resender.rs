//! Sends a message that failed to be tried again, or parks it.
//!
//! A function sends a message that failed to its own queue again, with a delay, and then removes
//! the original from the queue. In this order, a crash in between leaves two messages, never none.

use super::attempt::Attempt;
use super::deadline::Deadline;
use super::item_error::ItemError;
use super::queue_message::QueueMessage;
use crate::queue::passage::{MAX_DELAY, Passage};
use crate::queue::ports::{Ports, Requeue as _, SetRetry as _};
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::timeout_at;
use trailseal::world::StoreError;

/// How soon a message is delivered again if its dead-letter queue did not accept it.
const PARK_AGAIN: Duration = Duration::from_mins(1);

/// How soon a message is delivered again if there was no time to start on it.
const POSTPONED_BY: Duration = Duration::from_secs(10);

/// The fate of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessageFate {
    /// It is removed from the queue: done, sent again, or parked.
    Done,
    /// It goes back to the queue.
    ReturnsToQueue,
}

/// The function's own queue.
pub(crate) struct Resender<P: Ports> {
    pub(crate) queue: P::Queue,
    /// How many times the queue delivers a message before the queue itself parks it.
    pub(crate) max_receives: u32,
}

impl<P: Ports> Resender<P> {
    /// Sends a message again that arrived before its time. SQS delays it by at most 15 minutes, so
    /// a longer wait has several parts.
    pub(super) async fn wait_on(
        &self,
        message: &QueueMessage,
        left: Duration,
        deadline: Deadline,
    ) -> MessageFate {
        let passage = message.passage;
        self.send_again(message, &passage, left, deadline).await
    }

    /// Sends a message again that there was no time to start on; this does not count as a try.
    pub(super) async fn postpone(&self, message: &QueueMessage, deadline: Deadline) -> MessageFate {
        tracing::info!(
            message_id = message.id,
            "there was no time left to check the message: it is sent to the queue again"
        );
        let sent_on = message.passage.with_next_hop();
        let passage = sent_on.again(sent_on.attempt, Timestamp::now(), POSTPONED_BY);
        self.send_again(message, &passage, POSTPONED_BY, deadline)
            .await
    }

    /// Schedules another try of a message that failed, or parks it after the last try.
    pub(super) async fn after_failure(
        &self,
        message: &QueueMessage,
        error: &ItemError,
        deadline: Deadline,
    ) -> MessageFate {
        let schedule = error.schedule();
        let attempt = message.passage.attempt;
        let is_last = Attempt::Counted(message.passage).is_last(schedule, self.max_receives);
        tracing::warn!(
            message_id = message.id,
            class = error.class(),
            error = ?error.to_string(),
            attempt,
            is_last,
            "the message could not be processed"
        );
        if is_last {
            return self.park(message, deadline).await;
        }
        let wait = schedule.wait_after(attempt);
        let next = attempt.saturating_add(1);
        let mut passage = message.passage.again(next, Timestamp::now(), wait);
        // The other messages of a batch do not pay a second time for what one object costs.
        passage.alone |= matches!(error, ItemError::NoTime(_));
        self.send_again(message, &passage, wait, deadline).await
    }

    /// Sends a message to the queue again. If the queue does not accept it, the original goes back
    /// to the queue, and is delivered again after the same time.
    async fn send_again(
        &self,
        message: &QueueMessage,
        passage: &Passage,
        wait: Duration,
        deadline: Deadline,
    ) -> MessageFate {
        let sent = self.queue.send(&message.body, passage, wait.min(MAX_DELAY));
        match in_time(sent, deadline).await {
            Ok(()) => MessageFate::Done,
            Err(why) => self.leave_in_queue(message, wait, &why, deadline).await,
        }
    }

    /// Sends a message to the dead-letter queue.
    async fn park(&self, message: &QueueMessage, deadline: Deadline) -> MessageFate {
        let parked = self.queue.park(&message.body);
        match in_time(parked, deadline).await {
            Ok(()) => MessageFate::Done,
            Err(why) => {
                // The queue itself parks a message that it has delivered often enough, and the
                // alarm is due.
                let wait = if message.receives >= self.max_receives {
                    Duration::ZERO
                } else {
                    PARK_AGAIN
                };
                self.leave_in_queue(message, wait, &why, deadline).await
            }
        }
    }

    /// Leaves a message in the queue. Without a retry time, it would wait for the queue's
    /// visibility timeout, which is meant for functions that crash.
    async fn leave_in_queue(
        &self,
        message: &QueueMessage,
        wait: Duration,
        why: &str,
        deadline: Deadline,
    ) -> MessageFate {
        tracing::warn!(message_id = message.id, error = ?why, "the message could not be sent to the queue again: the queue delivers the original again");
        if let Some(receipt) = &message.receipt
            && let Err(why) = in_time(self.queue.retry_in(receipt, wait), deadline).await
        {
            tracing::warn!(error = ?why, "the time of the next try could not be set: the queue delivers the message again after its visibility timeout");
        }
        MessageFate::ReturnsToQueue
    }
}

/// Waits for a queue, as long as there is time to answer.
async fn in_time(
    request: impl Future<Output = Result<(), StoreError>>,
    deadline: Deadline,
) -> Result<(), String> {
    match timeout_at(deadline.answer_by, request).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err("the queue did not answer in time".to_owned()),
    }
}
