//! The division of a message that lists several objects.
//!
//! The objects that are done are done. Each object that failed has tries of its own, and what there
//! was no time for is one message again. A message that comes back undivided failed as a whole,
//! perhaps because one of its objects ends the invocation: then each object has a message of its own.

use super::attempt::{Attempt, MAX_HOPS};
use super::check::Check;
use super::item_error::ItemError;
use super::queue_message::QueueMessage;
use super::resender::MessageFate;
use super::run::Run;
use super::service::Service;
use crate::queue::passage::Passage;
use crate::queue::ports::{Ports, Requeue as _};
use futures::stream::{self, StreamExt as _};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout_at;
use trailseal::names::event_object::EventObject;
use trailseal::names::location::ObjectLocation;
use trailseal::names::printable::json_for_queue;

/// How many messages are sent at the same time.
const SENT_AT_ONCE: usize = 8;

/// A message whose objects can continue in messages of their own.
pub(super) struct Division {
    passage: Passage,
}

impl Division {
    /// Returns the division of a message with these objects. Returns `None` if a message cannot name
    /// each of them, or if there is nothing to divide.
    pub(super) fn of(objects: &[EventObject], attempt: Attempt) -> Option<Self> {
        let Attempt::Counted(passage) = attempt else {
            return None;
        };
        let is_divisible = objects.len() > 1 && objects.iter().all(EventObject::is_listed);
        is_divisible.then_some(Self { passage })
    }

    /// Returns whether the message is divided before anything else is done.
    pub(super) fn is_due(&self) -> bool {
        self.passage.attempt > 1
    }
}

impl<C: Check, P: Ports> Service<C, P> {
    /// Sends a message about each object to the queue. Perhaps nobody has worked on an object yet: its
    /// tries start again.
    ///
    /// # Errors
    /// [`ItemError`]: not all were sent. Sending them again is harmless.
    pub(super) async fn divide(
        &self,
        objects: Vec<EventObject>,
        division: &Division,
        run: &Run,
    ) -> Result<(), ItemError> {
        tracing::info!(
            objects = objects.len(),
            "the message comes again: each of its objects is sent to the queue in a message of its own"
        );
        let first = Division {
            passage: Passage {
                attempt: 1,
                ..division.passage
            },
        };
        let first = &first;
        let mut sent = stream::iter(objects)
            .map(|object| async move { self.send_on(&[object.object], first, run).await })
            .buffer_unordered(SENT_AT_ONCE);
        let mut result = Ok(());
        while let Some(sent) = sent.next().await {
            result = result.and(sent);
        }
        result
    }

    /// Sends what is not done of a message to the queue: each object that failed with its own next
    /// try, and what there was no time for together.
    ///
    /// # Errors
    /// [`ItemError`]: not everything was sent, so that the whole message must be tried again.
    pub(super) async fn continue_apart(
        &self,
        failed: Vec<(EventObject, ItemError)>,
        left: Vec<EventObject>,
        division: &Division,
        run: &Run,
    ) -> Result<(), ItemError> {
        let mut sent = stream::iter(failed)
            .map(|(created, error)| async move {
                let object = created.object;
                let message = QueueMessage {
                    id: None,
                    body: body_of(&object.bucket, &[&object.key]).into(),
                    passage: division.passage,
                    receives: division.passage.attempt,
                    receipt: None,
                };
                let fate = self.resender.after_failure(&message, &error, run.deadline);
                match fate.await {
                    MessageFate::Done => Ok(()),
                    MessageFate::ReturnsToQueue => Err(error),
                }
            })
            .buffer_unordered(SENT_AT_ONCE);
        while let Some(sent) = sent.next().await {
            sent?;
        }
        drop(sent);
        let mut by_bucket: BTreeMap<String, Vec<ObjectLocation>> = BTreeMap::new();
        for created in left {
            let object = created.object;
            by_bucket
                .entry(object.bucket.clone())
                .or_default()
                .push(object);
        }
        for objects in by_bucket.values() {
            tracing::info!(
                objects = objects.len(),
                "there was no time left for all objects of the message: the rest is sent to the queue"
            );
            self.send_on(objects, division, run).await?;
        }
        Ok(())
    }

    /// Sends a message about objects of one bucket to the queue, with the passage of the division.
    async fn send_on(
        &self,
        objects: &[ObjectLocation],
        division: &Division,
        run: &Run,
    ) -> Result<(), ItemError> {
        let Some(first) = objects.first() else {
            return Ok(());
        };
        if division.passage.hops >= MAX_HOPS {
            return Err(ItemError::TooManyHops(first.clone()));
        }
        let keys: Vec<&str> = objects.iter().map(|object| object.key.as_str()).collect();
        let body = body_of(&first.bucket, &keys);
        let passage = division.passage.with_next_hop();
        let sent = self.resender.queue.send(&body, &passage, Duration::ZERO);
        match timeout_at(run.deadline.answer_by, sent).await {
            Ok(sent) => sent.map_err(ItemError::HandBack),
            Err(_) => Err(ItemError::NoTime(first.clone())),
        }
    }
}

fn body_of(bucket: &str, keys: &[&str]) -> String {
    json_for_queue(EventObject::message_of(bucket, keys))
}
