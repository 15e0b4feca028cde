//! The queue of another function, for objects whose events did not arrive.

use super::ports::SendEvent;
use aws_config::SdkConfig;
use serde_json::json;
use trailseal::names::event_object::EventObject;
use trailseal::names::printable::json_for_queue;
use trailseal::world::StoreError;
use trailseal_aws::store_error;

/// The queue of a function that checks objects.
#[derive(Debug)]
pub struct EventQueue {
    sqs: aws_sdk_sqs::Client,
    url: String,
}

impl EventQueue {
    /// Returns the queue at `url`.
    #[must_use]
    pub fn new(config: &SdkConfig, url: String) -> Self {
        Self {
            sqs: aws_sdk_sqs::Client::new(config),
            url,
        }
    }
}

impl SendEvent for EventQueue {
    async fn send_event(&self, object: &EventObject) -> Result<(), StoreError> {
        let body = json!(object).to_string();
        self.sqs
            .send_message()
            .queue_url(&self.url)
            .message_body(json_for_queue(body))
            .send()
            .await
            .map_err(|error| store_error("send an event to", &self.url, &error))?;
        Ok(())
    }
}
