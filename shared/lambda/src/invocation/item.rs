//! One object of an event: it is checked, and its findings are published. After its record is kept,
//! its pending deliveries are settled, and what is left of it is handed back.

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
use trailseal::check::pending::PendingUpdate;
use trailseal::check::second_look::readable_again;
use trailseal::finding::{Obstacle, Report, Scope, Stamp, Verdict};
use trailseal::names::event_object::{EventObject, Origin};
use trailseal::names::location::ObjectLocation;
use trailseal::names::printable::json_for_queue;
use trailseal::names::seconds::whole_second;
use trailseal::receipt::{Receipt, ReceiptStamp, ReceiptSubject};
use trailseal::world::{Cause, StoreError};

/// An object that was checked and whose findings are published.
pub(super) struct Examined {
    object: ObjectLocation,
    /// The receipt to keep, if the check leaves one.
    pub(super) receipt: Option<Receipt>,
    updates: Vec<PendingUpdate>,
    rest: Option<EventObject>,
    outcome: Option<Outcome>,
    /// The reason why the object is checked again.
    error: Option<ItemError>,
}

impl<C: Check, P: Ports> Service<C, P> {
    /// Checks one object, and sends the findings to the alerter. The record is kept after that, and
    /// what is left is handed back at last: in this order, a crash in between repeats a finding and
    /// never loses one.
    pub(super) async fn examine(
        &self,
        created: &EventObject,
        run: &Run,
        attempt: Attempt,
    ) -> Result<Examined, ItemError> {
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
        let receipt = receipt_of::<C>(subject, run.stamp(stamp), will_be_retried);
        // A queue has no use for the outcome, and it may be large.
        let by_hand = attempt == Attempt::Only;
        let outcome = by_hand.then(|| Outcome::of(&object, verdict, &report, stamp));
        Ok(Examined {
            object,
            receipt,
            updates,
            rest,
            outcome,
            error: why_again(report, schedule),
        })
    }

    /// Finishes the work on an object after its record is kept: settles its pending deliveries, and
    /// hands back what is left of it.
    pub(super) async fn finish(
        &self,
        examined: Examined,
        run: &Run,
        attempt: Attempt,
    ) -> Result<Option<Outcome>, ItemError> {
        let object = examined.object;
        in_time(run, &object, self.publisher.settle(examined.updates)).await?;
        if let Some(rest) = examined.rest {
            in_time(run, &object, self.return_rest(&object, &rest, attempt)).await??;
        }
        match examined.error {
            Some(error) => Err(error),
            None => Ok(examined.outcome),
        }
    }

    /// Keeps the receipts of objects of one event.
    pub(super) async fn keep(&self, receipts: &[Receipt], run: &Run) -> Result<(), ItemError> {
        let Some(first) = receipts.first() else {
            return Ok(());
        };
        let object = &first.object;
        let object = ObjectLocation::new(object.bucket.clone(), object.key.clone());
        in_time(run, &object, self.publisher.keep(C::RECORD, receipts)).await?
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

    /// Returns the error for an object that there was no time for. After the last try, that is on
    /// record, with what was found.
    async fn out_of_time(
        &self,
        at: ObjectLocation,
        mut report: Report,
        run: &Run,
        attempt: Attempt,
    ) -> ItemError {
        let error = StoreError::no_time("check", &at);
        report.cannot_tell(error, &Scope::default(), &at);
        let subject = ReceiptSubject {
            object: &at,
            report: &report,
            digest: None,
            log_files: None,
        };
        let is_last = attempt.is_last(RetrySchedule::Passing, self.resender.max_receives);
        let will_be_retried = attempt != Attempt::Only && !is_last;
        let receipt = receipt_of::<C>(subject, run.stamp(stamp::<C>()), will_be_retried);
        if let Err(error) = self.keep(receipt.as_slice(), run).await {
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
    /// checked. A digest that a message names and that can be read needs no search.
    async fn check_intended(
        &self,
        created: &EventObject,
        deadline: Deadline,
    ) -> (ObjectLocation, Checked) {
        if is_named_digest::<C>(created) {
            let checked = self.check.check(created, deadline).await;
            if checked.digest.is_some() {
                return (created.object.clone(), checked);
            }
        }
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

/// Returns the reason why an object with this report is checked again, if it is.
fn why_again(report: Report, schedule: Option<RetrySchedule>) -> Option<ItemError> {
    let Obstacle { error, .. } = report.obstacles.into_iter().next()?;
    let schedule = schedule?;
    Some(ItemError::CannotTell { error, schedule })
}

/// Returns whether a message in the queue names the object, which is a digest for the function, in only
/// one way.
fn is_named_digest<C: Check>(created: &EventObject) -> bool {
    matches!(C::RECORD, Record::Digests | Record::Chains)
        && created.origin == Origin::Message
        && created.other_readings.is_empty()
}

/// Returns the receipt of a check, if it leaves one. An attempt that will be retried leaves no
/// receipt of a digest: the next one does.
fn receipt_of<C: Check>(
    subject: ReceiptSubject<'_>,
    stamp: ReceiptStamp<'_>,
    will_be_retried: bool,
) -> Option<Receipt> {
    let report = subject.report;
    let is_due = match C::RECORD {
        Record::LogFiles => !report.rules.is_empty(),
        Record::Digests | Record::Chains => {
            !will_be_retried && report.verdict() != Verdict::Ignored
        }
        Record::None => false,
    };
    is_due.then(|| Receipt::of(subject, stamp))
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
