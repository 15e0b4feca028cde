//! The work of a function whose messages are not about objects: it starts with a message, and may
//! take several invocations.

use super::answer::{as_json, diagnostic, is_sqs};
use super::attempt::Attempt;
use super::batch::{Messages, answer_batch};
use super::deadline::Deadline;
use super::item_error::ItemError;
use super::resender::Resender;
use super::retry_schedule::RetrySchedule;
use super::run::Run;
use crate::queue::passage::Passage;
use crate::queue::ports::{Ports, Requeue as _};
use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout_at;
use trailseal::event::EventError;
use trailseal::names::location::ObjectLocation;
use trailseal::names::printable::json_for_queue;
use trailseal::world::{Cause, StoreError};

/// The work that messages start.
pub trait Work: Send + Sync + 'static {
    /// Works on one message; stops in time. Returns the message that continues the work, if there
    /// was no time for all of it.
    ///
    /// # Errors
    /// [`WorkError`]: the message is tried again. Doing a part of the work twice is harmless.
    fn work(
        &self,
        message: &str,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Option<String>, WorkError>> + Send;
}

/// The reason why a message is tried again.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// It is not a message for the function.
    #[error("{0}")]
    Malformed(String),
    /// A request failed.
    #[error(transparent)]
    Failed(#[from] StoreError),
}

impl From<WorkError> for ItemError {
    fn from(error: WorkError) -> Self {
        match error {
            WorkError::Malformed(why) => Self::Event(EventError::Json(why)),
            WorkError::Failed(error) => Self::CannotTell {
                schedule: RetrySchedule::of(&error.cause),
                error,
            },
        }
    }
}

/// A function's work, and the queue that it continues through.
pub(crate) struct WorkService<W, P: Ports> {
    work: W,
    resender: Resender<P>,
    ports: PhantomData<P>,
}

impl<W: Work, P: Ports> WorkService<W, P> {
    pub(crate) fn new(work: W, resender: Resender<P>) -> Self {
        Self {
            work,
            resender,
            ports: PhantomData,
        }
    }

    /// Works on one message, and sends the rest to the queue.
    async fn one(&self, body: &str, run: &Run, attempt: Attempt) -> Result<bool, ItemError> {
        let deadline = run.deadline;
        let worked = timeout_at(deadline.answer_by, self.work.work(body, deadline)).await;
        let Ok(worked) = worked else {
            // The work stops by itself, unless a request does not end.
            return Err(ItemError::NoTime(ObjectLocation::new("", body)));
        };
        let Some(rest) = worked? else {
            return Ok(true);
        };
        let Some(passage) = attempt.of_rest() else {
            return Err(ItemError::HandBack(StoreError {
                action: "continue",
                subject: rest,
                cause: Cause::Failed("it was continued too many times".to_owned()),
            }));
        };
        tracing::info!(
            hops = passage.hops,
            "the time for this invocation is over: the rest of the work is sent to the queue"
        );
        let rest = json_for_queue(rest);
        let sent = self.resender.queue.send(&rest, &passage, Duration::ZERO);
        sent.await.map_err(ItemError::HandBack)?;
        Ok(false)
    }
}

impl<W: Work, P: Ports> Messages for WorkService<W, P> {
    type Ports = P;
    const AT_ONCE: usize = 1;

    fn resender(&self) -> &Resender<P> {
        &self.resender
    }

    async fn message(&self, body: &str, run: &Run, passage: Passage) -> Result<(), ItemError> {
        let attempt = Attempt::Counted(passage);
        self.one(body, run, attempt).await.map(|_| ())
    }
}

/// Answers one invocation: a batch of SQS messages with the messages that go back to the queue, any
/// other event with whether all of its work is done, or fails.
pub(crate) async fn answer_work<W: Work, P: Ports>(
    service: Arc<WorkService<W, P>>,
    event: Value,
    run: Run,
) -> Result<Value, Diagnostic> {
    if is_sqs(&event) {
        let response = answer_batch(&service, event, &run).await?;
        return as_json(&response);
    }
    let done = service
        .one(&event.to_string(), &run, Attempt::Only)
        .await
        .map_err(|error| diagnostic(&error))?;
    Ok(json!({ "done": done }))
}
