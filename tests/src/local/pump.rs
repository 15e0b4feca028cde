//! The event source mapping between queues and functions, carried out step by step.
//!
//! Lambda polls queues in the background, so a test could only wait and hope. The [`Pump`] moves
//! messages on request: in one [`Pump::round`], each visible message is tried exactly once, and
//! [`Pump::until_idle`] repeats rounds until no queue has a message left.
//!
//! A function sends a message that failed to its queue again, with a delay of minutes. The
//! [`FaultProxy`](super::FaultProxy) removes the delay, and the pump holds the message back until
//! its round is over: it counts as one that went back.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName};
use futures::future::try_join_all;
use serde_json::Value;
use trailseal_lambda::queue::passage::NOT_BEFORE;

use super::rie::{FunctionError, FunctionSpec, Rie};
use super::server::LocalAws;
use super::sqs_event;
use super::stack::{Function, Queue, Stack};

/// The time between two polls of an empty queue.
const POLL: Duration = Duration::from_millis(50);
/// The maximum number of messages of one `ReceiveMessage`.
const MOST_RECEIVED: usize = 10;
/// The maximum number of rounds of [`Pump::until_idle`].
const MOST_ROUNDS: usize = 50;
/// The maximum number of invocations of one function in a round; it may send messages to its own
/// queue.
const MOST_INVOCATIONS: usize = 20_000;

/// One invocation of a function with a batch.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The function's logical ID.
    pub function: String,
    /// How many messages it received.
    pub messages: usize,
    /// The bodies of the messages that went back to the queue, or were sent to it again.
    pub failed: Vec<String>,
    /// The reason why it returned no result.
    pub error: Option<FunctionError>,
    /// How long it took.
    pub took: Duration,
}

/// The result of one round.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// Every invocation.
    pub invocations: Vec<Invocation>,
}

impl Round {
    /// Returns how many messages were tried.
    pub fn tried(&self) -> usize {
        self.invocations.iter().map(|one| one.messages).sum()
    }

    /// Returns how many messages went back to their queue.
    pub fn failed(&self) -> usize {
        self.invocations.iter().map(|one| one.failed.len()).sum()
    }

    /// Returns how many messages were done. A function that runs out of time may have sent a message
    /// again and left it in the queue as well: it went back twice.
    pub fn succeeded(&self) -> usize {
        self.tried().saturating_sub(self.failed())
    }

    /// Returns the same for one function.
    #[must_use]
    pub fn of(&self, logical_id: &str) -> Self {
        let mut invocations = self.invocations.clone();
        invocations.retain(|one| one.function == logical_id);
        Self { invocations }
    }

    /// Returns the errors of invocations that returned no result.
    pub fn errors(&self) -> impl Iterator<Item = &FunctionError> {
        self.invocations.iter().filter_map(|one| one.error.as_ref())
    }
}

type Progress = Box<dyn Fn(&Invocation) + Send + Sync>;

/// The functions of a stack, each in its emulator, and their queues.
pub struct Pump {
    sqs: aws_sdk_sqs::Client,
    workers: Vec<Worker>,
    retry_after: Duration,
    progress: Option<Progress>,
}

#[derive(Debug)]
struct Worker {
    function: Function,
    queue: Queue,
    rie: Rie,
}

impl fmt::Debug for Pump {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pump")
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

impl Pump {
    /// Starts every function of the stack that has a queue. Their AWS calls go to `endpoint`.
    pub async fn start(aws: &LocalAws, stack: &Stack, endpoint: &str) -> Result<Self> {
        Self::start_adjusted(aws, stack, endpoint, |_| ()).await
    }

    /// Does the same with changes to how functions run: a shorter timeout for a case that waits for
    /// it, or a stand-in for the built executable.
    pub async fn start_adjusted(
        aws: &LocalAws,
        stack: &Stack,
        endpoint: &str,
        adjust: impl Fn(&mut FunctionSpec),
    ) -> Result<Self> {
        let mut pump = Self::empty(aws);
        for function in stack.functions.values() {
            if function.queue.is_some() {
                let mut spec = function.spec(endpoint)?;
                adjust(&mut spec);
                let log = aws.new_file(&format!("{}.log", function.logical_id));
                let rie = Rie::start(spec, &log).await?;
                pump.add(function.clone(), rie)?;
            }
        }
        Ok(pump)
    }

