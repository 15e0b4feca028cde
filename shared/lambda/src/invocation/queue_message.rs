//! A message of the function's own queue.

use crate::queue::passage::Passage;
use crate::queue::receive_count;
use aws_lambda_events::event::sqs::SqsMessage;
use std::sync::Arc;

/// A message, as the queue delivers it.
pub(super) struct QueueMessage {
    pub(super) id: Option<String>,
    pub(super) body: Arc<str>,
    /// The passage that the message carries. Its attempt is at least the number of times that the
    /// queue delivered the message, so crashes count.
    pub(super) passage: Passage,
    /// How many times the queue delivered the message.
    pub(super) receives: u32,
    /// The receipt handle of this delivery.
    pub(super) receipt: Option<String>,
}

impl QueueMessage {
    pub(super) fn of(message: SqsMessage) -> Self {
        let receives = receive_count(&message);
        let attributes = &message.message_attributes;
        let passage = Passage::read(|name| attributes.get(name)?.string_value.as_deref());
        Self {
            id: message.message_id,
            body: message.body.unwrap_or_default().into(),
            passage: Passage {
                attempt: passage.attempt.max(receives),
                ..passage
            },
            receives,
            receipt: message.receipt_handle,
        }
    }
}
