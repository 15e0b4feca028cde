//! One message to SNS, when its turn comes.

use crate::alerter::{Alerter, Ports};
use tokio::time::timeout_at;
use trailseal::alert::Alert;
use trailseal::world::Cause;
use trailseal_lambda::Deadline;
use trailseal_lambda::queue::ports::PublishAlert as _;

/// How many times publishing to SNS is tried in one invocation.
const PUBLISH_ATTEMPTS: usize = 3;

/// Whether SNS accepted a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    Yes,
    /// SNS may accept it a moment later.
    NotNow,
    /// SNS refuses this message.
    Never,
}

impl<P: Ports> Alerter<P> {
    /// Publishes a message when its turn comes. Returns whether SNS accepted it.
    pub(crate) async fn publish(&self, alert: &Alert, deadline: Deadline) -> Accepted {
        for _ in 0..PUBLISH_ATTEMPTS {
            if !self.rate.turn(deadline.give_up).await {
                tracing::warn!(
                    "there was no time left to publish the alert: its messages are delivered again"
                );
                return Accepted::NotNow;
            }
            match timeout_at(deadline.give_up, self.topic.publish(alert)).await {
                Ok(Ok(())) => {
                    tracing::info!(subject = alert.subject, "SNS accepted the alert");
                    return Accepted::Yes;
                }
                Ok(Err(error)) => {
                    tracing::warn!(error = ?error.to_string(), "SNS did not accept the alert");
                    match error.cause {
                        Cause::Unavailable(_) => {}
                        cause if cause.is_permanent() => return Accepted::Never,
                        _ => return Accepted::NotNow,
                    }
                }
                Err(_) => {
                    tracing::warn!(
                        "SNS did not answer in time: the messages of the alert are delivered again"
                    );
                    return Accepted::NotNow;
                }
            }
        }
        Accepted::NotNow
    }
}
