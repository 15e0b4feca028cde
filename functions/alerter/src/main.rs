//! Sends everything that the other functions find to people: the only one with the right to.

mod handler;
mod inbox;
mod rate;
#[cfg(test)]
mod tests;

use aws_lambda_events::event::sqs::SqsEvent;
use handler::Alerter;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use rate::Rate;
use std::sync::Arc;
use trailseal_aws::{EvidenceBucket, sdk_config};
use trailseal_lambda::AlertTopic;
use trailseal_lambda::Deadline;
use trailseal_lambda::FindingsQueue;
use trailseal_lambda::config::AlerterConfig;

#[tokio::main]
async fn main() -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let config = AlerterConfig::read(|name| std::env::var(name).ok())?;
    let sdk = sdk_config().await;
    let evidence = EvidenceBucket::new(&sdk, Some(config.evidence_bucket.clone()));
    let alerter = Arc::new(Alerter {
        topic: AlertTopic::new(&sdk, config.alert_topic_arn),
        queue: FindingsQueue::new(&sdk, config.findings_queue_url, evidence.clone()),
        evidence,
        evidence_bucket: config.evidence_bucket,
        pace: config.pace,
        rate: Rate::new(config.alerts_per_minute),
    });
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let alerter = Arc::clone(&alerter);
        async move {
            let deadline = Deadline::of_invocation(event.context.deadline());
            let response = alerter
                .answer(event.payload.records, jiff::Timestamp::now(), deadline)
                .await;
            Ok::<_, Error>(response)
        }
    }))
    .await
}
