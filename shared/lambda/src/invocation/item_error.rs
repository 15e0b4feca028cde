//! The reason why an object, or the message that names it, is not done.

use super::attempt::MAX_HOPS;
use super::retry_schedule::RetrySchedule;
use trailseal::event::EventError;
use trailseal::names::location::ObjectLocation;
use trailseal::receipt::KeepError;
use trailseal::world::StoreError;

/// The reason why an item goes back to its queue.
#[derive(Debug, thiserror::Error)]
pub(super) enum ItemError {
    #[error(transparent)]
    Event(#[from] EventError),
    #[error(
        "the event is for {0}, whose bucket is not in TRAILSEAL_LOG_BUCKETS: add the bucket to the parameter LogBuckets, or stop sending its events to this queue"
    )]
    UnknownBucket(ObjectLocation),
    #[error("could not verify the object: {error}")]
    CannotTell {
        /// The first obstacle.
        error: StoreError,
        /// The retry schedule for all obstacles together.
        schedule: RetrySchedule,
    },
    #[error("there was no time left to check {0}")]
    NoTime(ObjectLocation),
    #[error(
        "{0} is still not checked completely after its rest was sent to the queue {MAX_HOPS} times: move the message back from the dead-letter queue to check the object again"
    )]
    TooManyHops(ObjectLocation),
    #[error("the findings could not be sent to the queue: {0}")]
    Findings(StoreError),
    #[error(transparent)]
    HandBack(StoreError),
    #[error(transparent)]
    Record(KeepError),
    #[error("the check crashed, which is an error in Trailseal: {0}")]
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
            Self::Record(KeepError::Receipt(_)) => "ReceiptNotKept",
            Self::Record(KeepError::Head(_)) => "ChainHeadNotKept",
            Self::Abnormal(_) => "Abnormal",
        }
    }

    /// Returns how long to wait for the cause. Findings that were not accepted are never given up
    /// early.
    pub(super) fn schedule(&self) -> RetrySchedule {
        match self {
            Self::CannotTell { schedule, .. } => *schedule,
            // The digest's receipt is kept, and every further try keeps another one.
            Self::Record(KeepError::Head(error)) => RetrySchedule::of(&error.cause),
            Self::Event(_) | Self::UnknownBucket(_) | Self::TooManyHops(_) => {
                RetrySchedule::Lasting
            }
            Self::NoTime(_)
            | Self::Findings(_)
            | Self::HandBack(_)
            | Self::Record(KeepError::Receipt(_))
            | Self::Abnormal(_) => RetrySchedule::Passing,
        }
    }
}