    /// Returns a pump without functions.
    pub fn empty(aws: &LocalAws) -> Self {
        Self {
            sqs: aws.sqs(),
            workers: Vec::new(),
            retry_after: Duration::ZERO,
            progress: None,
        }
    }

    /// Adds one function.
    pub fn add(&mut self, function: Function, rie: Rie) -> Result<()> {
        let queue = function.queue.clone();
        self.workers.push(Worker {
            queue: queue.with_context(|| format!("{} has no queue", function.logical_id))?,
            function,
            rie,
        });
        Ok(())
    }

    /// Calls `progress` after each invocation.
    #[must_use]
    pub fn on_invocation(mut self, progress: impl Fn(&Invocation) + Send + Sync + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Keeps messages that failed invisible for `delay` after their round, instead of not at all.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = delay;
        self
    }

    /// Returns the emulator of one function.
    pub fn rie(&self, logical_id: &str) -> Result<&Rie> {
        Ok(&self.worker(logical_id)?.rie)
    }

    /// Tries each visible message of every queue once, with all functions in parallel. Messages
    /// that failed become visible again when the round is over.
    pub async fn round(&self) -> Result<Round> {
        let rounds = self
            .workers
            .iter()
            .map(|worker| self.work(worker, Duration::ZERO));
        let invocations = try_join_all(rounds).await?.concat();
        Ok(Round { invocations })
    }

    /// Carries messages to one function as Lambda does, as long as it is polled: a batch is
    /// gathered for the window in the template, or for `longest` if that is shorter.
    pub async fn carry(&self, logical_id: &str, longest: Duration) -> Result<Infallible> {
        let worker = self.worker(logical_id)?;
        let window = worker.function.window.min(longest);
        loop {
            if self.work(worker, window).await?.is_empty() {
                tokio::time::sleep(POLL).await;
            }
        }
    }

    /// Returns the running functions.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.workers
            .iter()
            .map(|worker| worker.function.logical_id.as_str())
    }

    /// Makes rounds until no queue has a visible message: everything is done or parked.
    pub async fn until_idle(&self) -> Result<Vec<Round>> {
        let mut rounds = Vec::new();
        while rounds.len() < MOST_ROUNDS {
            let round = self.round().await?;
            if round.invocations.is_empty() {
                return Ok(rounds);
            }
            rounds.push(round);
        }
        bail!(
            "the queues are not empty after {MOST_ROUNDS} rounds\n{}",
            self.log_tails()
        )
    }

    /// Takes the bodies out of a function's dead-letter queue.
    pub async fn drain_dlq(&self, logical_id: &str) -> Result<Vec<String>> {
        drain(&self.sqs, self.dead_letter_url(logical_id)?).await
    }

    /// Moves parked messages back to the function's queue, as an operator does after a fault is
    /// repaired.
    pub async fn redrive(&self, logical_id: &str) -> Result<usize> {
        let bodies = self.drain_dlq(logical_id).await?;
        for body in &bodies {
            self.send(logical_id, body).await?;
        }
        Ok(bodies.len())
    }

    /// Sends a message of any content to a function's queue.
    pub async fn send(&self, logical_id: &str, body: &str) -> Result<()> {
        let url = &self.worker(logical_id)?.queue.url;
        let sent = self.sqs.send_message().queue_url(url).message_body(body);
        sent.send().await?;
        Ok(())
    }

    /// Returns the URL of a function's queue.
    pub fn queue_url(&self, logical_id: &str) -> Result<&str> {
        Ok(&self.worker(logical_id)?.queue.url)
    }

    /// Takes the bodies out of a function's queue without invoking it.
    pub async fn drain(&self, logical_id: &str) -> Result<Vec<String>> {
        drain(&self.sqs, &self.worker(logical_id)?.queue.url).await
    }

