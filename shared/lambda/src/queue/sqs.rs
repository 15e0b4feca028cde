//! The SQS calls that both queues use, and what SQS reports about a message.

use super::passage::MAX_DELAY;
use aws_lambda_events::event::sqs::SqsMessage;
use aws_sdk_sqs::Client;
use std::time::Duration;
use trailseal::world::StoreError;
use trailseal_aws::store_error;

/// Returns the delay of a message in whole seconds, as SQS accepts it.
pub(super) fn delay_seconds(delay: Duration) -> i32 {
    seconds(delay.min(MAX_DELAY))
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

/// The action that a failure of [`retry_in`] names.
pub(super) const SET_RETRY: &str = "set the time of the next try of a message from";

/// Has a message that goes back to the queue at `url` delivered again after `delay`.
pub(super) async fn retry_in(
    sqs: &Client,
    url: &str,
    receipt: &str,
    delay: Duration,
) -> Result<(), StoreError> {
    sqs.change_message_visibility()
        .queue_url(url)
        .receipt_handle(receipt)
        .visibility_timeout(seconds(delay))
        .send()
        .await
        .map_err(|error| store_error(SET_RETRY, url, &error))?;
    Ok(())
}

/// Returns how many times the queue has delivered a message, including this time.
#[must_use]
pub fn receive_count(message: &SqsMessage) -> u32 {
    let count = message.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}
