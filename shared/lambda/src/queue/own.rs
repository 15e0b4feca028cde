//! The function's own queue, for what it has no time for or could not verify yet, and its
//! dead-letter queue.

use super::passage::Passage;
use super::ports::{Requeue, SetRetry};
use super::sqs::{SET_RETRY, delay_seconds, retry_in};
use aws_config::SdkConfig;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use aws_sdk_sqs::types::MessageAttributeValue;
use std::time::Duration;
use trailseal::world::{Cause, StoreError};
use trailseal_aws::store_error;

/// The queue that triggers the function, and the queue for what the function gives up.
#[derive(Debug)]
pub struct OwnQueue {
    sqs: aws_sdk_sqs::Client,
    url: Option<String>,
    dead_letter_url: Option<String>,
}

impl OwnQueue {
    /// Returns the queues at these URLs; a queue without a URL accepts nothing.
    #[must_use]
    pub fn new(config: &SdkConfig, url: Option<String>, dead_letter_url: Option<String>) -> Self {
        Self {
            sqs: aws_sdk_sqs::Client::new(config),
            url,
            dead_letter_url,
        }
    }

    fn url(&self, action: &'static str) -> Result<&str, StoreError> {
        configured(self.url.as_deref(), "TRAILSEAL_QUEUE_URL", action)
    }
}

/// Returns the URL of a queue, or an error that `variable` is not set.
fn configured<'a>(
    url: Option<&'a str>,
    variable: &'static str,
    action: &'static str,
) -> Result<&'a str, StoreError> {
    url.ok_or_else(|| StoreError {
        action,
        subject: "the queue".to_owned(),
        cause: Cause::Failed(format!(
            "{variable} is not set: set it to the URL of the queue"
        )),
    })
}

impl SetRetry for OwnQueue {
    async fn retry_in(&self, receipt: &str, delay: Duration) -> Result<(), StoreError> {
        let url = self.url(SET_RETRY)?;
        retry_in(&self.sqs, url, receipt, delay).await
    }
}

impl Requeue for OwnQueue {
    async fn send(&self, body: &str, passage: &Passage, delay: Duration) -> Result<(), StoreError> {
        const ACTION: &str = "send a message to";
        let url = self.url(ACTION)?;
        let request = self.sqs.send_message().queue_url(url).message_body(body);
        let request = request.delay_seconds(delay_seconds(delay));
        send_with(request, passage, ACTION, url).await
    }

    async fn park(&self, body: &str) -> Result<(), StoreError> {
        const ACTION: &str = "park a message in";
        let url = self.dead_letter_url.as_deref();
        let url = configured(url, "TRAILSEAL_DEAD_LETTER_QUEUE_URL", ACTION)?;
        let request = self.sqs.send_message().queue_url(url).message_body(body);
        send_with(request, &Passage::into_dead_letter_queue(), ACTION, url).await
    }
}

/// Sends a message with what it carries.
async fn send_with(
    mut request: SendMessageFluentBuilder,
    passage: &Passage,
    action: &'static str,
    url: &str,
) -> Result<(), StoreError> {
    for (name, value) in passage.attributes() {
        let value = MessageAttributeValue::builder()
            .data_type("Number")
            .string_value(value)
            .build()
            .map_err(|error| StoreError {
                action,
                subject: url.to_owned(),
                cause: Cause::Failed(error.to_string()),
            })?;
        request = request.message_attributes(name, value);
    }
    let sent = request.send().await;
    sent.map_err(|error| store_error(action, url, &error))?;
    Ok(())
}
