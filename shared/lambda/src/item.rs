//! One object of an event: checked, told, settled.

use super::batch::Service;
use super::deadline::Deadline;
use super::metrics;
use super::retry::{Attempt, MAX_HOPS, Patience};
use crate::ports::Requeue;
use crate::ports::SendFindings;
use crate::receipt::Receipt;
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout_at;
use trailseal::alert::findings_message;
use trailseal::check::arrival::Arrival;
use trailseal::check::pending::Afterwards;
use trailseal::event::EventError;
use trailseal::finding::{Finding, Obstacle, Report, Stamp, Verdict};
use trailseal::names::created::Created;
use trailseal::names::location::ObjectLocation;
use trailseal::names::printable::json_for_queue;
use trailseal::names::seconds::whole_second;
use trailseal::world::{Cause, KeepEvidence, SettleEvidence, StoreError};

/// How many documents of the evidence bucket are settled at once.
const SETTLED_AT_ONCE: usize = 16;

/// What a function does with one created object.
pub trait Check: Send + Sync + 'static {
    /// The function's name, as it stands in findings.
    const FUNCTION: &'static str;

    /// How many messages of a batch are worked on at once.
    const AT_ONCE: usize = 4;

    /// Finds the object that an event means, where it may mean several or none.
    fn arrival(&self, created: &Created) -> impl Future<Output = Arrival> + Send {
        std::future::ready(Arrival::At(created.object.clone()))
    }

    /// Checks one object; stops in time and says what is left.
    fn check(&self, created: &Created, deadline: Deadline) -> impl Future<Output = Checked> + Send;
}

/// What a check came to.
#[derive(Debug)]
pub struct Checked {
    /// What was found.
    pub report: Report,
    /// What there was no time for.
    pub rest: Option<Created>,
    /// What is to be done in the evidence bucket once the findings were sent.
    pub afterwards: Vec<Afterwards>,
}

impl From<Report> for Checked {
    fn from(report: Report) -> Self {
        Self {
            report,
            rest: None,
            afterwards: Vec::new(),
        }
    }
}

/// Why an item goes back to its queue.
#[derive(Debug, thiserror::Error)]
pub(super) enum ItemError {
    #[error(transparent)]
    Event(#[from] EventError),
    #[error(
        "the event is for {0}, whose bucket is not in TRAILSEAL_LOG_BUCKETS: add it there, or take its events from this queue"
    )]
    UnknownBucket(ObjectLocation),
    #[error("cannot tell: {error}")]
    CannotTell {
        /// The first thing that could not be looked at.
        error: StoreError,
        /// How long all of them are waited for.
        patience: Patience,
    },
    #[error("there was no time left for {0}")]
    NoTime(ObjectLocation),
    #[error(
        "the rest of {0} is not handed back: it was, {MAX_HOPS} times, and the object is still not done with"
    )]
    TooManyHops(ObjectLocation),
    #[error("the findings were not accepted: {0}")]
    Findings(StoreError),
    #[error(transparent)]
    HandBack(StoreError),
    #[error("what was checked is not on record: {0}")]
    Receipt(StoreError),
    #[error("the check ended abnormally: {0}")]
    Abnormal(String),
}

impl ItemError {
    pub(super) fn class(&self) -> &'static str {
        match self {
            Self::Event(_) => "MalformedEvent",
            Self::UnknownBucket(_) => "UnknownBucket",
            Self::CannotTell { .. } => "CannotTell",
            Self::NoTime(_) => "NoTime",
            Self::TooManyHops(_) => "TooManyHops",
            Self::Findings(_) => "FindingsNotAccepted",
            Self::HandBack(_) => "HandBackFailed",
            Self::Receipt(_) => "ReceiptNotKept",
            Self::Abnormal(_) => "Abnormal",
        }
    }

    /// How long it is waited for. Findings that were not accepted are never given up early.
    pub(super) fn patience(&self) -> Patience {
        match self {
            Self::CannotTell { patience, .. } => *patience,
            Self::Event(_) | Self::UnknownBucket(_) | Self::TooManyHops(_) => Patience::Lasting,
            Self::NoTime(_)
            | Self::Findings(_)
            | Self::HandBack(_)
            | Self::Receipt(_)
            | Self::Abnormal(_) => Patience::Passing,
        }
    }
}

/// What was found out about one object, for whoever invoked the function by hand.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome {
    object: String,
    verdict: Verdict,
    valid: usize,
    findings: Value,
    cannot_tell: Vec<String>,
}

