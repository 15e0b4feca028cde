//! What an output did not accept: it is sent later, or parked.

use crate::exporter::Exporter;
use crate::ports::Ports;
use jiff::Timestamp;
use trailseal::export::change::Change;
use trailseal::export::rest::{self, Output};
use trailseal_lambda::queue::passage::Passage;
use trailseal_lambda::queue::ports::Requeue as _;
use trailseal_lambda::queue::retry_after;

/// How many times a change is tried: for about three hours, as `alerter` tries SNS.
pub(crate) const MAX_TRIES: u32 = 15;

/// How many times a change is tried that a service refuses until somebody changes something.
const MAX_TRIES_IF_REFUSED: u32 = 3;

/// What an output did not accept.
#[derive(Debug)]
pub(crate) struct Unaccepted {
    pub(crate) output: Output,
    pub(crate) changes: Vec<Change>,
    /// Whether trying again is useless until somebody changes something.
    pub(crate) is_final: bool,
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
        let mut is_settled = true;
        for Unaccepted {
            output,
            changes,
            is_final,
        } in unaccepted
        {
            let tries = if is_final {
                MAX_TRIES_IF_REFUSED
            } else {
                MAX_TRIES
            };
            for message in rest::messages(output, changes) {
                let is_accepted = if passage.attempt >= tries {
                    self.park(&message).await
                } else {
                    self.send_later(&message, passage, now).await
                };
                is_settled = is_settled && is_accepted;
            }
        }
        is_settled
    }

    /// Sends a message to the function's own queue for its next try.
    pub(crate) async fn send_later(&self, body: &str, passage: Passage, now: Timestamp) -> bool {
        let wait = retry_after(passage.attempt);
        let next = passage.again(passage.attempt.saturating_add(1), now, wait);
        let sent = self.queue.send(body, &next, wait).await;
        if let Err(error) = &sent {
            tracing::warn!(error = ?error.to_string(), "what an output did not accept could not be sent to the queue: the queue delivers the whole message again");
        }
        sent.is_ok()
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
