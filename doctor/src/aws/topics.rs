//! Topics of SNS.

use super::bounds::{MAX_PAGES, too_many};
use crate::ports::{ReadTopics, SubscriptionFacts};
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::operation::list_subscriptions_by_topic::ListSubscriptionsByTopicError;
use trailseal::world::StoreError;
use trailseal_aws::store_error;

const ACTION: &str = "list the subscriptions of";

/// Calls `sns:ListSubscriptionsByTopic`.
#[derive(Debug)]
pub(crate) struct SnsTopics(Client);

impl SnsTopics {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }
}

impl ReadTopics for SnsTopics {
    /// A subscription that waits for its confirmation has no ARN yet: "`PendingConfirmation`"
    /// (<https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>).
    async fn subscriptions(
        &self,
        topic: &str,
    ) -> Result<Option<Vec<SubscriptionFacts>>, StoreError> {
        let (mut subscriptions, mut next) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let request = self.0.list_subscriptions_by_topic().topic_arn(topic);
            let page = match request.set_next_token(next).send().await {
                Ok(page) => page,
                Err(error) => {
                    let service = error.as_service_error();
                    let is_missing =
                        service.is_some_and(ListSubscriptionsByTopicError::is_not_found_exception);
                    return if is_missing {
                        Ok(None)
                    } else {
                        Err(store_error(ACTION, topic, &error))
                    };
                }
            };
            let found = page.subscriptions.unwrap_or_default().into_iter();
            subscriptions.extend(found.map(|it| {
                SubscriptionFacts {
                    is_confirmed: it
                        .subscription_arn
                        .is_some_and(|arn| arn.starts_with("arn:")),
                    protocol: it.protocol.unwrap_or_default(),
                    endpoint: it.endpoint.unwrap_or_default(),
                }
            }));
            next = page.next_token;
            if next.is_none() {
                return Ok(Some(subscriptions));
            }
        }
        Err(too_many(ACTION, topic))
    }
}
