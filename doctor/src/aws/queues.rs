//! Queues of SQS.

use crate::ports::{QueueFacts, ReadQueues};
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesError;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;
use trailseal::world::StoreError;
use trailseal_aws::store_error;

const ACTION: &str = "look at the queue";

/// The attributes that count the messages of a queue.
const COUNTS: [QueueAttributeName; 3] = [
    QueueAttributeName::ApproximateNumberOfMessages,
    QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    QueueAttributeName::ApproximateNumberOfMessagesDelayed,
];

/// Calls `sqs:GetQueueAttributes`.
#[derive(Debug)]
pub(crate) struct SqsQueues(Client);

impl SqsQueues {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }
}

impl ReadQueues for SqsQueues {
    async fn queue(&self, url: &str) -> Result<Option<QueueFacts>, StoreError> {
        let request = self.0.get_queue_attributes().queue_url(url);
        let request = request.attribute_names(QueueAttributeName::All);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => {
                let service = error.as_service_error();
                let is_missing =
                    service.is_some_and(GetQueueAttributesError::is_queue_does_not_exist);
                return if is_missing {
                    Ok(None)
                } else {
                    Err(store_error(ACTION, url, &error))
                };
            }
        };
        let attributes = answer.attributes.unwrap_or_default();
        let counts = COUNTS.iter().filter_map(|name| attributes.get(name));
        let messages = counts.filter_map(|count| count.parse::<u64>().ok()).sum();
        let text = |name| {
            let value: Option<&String> = attributes.get(&name);
            value.filter(|value| !value.is_empty()).cloned()
        };
        let redrive = text(QueueAttributeName::RedrivePolicy);
        let redrive = redrive.and_then(|json| serde_json::from_str::<Value>(&json).ok());
        let redrives_to = redrive
            .as_ref()
            .and_then(|it| it.get("deadLetterTargetArn"));
        Ok(Some(QueueFacts {
            messages,
            redrives_to: redrives_to.and_then(Value::as_str).map(str::to_owned),
            is_fifo: text(QueueAttributeName::FifoQueue).is_some_and(|it| it == "true"),
            kms_key: text(QueueAttributeName::KmsMasterKeyId),
            policy: text(QueueAttributeName::Policy).unwrap_or_default(),
        }))
    }
}
