//! The function's own queue, for what it has no time for.

use super::error::store_error;
use crate::event::Created;
use crate::store::{Cause, HandBack, StoreError};
use aws_config::SdkConfig;

/// The queue that feeds the function.
#[derive(Debug)]
pub struct OwnQueue {
    sqs: aws_sdk_sqs::Client,
    url: Option<String>,
}

impl OwnQueue {
    /// Hands back to the queue at `url`; without one, handing back fails.
    #[must_use]
    pub fn new(config: &SdkConfig, url: Option<String>) -> Self {
        Self {
            sqs: aws_sdk_sqs::Client::new(config),
            url,
        }
    }
}

impl HandBack for OwnQueue {
    async fn hand_back(&self, rest: &Created) -> Result<(), StoreError> {
        let failed = |reason: String| StoreError {
            action: "hand back the rest of",
            subject: rest.object.to_string(),
            cause: Cause::Failed(reason),
        };
        let url = self.url.as_ref().ok_or_else(|| {
            failed(
                "TRAILSEAL_QUEUE_URL is not set, so that there is no queue to hand back to"
                    .to_owned(),
            )
        })?;
        let body = serde_json::to_string(rest).map_err(|error| failed(error.to_string()))?;
        self.sqs
            .send_message()
            .queue_url(url)
            .message_body(body)
            .send()
            .await
            .map_err(|error| store_error("hand back to", url, &error))?;
        Ok(())
    }
}
