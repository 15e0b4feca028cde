//! The `Findings` queue, from which the `alerter` tells people.

use crate::ports::SendFindings;
use crate::ports::SendLater;
use aws_config::SdkConfig;
use std::time::Duration;
use trailseal::alert::findings_message::FindingsMessage;
use trailseal::world::{KeepEvidence as _, StoreError};
use trailseal_aws::EvidenceBucket;
use trailseal_aws::store_error;

/// SQS delays a message by 15 minutes at most.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
const MAX_DELAY_SECONDS: i32 = 900;

/// The queue, and the evidence bucket for what is too large for it.
#[derive(Debug)]
pub struct FindingsQueue {
    sqs: aws_sdk_sqs::Client,
    url: String,
    evidence: EvidenceBucket,
}

impl FindingsQueue {
    /// The queue at `url`.
    #[must_use]
    pub fn new(config: &SdkConfig, url: String, evidence: EvidenceBucket) -> Self {
        Self {
            sqs: aws_sdk_sqs::Client::new(config),
            url,
            evidence,
        }
    }
}

impl SendFindings for FindingsQueue {
    /// The document is kept before the message that names it goes out: a crash between leaves a
    /// document too many, never a finding too few.
    async fn send(&self, message: &FindingsMessage) -> Result<(), StoreError> {
        if let Some(document) = &message.document {
            // Its key is the hash of its content: to write it twice changes nothing.
            self.evidence
                .keep(&document.key, document.content.clone())
                .await?;
        }
        self.send_later(&message.body, Duration::ZERO).await
    }
}

impl SendLater for FindingsQueue {
    async fn send_later(&self, body: &str, delay: Duration) -> Result<(), StoreError> {
        let seconds = i32::try_from(delay.as_secs()).unwrap_or(i32::MAX);
        self.sqs
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .delay_seconds(seconds.min(MAX_DELAY_SECONDS))
            .send()
            .await
            .map_err(|error| store_error("send findings to", &self.url, &error))?;
        Ok(())
    }

    async fn retry_in(&self, receipt: &str, delay: Duration) -> Result<(), StoreError> {
        self.sqs
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(receipt)
            .visibility_timeout(i32::try_from(delay.as_secs()).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| {
                store_error(
                    "set the time of the next try of a message in",
                    &self.url,
                    &error,
                )
            })?;
        Ok(())
    }
}
