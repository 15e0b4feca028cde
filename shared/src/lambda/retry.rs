//! When a message that failed is tried again.

use super::batch::Service;
use super::deadline::Deadline;
use super::item::Check;
use crate::store::{KeepEvidence, Requeue, SendFindings, SettleEvidence};
use aws_lambda_events::event::sqs::SqsMessage;
use std::time::Duration;
use tokio::time::timeout_at;

/// How long after its first, second, … delivery a message that goes back is tried again, in
/// seconds: soon after a hiccup, and still hours later in an outage.
const RETRY_AFTER: [u64; 4] = [60, 5 * 60, 30 * 60, 2 * 60 * 60];

/// A delivery of a message.
pub(super) struct Delivery {
    /// Which one, from 1 on.
    pub(super) count: u32,
    receipt: Option<String>,
}

impl Delivery {
    pub(super) fn of(message: &SqsMessage) -> Self {
        let count = message.attributes.get("ApproximateReceiveCount");
        Self {
            count: count.and_then(|count| count.parse().ok()).unwrap_or(1),
            receipt: message.receipt_handle.clone(),
        }
    }
}

/// Whether the event comes back if it fails now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// It is tried again.
    Early,
    /// The queue parks it: what stays unreadable is said now.
    Last,
    /// Nobody counts.
    Only,
}

impl<C, F, Q, E> Service<C, F, Q, E>
where
    C: Check,
    F: SendFindings,
    Q: Requeue,
    E: KeepEvidence + SettleEvidence,
{
    /// A message that goes back would else wait for the queue's visibility timeout, which is made
    /// for functions that crash.
    pub(super) async fn try_again_later(&self, delivery: &Delivery, deadline: Deadline) {
        let Some(receipt) = &delivery.receipt else {
            return;
        };
        let index = usize::try_from(delivery.count.saturating_sub(1)).unwrap_or(usize::MAX);
        let seconds = if delivery.count >= self.max_receives {
            // The queue parks it, and the alarm is due.
            0
        } else {
            let [.., longest] = RETRY_AFTER;
            RETRY_AFTER.get(index).copied().unwrap_or(longest)
        };
        let delay = Duration::from_secs(seconds);
        let set = timeout_at(deadline.answer_by, self.queue.retry_in(receipt, delay)).await;
        if let Ok(Err(error)) = set {
            tracing::warn!(error = ?error.to_string(), "the message comes back only after the visibility timeout");
        }
    }
}