    /// Returns the last lines of every function's log.
    pub fn log_tails(&self) -> String {
        let tails: Vec<String> = self.workers.iter().map(|w| w.rie.log_tail()).collect();
        tails.join("\n")
    }

    fn worker(&self, logical_id: &str) -> Result<&Worker> {
        self.workers
            .iter()
            .find(|worker| worker.function.logical_id == logical_id)
            .with_context(|| format!("{logical_id} does not run"))
    }

    /// Returns the URL of a function's dead-letter queue.
    pub fn dead_letter_url(&self, logical_id: &str) -> Result<&str> {
        let queue = &self.worker(logical_id)?.queue;
        queue
            .dead_letter_url
            .as_deref()
            .with_context(|| format!("{logical_id} has no dead-letter queue"))
    }

    async fn work(&self, worker: &Worker, window: Duration) -> Result<Vec<Invocation>> {
        let mut invocations = Vec::new();
        let (mut held, mut delayed) = (Vec::new(), Vec::new());
        loop {
            let (again, batch) = self.receive(worker, window).await?;
            if let Some(before) = invocations.last_mut() {
                let before: &mut Invocation = before;
                before.failed.extend(again.iter().map(body_of));
            }
            delayed.extend(again);
            if batch.is_empty() {
                break;
            }
            if invocations.len() >= MOST_INVOCATIONS {
                bail!("{} finds no end", worker.function.logical_id);
            }
            let event = sqs_event::event(&worker.queue.arn, &batch);
            let start = Instant::now();
            let result = worker.rie.invoke(&event).await;
            let took = start.elapsed();
            let verdict = verdict(&worker.function, &batch, &result);
            let (failed, done): (Vec<_>, Vec<_>) = batch
                .into_iter()
                .partition(|message| verdict.has_failed(message));
            self.delete(&worker.queue.url, &done).await?;
            let invocation = Invocation {
                function: worker.function.logical_id.clone(),
                messages: failed.len() + done.len(),
                failed: failed.iter().map(body_of).collect(),
                error: verdict.error,
                took,
            };
            if let Some(progress) = &self.progress {
                progress(&invocation);
            }
            invocations.push(invocation);
            held.extend(failed);
        }
        for message in &held {
            self.release(&worker.queue.url, message).await?;
        }
        for message in delayed {
            self.let_time_pass(&worker.queue.url, message).await?;
        }
        Ok(invocations)
    }

    /// Receives a batch as Lambda gathers it: up to the mapping's batch size, in several receives
    /// if needed, for the window's time after the first message. The first list contains the
    /// messages that are not due yet, apart from the batch.
    async fn receive(
        &self,
        worker: &Worker,
        window: Duration,
    ) -> Result<(Vec<Message>, Vec<Message>)> {
        let (mut delayed, mut batch) = (Vec::new(), Vec::new());
        let mut end = None;
        while batch.len() < worker.function.batch_size {
            let wanted = (worker.function.batch_size - batch.len()).min(MOST_RECEIVED);
            let received = self
                .sqs
                .receive_message()
                .queue_url(&worker.queue.url)
                .max_number_of_messages(i32::try_from(wanted)?)
                .message_system_attribute_names(MessageSystemAttributeName::All)
                .message_attribute_names("All")
                .wait_time_seconds(0)
                .send()
                .await?;
            let messages = received.messages.unwrap_or_default();
            if !messages.is_empty() {
                end = end.or_else(|| Some(Instant::now() + window));
            } else if end.is_none_or(|end| Instant::now() >= end) {
                break;
            } else {
                tokio::time::sleep(POLL).await;
            }
            let (early, due): (Vec<_>, Vec<_>) = messages.into_iter().partition(is_delayed);
            delayed.extend(early);
            batch.extend(due);
        }
        Ok((delayed, batch))
    }

    /// Sends a message that is not due yet to its queue again, as it will be when it is due.
    async fn let_time_pass(&self, url: &str, message: Message) -> Result<()> {
        let mut attributes = message.message_attributes.clone().unwrap_or_default();
        attributes.remove(NOT_BEFORE);
        let sent = self.sqs.send_message().queue_url(url);
        sent.set_message_body(message.body.clone())
            .set_message_attributes(Some(attributes))
            .send()
            .await?;
        self.delete(url, &[message]).await
    }

