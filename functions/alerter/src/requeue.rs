//! Messages that are delivered again: those that there was no room for, and those that failed.

use crate::alerter::{Alerter, DOCUMENTS_AT_ONCE, Number, Ports};
use aws_lambda_events::event::sqs::SqsMessage;
use futures::stream::{self, StreamExt as _};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::timeout_at;
use trailseal_lambda::Deadline;
use trailseal_lambda::queue::ports::{SendLater as _, SetRetry as _};
use trailseal_lambda::queue::{receive_count, retry_after};

/// The time after which a message that there was no room for is delivered again.
const NO_ROOM: Duration = Duration::from_secs(15);

impl<P: Ports> Alerter<P> {
    /// Sends the messages that there was no room for again. Returns those that the queue did not
    /// accept.
    pub(crate) async fn send_later(
        &self,
        messages: &[SqsMessage],
        later: &BTreeSet<Number>,
        deadline: Deadline,
    ) -> BTreeSet<Number> {
        let mut left = later.clone();
        for number in later {
            let body = messages
                .get(*number)
                .and_then(|message| message.body.as_deref());
            let sent = self.queue.send_later(body.unwrap_or_default(), NO_ROOM);
            match timeout_at(deadline.answer_by, sent).await {
                Ok(Ok(())) => {
                    left.remove(number);
                }
                Ok(Err(error)) => {
                    tracing::warn!(error = ?error.to_string(), "there was no room for the message in this alert, and it could not be sent to the queue again: the queue delivers it again");
                }
                Err(_) => break,
            }
        }
        left
    }

    /// Has messages that go back delivered again before the queue's visibility timeout, which is
    /// meant for functions that crash.
    pub(crate) async fn retry_soon(
        &self,
        messages: &[SqsMessage],
        failed: &BTreeSet<Number>,
        deadline: Deadline,
    ) {
        let failed = failed.iter().filter_map(|number| messages.get(*number));
        let set = stream::iter(failed).for_each_concurrent(DOCUMENTS_AT_ONCE, |message| async move {
            let Some(receipt) = &message.receipt_handle else {
                return;
            };
            if let Err(error) = self.queue.retry_in(receipt, retry_after(receive_count(message))).await {
                tracing::warn!(error = ?error.to_string(), "the time of the next try could not be set: the queue delivers the message again after its visibility timeout");
            }
        });
        // A message whose time is not set is delivered again later.
        let _ = timeout_at(deadline.answer_by, set).await;
    }
}
