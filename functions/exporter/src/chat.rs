//! The topic of chat messages.

use crate::ports::PublishChat;
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use trailseal::world::StoreError;
use trailseal_aws::store_error;

/// The topic to which Amazon Q Developer in chat applications is subscribed.
#[derive(Debug)]
pub(crate) struct ChatTopic {
    sns: Client,
    arn: String,
}

impl ChatTopic {
    /// Returns the topic with an ARN.
    pub(crate) fn new(config: &SdkConfig, arn: String) -> Self {
        Self {
            sns: Client::new(config),
            arn,
        }
    }
}

impl PublishChat for ChatTopic {
    async fn publish(&self, message: &str) -> Result<(), StoreError> {
        let publish = self.sns.publish().topic_arn(&self.arn).message(message);
        let published = publish.send().await;
        published.map_err(|error| store_error("publish to", &self.arn, &error))?;
        Ok(())
    }
}
