//! What an output did not accept: it is sent later, or parked.

use crate::exporter::Exporter;
use crate::ports::Ports;
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use std::time::Duration;
use trailseal::export::change::Change;
use trailseal::export::rest::{self, Output};
use trailseal::export::summary::Summary;
use trailseal::world::StoreError;
use trailseal_lambda::queue::passage::Passage;
use trailseal_lambda::queue::ports::Requeue as _;
use trailseal_lambda::queue::retry_after;

/// How many times a change is tried: for about three hours, as `alerter` tries SNS.
pub(crate) const MAX_TRIES: u32 = 15;

/// How many times a change is tried that a service refuses until somebody changes something.
const MAX_TRIES_IF_REFUSED: u32 = 3;

/// The maximum number of messages that are sent to a queue at the same time.
const MESSAGES_AT_ONCE: usize = 8;

/// The reason why an output does not have something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The invocation ended before its turn: it has not been tried.
    NoTime,
    /// The output may accept it later.
    NotNow,
    /// Trying again is useless until somebody changes something.
    Final,
}

/// What an output did not accept.
#[derive(Debug)]
pub(crate) struct Unaccepted {
    pub(crate) output: Output,
    pub(crate) changes: Vec<Change>,
    pub(crate) summary: Option<Summary>,
    pub(crate) reason: Reason,
}

impl<P: Ports> Exporter<P> {
    /// Sends what was not accepted to the function's own queue, or parks it after the last try.
    /// Returns whether a queue accepted everything.
    pub(crate) async fn settle(
        &self,
        unaccepted: Vec<Unaccepted>,
        passage: Passage,
        now: Timestamp,
    ) -> bool {
        let messages = unaccepted.into_iter().flat_map(|unaccepted| {
            let Unaccepted {
                output,
                changes,
                summary,
                reason,
            } = unaccepted;
            let messages = rest::messages(output, changes, summary).into_iter();
            messages.map(move |message| (message, reason))
        });
        let accepted = stream::iter(messages).map(|(message, reason)| async move {
            let tries = match reason {
                Reason::NoTime => return self.send_on(&message, passage).await,
                Reason::NotNow => MAX_TRIES,
                Reason::Final => MAX_TRIES_IF_REFUSED,
            };
            if passage.attempt >= tries {
                self.park(&message).await
            } else {
                self.send_later(&message, passage, now).await
            }
        });
        // What a queue did not accept is delivered again with the whole message.
        let accepted = accepted.buffer_unordered(MESSAGES_AT_ONCE);
        accepted.all(std::future::ready).await
    }

    /// Sends a message that there was no time for to the function's own queue, at once.
    async fn send_on(&self, body: &str, passage: Passage) -> bool {
        let sent = self
            .queue
            .send(body, &passage.with_next_hop(), Duration::ZERO)
            .await;
        is_accepted(&sent)
    }

    /// Sends a message to the function's own queue for its next try.
    pub(crate) async fn send_later(&self, body: &str, passage: Passage, now: Timestamp) -> bool {
        let wait = retry_after(passage.attempt);
        let next = passage.again(passage.attempt.saturating_add(1), now, wait);
        let sent = self.queue.send(body, &next, wait).await;
        is_accepted(&sent)
    }

    /// Sends a message to the dead-letter queue.
    pub(crate) async fn park(&self, body: &str) -> bool {
        let parked = self.queue.park(body).await;
        match &parked {
            Ok(()) => tracing::error!(
                "a message was parked in the dead-letter queue: an output did not accept it"
            ),
            Err(error) => {
                tracing::warn!(error = ?error.to_string(), "a message could not be parked: the queue delivers it again");
            }
        }
        parked.is_ok()
    }
}

fn is_accepted(sent: &Result<(), StoreError>) -> bool {
    if let Err(error) = sent {
        tracing::warn!(error = ?error.to_string(), "what an output does not have could not be sent to the queue: the queue delivers the whole message again");
    }
    sent.is_ok()
}
