//! Serves a function that answers a whole batch.

use crate::invocation::Deadline;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use std::sync::Arc;

/// Answers batches of messages.
pub trait AnswerBatch: Send + Sync + 'static {
    /// Answers a batch with the messages that go back to the queue.
    fn answer(
        &self,
        messages: Vec<SqsMessage>,
        now: Timestamp,
        deadline: Deadline,
    ) -> impl Future<Output = SqsBatchResponse> + Send;
}

/// Answers batches with `handler` until Lambda ends the process.
pub(super) async fn serve_batches(handler: impl AnswerBatch) -> Result<(), Error> {
    let handler = Arc::new(handler);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let handler = Arc::clone(&handler);
        async move {
            let deadline = Deadline::of_invocation(event.context.deadline());
            let messages = event.payload.records;
            let answer = handler.answer(messages, Timestamp::now(), deadline);
            // Boxed because the compiler does not analyze futures as deep as this one.
            let response = Box::pin(answer).await;
            Ok::<_, Error>(response)
        }
    }))
    .await
}
