//! The event bus.

use crate::ports::{PutEvents, Refusal, Refusals};
use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use trailseal::export::bus_event::{BusEvent, SOURCE};
use trailseal::world::{Cause, StoreError};
use trailseal_aws::store_error;

/// The time after which the function looks again whether the bus exists.
const LOOKED_AT_FOR: Duration = Duration::from_mins(5);

/// The errors of an entry that pass: "you should retry" `ThrottlingException` and
/// `InternalFailure`.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html>
const PASSING: [&str; 4] = [
    "ThrottlingException",
    "InternalFailure",
    "InternalException",
    "InternalServerError",
];

/// The event bus of the stack.
#[derive(Debug)]
pub(crate) struct EventBus {
    events: Client,
    name: String,
    /// When the bus was last seen.
    seen: Mutex<Option<Instant>>,
}

impl EventBus {
    /// Returns the bus with a name.
    pub(crate) fn new(config: &SdkConfig, name: String) -> Self {
        Self {
            events: Client::new(config),
            name,
            seen: Mutex::new(None),
        }
    }

    /// Fails if the bus does not exist: "EventBridge event matching will not find a corresponding
    /// rule and will drop the event", and the request succeeds
    /// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>).
    async fn look(&self) -> Result<(), StoreError> {
        let mut seen = self.seen.lock().await;
        if seen.is_some_and(|seen| seen.elapsed() < LOOKED_AT_FOR) {
            return Ok(());
        }
        let bus = self.events.describe_event_bus().name(&self.name).send();
        bus.await
            .map_err(|error| store_error("look at the event bus", &self.name, &error))?;
        *seen = Some(Instant::now());
        Ok(())
    }
}

impl PutEvents for EventBus {
    async fn put(&self, events: &[BusEvent]) -> Result<Refusals, StoreError> {
        const ACTION: &str = "send events to";
        self.look().await?;
        let entries = events.iter().map(|event| {
            PutEventsRequestEntry::builder()
                .source(SOURCE)
                .detail_type(event.detail_type)
                .detail(&event.detail)
                .set_resources(Some(event.resources.clone()))
                .event_bus_name(&self.name)
                .build()
        });
        let request = self
            .events
            .put_events()
            .set_entries(Some(entries.collect()));
        let answer = request.send().await;
        let answer = answer.map_err(|error| store_error(ACTION, &self.name, &error))?;
        let results = answer.entries();
        if results.len() != events.len() {
            return Err(StoreError {
                action: ACTION,
                subject: self.name.clone(),
                cause: Cause::Unavailable(format!(
                    "the answer is about {} events, and the request has {}",
                    results.len(),
                    events.len()
                )),
            });
        }
        let failed = results.iter().enumerate().filter_map(|(position, result)| {
            // An accepted entry has an ID.
            let code = match (result.event_id(), result.error_code()) {
                (Some(_), None) => return None,
                (_, code) => code.unwrap_or("InternalFailure"),
            };
            let refusal = Refusal {
                reason: format!("{code}: {}", result.error_message().unwrap_or_default()),
                is_final: !PASSING.contains(&code),
            };
            Some((position, refusal))
        });
        Ok(failed.collect())
    }
}
