//! The `Findings` queue, from which the `alerter` alerts people.

use super::ports::{SendFindings, SendLater, SetRetry};
use super::sqs::{delay_seconds, retry_in};
use aws_config::SdkConfig;
use std::time::Duration;
use trailseal::alert::findings_message::FindingsMessage;
use trailseal::world::{KeepEvidence as _, StoreError};
use trailseal_aws::EvidenceBucket;
use trailseal_aws::store_error;

/// The queue, and the evidence bucket for what is too large for it.
#[derive(Debug)]
pub struct FindingsQueue {
    sqs: aws_sdk_sqs::Client,
    url: String,
    evidence: EvidenceBucket,
}

impl FindingsQueue {
    /// Returns the queue at `url`.
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
    /// Keeps the document before the message that names it is sent: a crash in between leaves an
    /// extra document, and never loses a finding.
    async fn send(&self, message: &FindingsMessage) -> Result<(), StoreError> {
        if let Some(document) = &message.document {
            // Its key is the hash of its content: writing it twice changes nothing.
            self.evidence
                .keep(&document.key, document.content.clone())
                .await?;
        }
        self.send_later(&message.body, Duration::ZERO).await
    }
}

impl SetRetry for FindingsQueue {
    async fn retry_in(&self, receipt: &str, delay: Duration) -> Result<(), StoreError> {
        retry_in(&self.sqs, &self.url, receipt, delay).await
    }
}

impl SendLater for FindingsQueue {
    async fn send_later(&self, body: &str, delay: Duration) -> Result<(), StoreError> {
        self.sqs
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .delay_seconds(delay_seconds(delay))
            .send()
            .await
            .map_err(|error| store_error("send findings to", &self.url, &error))?;
        Ok(())
    }
}