    async fn delete(&self, url: &str, messages: &[Message]) -> Result<()> {
        for chunk in messages.chunks(MOST_RECEIVED) {
            let entries = chunk.iter().enumerate().map(|(number, message)| {
                DeleteMessageBatchRequestEntry::builder()
                    .id(number.to_string())
                    .set_receipt_handle(message.receipt_handle.clone())
                    .build()
            });
            let entries = entries.collect::<Result<Vec<_>, _>>()?;
            let request = self.sqs.delete_message_batch().queue_url(url);
            let deleted = request.set_entries(Some(entries)).send().await?;
            if let Some(failure) = deleted.failed().first() {
                bail!("a message was not deleted: {failure:?}");
            }
        }
        Ok(())
    }

    async fn release(&self, url: &str, message: &Message) -> Result<()> {
        let released = self
            .sqs
            .change_message_visibility()
            .queue_url(url)
            .receipt_handle(message.receipt_handle().unwrap_or_default())
            .visibility_timeout(i32::try_from(self.retry_after.as_secs())?)
            .send()
            .await
            .map_err(aws_sdk_sqs::error::SdkError::into_service_error);
        match released {
            // The function has released it already, and the queue has parked it.
            Err(error) if error.is_receipt_handle_is_invalid() => Ok(()),
            released => Ok(released.map(|_| ())?),
        }
    }
}

/// The messages of a batch that failed.
struct BatchVerdict {
    failed: Failed,
    error: Option<FunctionError>,
}

enum Failed {
    All,
    These(BTreeSet<String>),
}

impl BatchVerdict {
    fn has_failed(&self, message: &Message) -> bool {
        match &self.failed {
            Failed::All => true,
            Failed::These(ids) => message.message_id().is_some_and(|id| ids.contains(id)),
        }
    }
}

/// Applies Lambda's own rules: without a result, the whole batch failed; a result names the
/// messages that failed; a result that names anything else fails the whole batch.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>
fn verdict(
    function: &Function,
    batch: &[Message],
    result: &Result<Value, FunctionError>,
) -> BatchVerdict {
    let answer = match result {
        Ok(answer) => answer,
        Err(error) => {
            return BatchVerdict {
                failed: Failed::All,
                error: Some(error.clone()),
            };
        }
    };
    let named = answer
        .get("batchItemFailures")
        .filter(|named| !named.is_null());
    let failed = match named {
        Some(named) if function.reports_item_failures => named_failures(batch, named),
        _ => Failed::These(BTreeSet::new()),
    };
    BatchVerdict {
        failed,
        error: None,
    }
}

fn named_failures(batch: &[Message], named: &Value) -> Failed {
    let Some(named) = named.as_array() else {
        return Failed::All;
    };
    let mut failed = BTreeSet::new();
    for item in named {
        let id = item.get("itemIdentifier").and_then(Value::as_str);
        match id {
            Some(id) if batch.iter().any(|message| message.message_id() == Some(id)) => {
                failed.insert(id.to_owned());
            }
            _ => return Failed::All,
        }
    }
    Failed::These(failed)
}

/// Returns whether the message carries a time before which it is not tried.
fn is_delayed(message: &Message) -> bool {
    let attributes = message.message_attributes();
    attributes.is_some_and(|attributes| attributes.contains_key(NOT_BEFORE))
}

fn body_of(message: &Message) -> String {
    message.body().unwrap_or_default().to_owned()
}

/// Takes every visible message out of a queue.
pub async fn drain(sqs: &aws_sdk_sqs::Client, url: &str) -> Result<Vec<String>> {
    let mut bodies = Vec::new();
    loop {
        let received = sqs
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(10)
            .wait_time_seconds(0)
            .send()
            .await?;
        if received.messages().is_empty() {
            return Ok(bodies);
        }
        for message in received.messages() {
            let handle = message.receipt_handle().unwrap_or_default();
            let request = sqs.delete_message().queue_url(url).receipt_handle(handle);
            request.send().await?;
            bodies.push(body_of(message));
        }
    }
}
