//! What an event names, and why it cannot be acted on.

use super::unrelated::Tally;
use crate::names::created::Created;
use crate::names::object_key::MAX_KEY_BYTES;

/// How many envelopes may be around each other: SQS, SNS, and the event, with one to spare.
pub(super) const MAX_ENVELOPES: usize = 4;

/// The most objects one event may name. S3 sends one, CloudTrail a handful.
pub(super) const MAX_OBJECTS: usize = 1000;

/// Why an event cannot be acted on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// An envelope's content is not JSON.
    #[error("the event is not JSON: {0}")]
    Json(String),
    /// None of the known shapes.
    #[error("the event has no known shape: {0}")]
    Unknown(&'static str),
    /// Envelopes around envelopes around envelopes.
    #[error("the event is wrapped in more than {MAX_ENVELOPES} envelopes")]
    TooDeep,
    /// More objects than any service sends.
    #[error("the event names more than {MAX_OBJECTS} objects")]
    TooManyObjects,
}

/// What an event names. One bad record does not take the others with it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct EventObjects {
    /// The created objects.
    pub created: Vec<Created>,
    /// The messages that are not about a created object.
    pub unrelated: Tally,
    /// The first thing in the event that could not be understood.
    pub error: Option<EventError>,
}

impl EventObjects {
    /// Notes an error, if it is the first.
    pub(super) fn note(&mut self, result: Result<(), EventError>) {
        if let Err(error) = result {
            self.error.get_or_insert(error);
        }
    }

    /// Adds an object, if S3 can have one of this name.
    pub(super) fn add(&mut self, object: Created) -> Result<(), EventError> {
        if self.created.len() == MAX_OBJECTS {
            return Err(EventError::TooManyObjects);
        }
        if object.object.key.len() > MAX_KEY_BYTES || object.object.bucket.len() > 255 {
            return Err(EventError::Unknown(
                "a bucket name or key longer than S3 allows",
            ));
        }
        self.created.push(object);
        Ok(())
    }
}
