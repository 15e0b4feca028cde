//! The function's own queue, for what it has no time for or cannot tell yet.

use super::error::store_error;
use crate::event::Created;
use crate::store::{Cause, Requeue, StoreError};
use aws_config::SdkConfig;
use std::time::Duration;

/// The queue that feeds the function.
#[derive(Debug)]
pub struct OwnQueue {
    sqs: aws_sdk_sqs::Client,
    url: Option<String>,
}

impl OwnQueue {
    /// The queue at `url`; without one, nothing can be put back.
    #[must_use]
    pub fn new(config: &SdkConfig, url: Option<String>) -> Self {
        Self {
            sqs: aws_sdk_sqs::Client::new(config),
            url,
        }
    }

    fn url(&self, action: &'static str, subject: &str) -> Result<&str, StoreError> {
        self.url.as_deref().ok_or_else(|| StoreError {
            action,
            subject: subject.to_owned(),
            cause: Cause::Failed(
                "TRAILSEAL_QUEUE_URL is not set, so that there is no queue to put it in".to_owned(),
            ),
        })
    }
}

impl Requeue for OwnQueue {
    async fn hand_back(&self, rest: &Created) -> Result<(), StoreError> {
        const ACTION: &str = "hand back the rest of";
        let subject = rest.object.to_string();
        let url = self.url(ACTION, &subject)?;
        let body = serde_json::to_string(rest).map_err(|error| StoreError {
            action: ACTION,
            subject: subject.clone(),
            cause: Cause::Failed(error.to_string()),
        })?;
        self.sqs
            .send_message()
            .queue_url(url)
            .message_body(body)
            .send()
            .await
            .map_err(|error| store_error(ACTION, subject, &error))?;
        Ok(())
    }

    async fn retry_in(&self, receipt: &str, delay: Duration) -> Result<(), StoreError> {
        const ACTION: &str = "set the time of the next try of a message in";
        let url = self.url(ACTION, "the queue")?;
        self.sqs
            .change_message_visibility()
            .queue_url(url)
            .receipt_handle(receipt)
            .visibility_timeout(i32::try_from(delay.as_secs()).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| store_error(ACTION, url, &error))?;
        Ok(())
    }
}
