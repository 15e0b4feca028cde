//! An invocation: a batch of SQS messages, or one event of another kind.

use super::attempt::Attempt;
use super::batch::answer_batch;
use super::check::Check;
use super::event::meant_for;
use super::item_error::ItemError;
use super::outcome::Answer;
use super::run::Run;
use super::service::Service;
use crate::queue::ports::Ports;
use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use trailseal::event::EventObjects;
use trailseal::finding::Stamp;

/// Answers one invocation.
///
/// A batch of SQS messages is answered with the messages that go back to the queue. Any other event
/// is answered with the outcomes, or fails.
pub(crate) async fn answer<C: Check, P: Ports>(
    service: Arc<Service<C, P>>,
    event: Value,
    run: Run,
) -> Result<Value, Diagnostic> {
    let answer = if is_sqs(&event) {
        answer_batch(&service, event, &run)
            .await
            .and_then(|response| as_json(&response))
    } else {
        answer_event(&service, &event, &run).await
    };
    let stamp = Stamp::by_function(C::FUNCTION, Timestamp::now());
    service.unrelated.write(stamp);
    let bytes = service.bytes_read.swap(0, Ordering::Relaxed);
    service.publisher.metrics.write(bytes, stamp);
    answer
}

/// Answers an event that is not a batch of SQS messages.
async fn answer_event<C: Check, P: Ports>(
    service: &Service<C, P>,
    event: &Value,
    run: &Run,
) -> Result<Value, Diagnostic> {
    let event = meant_for::<C>(EventObjects::by(event));
    let unrelated = event.unrelated.iter();
    let unrelated = unrelated.map(|(kind, seen)| (kind, seen.count)).collect();
    let outcomes = service
        .event(event, run, Attempt::Only)
        .await
        .map_err(|error| diagnostic(&error))?;
    as_json(&Answer {
        outcomes,
        unrelated,
    })
}

pub(super) fn as_json(answer: &impl Serialize) -> Result<Value, Diagnostic> {
    serde_json::to_value(answer).map_err(|error| Diagnostic {
        error_type: "Abnormal".to_owned(),
        error_message: error.to_string(),
    })
}

pub(super) fn is_sqs(event: &Value) -> bool {
    event
        .pointer("/Records/0/eventSource")
        .and_then(Value::as_str)
        == Some("aws:sqs")
}

pub(super) fn diagnostic(error: &ItemError) -> Diagnostic {
    Diagnostic {
        error_type: error.class().to_owned(),
        error_message: error.to_string(),
    }
}