impl<C, F, Q, E> Service<C, F, Q, E>
where
    C: Check,
    F: SendFindings,
    Q: Requeue,
    E: KeepEvidence + SettleEvidence,
{
    /// Checks one object, sends what was found to the alerter, hands back what is left. In this
    /// order: a crash between repeats a finding and never loses one.
    pub(super) async fn object(
        &self,
        created: &Created,
        deadline: Deadline,
        attempt: Attempt,
    ) -> Result<Option<Outcome>, ItemError> {
        if !self.places.watches(&created.object.bucket) {
            return Err(ItemError::UnknownBucket(created.object.clone()));
        }
        let checked = self.check_what_is_meant(created, deadline);
        let (object, checked) = timeout_at(deadline.give_up, checked)
            .await
            .map_err(|_| ItemError::NoTime(created.object.clone()))?;
        let object = &object;
        let Checked {
            mut report,
            rest,
            afterwards,
        } = checked;
        report.allow_for_expiry(Timestamp::now());
        let verdict = report.verdict();
        let patience = Patience::of_report(&report);
        let is_last = patience.is_some_and(|p| attempt.is_last(p, self.max_receives));
        if is_last {
            let stays = report
                .obstacles
                .iter_mut()
                .filter_map(|o| o.if_it_stays.take());
            report.findings.extend(stays);
        }
        let no_time = |_| ItemError::NoTime(object.clone());
        let is_whole = rest.is_none();
        let stamp = Stamp {
            function: C::FUNCTION,
            detected_at: whole_second(Timestamp::now()),
        };
        let told = self.tell(object, verdict, &report, is_whole, stamp);
        timeout_at(deadline.answer_by, told)
            .await
            .map_err(no_time)??;
        // A queue has no use for it, and it may be large.
        let by_hand = attempt == Attempt::Only;
        let outcome = by_hand.then(|| Outcome::of(object, verdict, &report, stamp));
        let settled = self.settle(afterwards);
        timeout_at(deadline.answer_by, settled)
            .await
            .map_err(no_time)?;
        // What comes back itself brings its rest along: handed back as well, it would multiply.
        let is_counted = matches!(attempt, Attempt::Counted(_));
        let comes_back = is_counted && patience.is_some() && !is_last;
        if let Some(rest) = rest.filter(|_| !comes_back) {
            // Handed back without any progress, it would go on for ever.
            if rest.resume_at <= created.resume_at {
                return Err(ItemError::NoTime(object.clone()));
            }
            let handed = self.hand_back(object, &rest, attempt);
            timeout_at(deadline.answer_by, handed)
                .await
                .map_err(no_time)??;
        }
        match (report.obstacles.into_iter().next(), patience) {
            (Some(Obstacle { error, .. }), Some(patience)) => {
                Err(ItemError::CannotTell { error, patience })
            }
            _ => Ok(outcome),
        }
    }

    /// Queues what there was no time for.
    async fn hand_back(
        &self,
        object: &ObjectLocation,
        rest: &Created,
        attempt: Attempt,
    ) -> Result<(), ItemError> {
        let Some(passage) = attempt.of_rest() else {
            return Err(ItemError::TooManyHops(object.clone()));
        };
        tracing::info!(object = ?object.to_string(), resume_at = rest.resume_at, hops = passage.hops, "the rest is handed back to the queue");
        let body = serde_json::to_string(rest).map_err(|error| {
            ItemError::HandBack(StoreError {
                action: "hand back the rest of",
                subject: object.to_string(),
                cause: Cause::Failed(error.to_string()),
            })
        })?;
        let body = json_for_queue(body);
        let sent = self.queue.send(&body, &passage, Duration::ZERO).await;
        sent.map_err(ItemError::HandBack)
    }

    /// Finds the object that is meant and checks it. Gives the object that was looked at.
    async fn check_what_is_meant(
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
            Arrival::NotThere(report) => (created.object.clone(), (*report).into()),
        }
    }

    /// What is not removed here is settled once more with the next digest.
    async fn settle(&self, afterwards: Vec<Afterwards>) {
        let mut results = stream::iter(afterwards)
            .map(|what| self.settle_one(what))
            .buffer_unordered(SETTLED_AT_ONCE);
        while results.next().await.is_some() {}
    }

    async fn settle_one(&self, what: Afterwards) {
        if let Err(error) = what.run(&self.evidence).await {
            tracing::warn!(error = ?error.to_string(), "what is settled still waits");
        }
    }

    async fn tell(
        &self,
        object: &ObjectLocation,
        verdict: Verdict,
        report: &Report,
        is_whole: bool,
        stamp: Stamp<'_>,
    ) -> Result<(), ItemError> {
        for finding in &report.findings {
            tracing::warn!(finding = %stamped(finding, stamp), "finding");
        }
        tracing::info!(
            object = ?object.to_string(),
            verdict = ?verdict,
            valid = report.valid,
            findings = report.findings.len(),
            cannot_tell = report.obstacles.len(),
            "checked"
        );
        metrics::write(object, verdict, report, is_whole, stamp);
        let bucket = self.evidence_bucket.as_deref();
        for message in findings_message::compose(&report.findings, stamp, bucket) {
            self.findings
                .send(&message)
                .await
                .map_err(ItemError::Findings)?;
        }
        if !report.rules.is_empty() {
            let receipt = Receipt::of(object, report, stamp);
            self.evidence
                .keep(&receipt.key(), receipt.document())
                .await
                .map_err(ItemError::Receipt)?;
        }
        Ok(())
    }
}

/// A finding as it goes out.
fn stamped(finding: &Finding, stamp: Stamp<'_>) -> Value {
    serde_json::to_value(stamp.stamp(finding)).unwrap_or_default()
}

impl Outcome {
    fn of(object: &ObjectLocation, verdict: Verdict, report: &Report, stamp: Stamp<'_>) -> Self {
        let findings = report.findings.iter();
        let obstacles = report.obstacles.iter();
        Self {
            object: object.to_string(),
            verdict,
            valid: report.valid,
            findings: findings.map(|finding| stamped(finding, stamp)).collect(),
            cannot_tell: obstacles.map(|o| o.error.to_string()).collect(),
        }
    }
}
