//! The topic that alerts are published to.

use super::ports::PublishAlert;
use aws_config::SdkConfig;
use aws_sdk_sns::config::retry::RetryConfig;
use aws_sdk_sns::types::MessageAttributeValue;
use trailseal::alert::Alert;
use trailseal::world::{Cause, StoreError};
use trailseal_aws::store_error;

/// The alert topic.
#[derive(Debug)]
pub struct AlertTopic {
    sns: aws_sdk_sns::Client,
    topic_arn: String,
}

impl AlertTopic {
    /// Returns a publisher to `topic_arn`.
    #[must_use]
    pub fn new(config: &SdkConfig, topic_arn: String) -> Self {
        // A try whose answer is lost may have gone out: each try counts as a message.
        let config = aws_sdk_sns::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            sns: aws_sdk_sns::Client::from_conf(config),
            topic_arn,
        }
    }
}

impl PublishAlert for AlertTopic {
    async fn publish(&self, alert: &Alert) -> Result<(), StoreError> {
        let mut request = self
            .sns
            .publish()
            .topic_arn(&self.topic_arn)
            .subject(&alert.subject)
            .message_structure("json")
            .message(&alert.message);
        for (name, value) in &alert.attributes {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(value)
                .build()
                .map_err(|error| StoreError {
                    action: "publish to",
                    subject: self.topic_arn.clone(),
                    cause: Cause::Failed(error.to_string()),
                })?;
            request = request.message_attributes(*name, value);
        }
        request
            .send()
            .await
            .map_err(|error| store_error("publish to", &self.topic_arn, &error))?;
        Ok(())
    }
}
