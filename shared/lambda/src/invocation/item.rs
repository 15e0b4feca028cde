//! One object of an event: it is checked, its findings are published, and its pending deliveries
//! are settled.

use super::attempt::Attempt;
use super::check::{Check, Checked, Record};
use super::deadline::Deadline;
use super::item_error::ItemError;
use super::outcome::Outcome;
use super::retry_schedule::RetrySchedule;
use super::run::Run;
use super::service::Service;
use super::verified::Verified;
use crate::queue::ports::{Ports, Requeue as _};
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::timeout_at;
use trailseal::check::arrival::Arrival;
use trailseal::check::second_look::readable_again;
use trailseal::finding::{Obstacle, Report, Scope, Stamp, Verdict};
use trailseal::names::event_object::EventObject;
use trailseal::names::location::ObjectLocation;
use trailseal::names::printable::json_for_queue;
use trailseal::names::seconds::whole_second;
use trailseal::receipt::{Receipt, ReceiptStamp, ReceiptSubject};
use trailseal::world::{Cause, StoreError};

impl<C: Check, P: Ports> Service<C, P> {
    /// Checks one object, sends the findings to the alerter, keeps the record, and hands back what is
    /// left. In this order, a crash in between repeats a finding and never loses one.
    pub(super) async fn object(
        &self,
        created: &EventObject,
        run: &Run,
        attempt: Attempt,
    ) -> Result<Option<Outcome>, ItemError> {
        if !self.places.watches(&created.object.bucket) {
            return Err(ItemError::UnknownBucket(created.object.clone()));
        }
        let deadline = run.deadline;
        let begun = stamp::<C>();
        let checked = self.check_intended(created, deadline);
        let Ok((object, checked)) = timeout_at(deadline.give_up, checked).await else {
            let at = created.object.clone();
            return Err(self.out_of_time(at, Report::new(), run, attempt).await);
        };
        let Checked {
            mut report,
            rest,
            updates,
            digest,
            log_files,
        } = checked;
        self.complete(&mut report, &object, attempt);
        // A second look is repeated by the clock, as long as the incident is open.
        let schedule = RetrySchedule::of_report(&report, self.is_history)
            .filter(|_| !created.is_second_look());
        let is_last = schedule.is_some_and(|s| attempt.is_last(s, self.resender.max_receives));
        let mut verdict = report.verdict();
        if is_last {
            report.give_up();
            if report.obstacles.is_empty() {
                verdict = report.verdict();
            }
        }
        let stamp = stamp::<C>();
        let found = Verified {
            object: &object,
            verdict,
            report: &report,
            is_settled: rest.is_none() && C::RECORD != Record::None,
            is_history: self.is_history,
        };
        let published = self.publisher.publish(found, begun, stamp);
        in_time(run, &object, published).await??;
        let is_counted = matches!(attempt, Attempt::Counted(_));
        let will_be_retried = is_counted && schedule.is_some() && !is_last;
        // A message that is delivered again brings its rest along: if the rest were also handed
        // back, it would multiply.
        let rest = rest.filter(|_| !will_be_retried);
        // A rest that is handed back without progress would continue forever.
        if rest
            .as_ref()
            .is_some_and(|rest| rest.resume_at <= created.resume_at)
        {
            return Err(self.out_of_time(object, report, run, attempt).await);
        }
        let subject = ReceiptSubject {
            object: &object,
            report: &report,
            digest: digest.as_ref(),
            log_files,
        };
        let kept = self.keep(subject, run.stamp(stamp), will_be_retried);
        in_time(run, &object, kept).await??;
        // A queue has no use for the outcome, and it may be large.
        let by_hand = attempt == Attempt::Only;
        let outcome = by_hand.then(|| Outcome::of(&object, verdict, &report, stamp));
        in_time(run, &object, self.publisher.settle(updates)).await?;
        if let Some(rest) = rest {
            in_time(run, &object, self.return_rest(&object, &rest, attempt)).await??;
        }
        match (report.obstacles.into_iter().next(), schedule) {
            (Some(Obstacle { error, .. }), Some(schedule)) => {
                Err(ItemError::CannotTell { error, schedule })
            }
            _ => Ok(outcome),
        }
    }

    /// Adds to a report what the time and the message say.
    fn complete(&self, report: &mut Report, object: &ObjectLocation, attempt: Attempt) {
        report.allow_for_expiry(Timestamp::now());
        if attempt.is_moved_back() {
            // Its last try may have reported the object as unreadable.
            let readable = readable_again(object, report, &self.places.trails);
            report.all_clears.extend(readable);
        }
    }

    /// Keeps the record of a check. An attempt that will be retried leaves no receipt of a
    /// digest: the next one does.
    async fn keep(
        &self,
        subject: ReceiptSubject<'_>,
        stamp: ReceiptStamp<'_>,
        will_be_retried: bool,
    ) -> Result<(), ItemError> {
        let report = subject.report;
        let is_due = match C::RECORD {
            Record::LogFiles => !report.rules.is_empty(),
            Record::Digests | Record::Chains => {
                !will_be_retried && report.verdict() != Verdict::Ignored
            }
            Record::None => false,
        };
        if is_due {
            let receipt = Receipt::of(subject, stamp);
            self.publisher.keep(C::RECORD, &receipt).await?;
        }
        Ok(())
    }

    /// Returns the error for an object that there was no time for. After the last try, that is on
    /// record, with what was found.
    async fn out_of_time(
        &self,
        at: ObjectLocation,
        mut report: Report,
        run: &Run,
        attempt: Attempt,
    ) -> ItemError {
        let error = StoreError {
            action: "check",
            subject: at.to_string(),
            cause: Cause::Unavailable("there was no time left".to_owned()),
        };
        report.cannot_tell(error, &Scope::default(), &at);
        let subject = ReceiptSubject {
            object: &at,
            report: &report,
            digest: None,
            log_files: None,
        };
        let is_last = attempt.is_last(RetrySchedule::Passing, self.resender.max_receives);
        let will_be_retried = attempt != Attempt::Only && !is_last;
        let kept = self.keep(subject, run.stamp(stamp::<C>()), will_be_retried);
        if let Err(error) = in_time(run, &at, kept).await.flatten() {
            tracing::warn!(error = ?error.to_string(), "could not store the receipt of an object that there was no time for");
        }
        ItemError::NoTime(at)
    }

    /// Sends what there was no time for to the queue.
    async fn return_rest(
        &self,
        object: &ObjectLocation,
        rest: &EventObject,
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
        created: &EventObject,
        deadline: Deadline,
    ) -> (ObjectLocation, Checked) {
        match self.check.arrival(created).await {
            Arrival::At(object) => {
                let meant = EventObject {
                    object: object.clone(),
                    ..created.clone()
                };
                (object, self.check.check(&meant, deadline).await)
            }
            Arrival::NotFound(report) => (created.object.clone(), (*report).into()),
        }
    }
}

/// Returns the stamp of what is found now.
fn stamp<C: Check>() -> Stamp<'static> {
    Stamp::by_function(C::FUNCTION, whole_second(Timestamp::now()))
}

/// Waits for work on an object as long as the invocation can still be answered.
async fn in_time<T>(
    run: &Run,
    object: &ObjectLocation,
    work: impl Future<Output = T>,
) -> Result<T, ItemError> {
    timeout_at(run.deadline.answer_by, work)
        .await
        .map_err(|_| ItemError::NoTime(object.clone()))
}
