//! Alerts, to the topic; what does not fit, to the evidence bucket.

use super::error::store_error;
use super::evidence::EvidenceBucket;
use crate::alert::Alert;
use crate::store::{Cause, PublishAlert, StoreError};
use aws_config::SdkConfig;
use aws_sdk_sns::types::MessageAttributeValue;

/// The alert topic and the evidence bucket.
#[derive(Debug)]
pub struct AlertTopic {
    sns: aws_sdk_sns::Client,
    topic_arn: String,
    evidence: EvidenceBucket,
}

impl AlertTopic {
    /// Publishes to `topic_arn`.
    #[must_use]
    pub fn new(config: &SdkConfig, topic_arn: String, evidence: EvidenceBucket) -> Self {
        Self {
            sns: aws_sdk_sns::Client::new(config),
            topic_arn,
            evidence,
        }
    }
}

impl PublishAlert for AlertTopic {
    /// The whole list is kept before the message that points to it goes out: a crash between
    /// leaves a document too many, never an alert too few.
    async fn publish(&self, alert: &Alert) -> Result<(), StoreError> {
        if let Some(overflow) = &alert.overflow {
            // One that is there was kept by an earlier try of the same alert.
            self.evidence
                .create(&overflow.key, &overflow.document)
                .await?;
        }
        let attribute = |data_type: &str, value: &str| {
            MessageAttributeValue::builder()
                .data_type(data_type)
                .string_value(value)
                .build()
                .map_err(|error| StoreError {
                    action: "publish to",
                    subject: self.topic_arn.clone(),
                    cause: Cause::Failed(error.to_string()),
                })
        };
        let mut request = self
            .sns
            .publish()
            .topic_arn(&self.topic_arn)
            .subject(&alert.subject)
            .message_structure("json")
            .message(&alert.message)
            .message_attributes("kinds", attribute("String.Array", &alert.kinds)?);
        for (name, value) in &alert.attributes {
            request = request.message_attributes(*name, attribute("String", value)?);
        }
        request
            .send()
            .await
            .map_err(|error| store_error("publish to", &self.topic_arn, &error))?;
        Ok(())
    }
}
