//! One object of an event: it is checked, its findings are published, and its pending deliveries
//! are settled.

use super::attempt::Attempt;
use super::check::{Check, Checked};
use super::deadline::Deadline;
use super::item_error::ItemError;
use super::outcome::Outcome;
use super::publisher::Verified;
use super::retry_schedule::RetrySchedule;
use super::service::Service;
use crate::queue::ports::{Ports, Requeue as _};
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::timeout_at;
use trailseal::check::arrival::Arrival;
use trailseal::finding::{Obstacle, Stamp};
use trailseal::names::created::Created;
use trailseal::names::location::ObjectLocation;
use trailseal::names::printable::json_for_queue;
use trailseal::names::seconds::whole_second;
use trailseal::world::{Cause, StoreError};

impl<C: Check, P: Ports> Service<C, P> {
    /// Checks one object, sends the findings to the alerter, and hands back what is left. In this
    /// order, a crash in between repeats a finding and never loses one.
    pub(super) async fn object(
        &self,
        created: &Created,
        deadline: Deadline,
        attempt: Attempt,
    ) -> Result<Option<Outcome>, ItemError> {
        if !self.places.watches(&created.object.bucket) {
            return Err(ItemError::UnknownBucket(created.object.clone()));
        }
        let checked = self.check_intended(created, deadline);
        let (object, checked) = timeout_at(deadline.give_up, checked)
            .await
            .map_err(|_| ItemError::NoTime(created.object.clone()))?;
        let object = &object;
        let Checked {
            mut report,
            rest,
            updates,
        } = checked;
        report.allow_for_expiry(Timestamp::now());
        let verdict = report.verdict();
        let schedule = RetrySchedule::of_report(&report);
        let is_last = schedule.is_some_and(|s| attempt.is_last(s, self.resender.max_receives));
        if is_last {
            let stays = report
                .obstacles
                .iter_mut()
                .filter_map(|o| o.if_it_stays.take());
            report.findings.extend(stays);
        }
        let no_time = |_| ItemError::NoTime(object.clone());
        let stamp = Stamp::by_function(C::FUNCTION, whole_second(Timestamp::now()));
        let found = Verified {
            object,
            verdict,
            report: &report,
            is_whole: rest.is_none(),
        };
        let published = self.publisher.publish(found, stamp);
        timeout_at(deadline.answer_by, published)
            .await
            .map_err(no_time)??;
        // A queue has no use for the outcome, and it may be large.
        let by_hand = attempt == Attempt::Only;
        let outcome = by_hand.then(|| Outcome::of(object, verdict, &report, stamp));
        let settled = self.publisher.settle(updates);
        timeout_at(deadline.answer_by, settled)
            .await
            .map_err(no_time)?;
        // A message that is delivered again brings its rest along: if the rest were also handed
        // back, it would multiply.
        let is_counted = matches!(attempt, Attempt::Counted(_));
        let will_be_retried = is_counted && schedule.is_some() && !is_last;
        if let Some(rest) = rest.filter(|_| !will_be_retried) {
            // A rest that is handed back without progress would continue forever.
            if rest.resume_at <= created.resume_at {
                return Err(ItemError::NoTime(object.clone()));
            }
            let handed = self.return_rest(object, &rest, attempt);
            timeout_at(deadline.answer_by, handed)
                .await
                .map_err(no_time)??;
        }
        match (report.obstacles.into_iter().next(), schedule) {
            (Some(Obstacle { error, .. }), Some(schedule)) => {
                Err(ItemError::CannotTell { error, schedule })
            }
            _ => Ok(outcome),
        }
    }

    /// Sends what there was no time for to the queue.
    async fn return_rest(
        &self,
        object: &ObjectLocation,
        rest: &Created,
        attempt: Attempt,
    ) -> Result<(), ItemError> {
        let Some(passage) = attempt.of_rest() else {
            return Err(ItemError::TooManyHops(object.clone()));
        };
        tracing::info!(object = ?object.to_string(), resume_at = rest.resume_at, hops = passage.hops, "the time for this invocation is over: the rest of the object is sent to the queue");
        let body = serde_json::to_string(rest).map_err(|error| {
            ItemError::HandBack(StoreError {
                action: "send to the queue the rest of",
                subject: object.to_string(),
                cause: Cause::Failed(error.to_string()),
            })
        })?;
        let body = json_for_queue(body);
        let sent = self
            .resender
            .queue
            .send(&body, &passage, Duration::ZERO)
            .await;
        sent.map_err(ItemError::HandBack)
    }

    /// Finds the object that the event refers to and checks it. Returns the object that was
    /// checked.
    async fn check_intended(
        &self,
        created: &Created,
        deadline: Deadline,
    ) -> (ObjectLocation, Checked) {
        match self.check.arrival(created).await {
            Arrival::At(object) => {
                let meant = Created {
                    object: object.clone(),
                    ..created.clone()
                };
                (object, self.check.check(&meant, deadline).await)
            }
            Arrival::NotFound(report) => (created.object.clone(), (*report).into()),
        }
    }
}
