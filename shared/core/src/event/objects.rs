//! The objects that an event names, and the reasons why an event cannot be processed.

use super::fields::OBJECT_DELETED;
use super::unrelated::{Tally, Unrelated};
use crate::names::deed::{Deed, ObjectAction};
use crate::names::event_object::EventObject;
use crate::names::object_key::MAX_KEY_BYTES;

/// The maximum number of nested envelopes: SQS, SNS, and the event, with one to spare.
pub(super) const MAX_ENVELOPES: usize = 4;

/// The maximum number of objects that one event may name. S3 sends one, CloudTrail a few.
pub(super) const MAX_OBJECTS: usize = 1000;

/// The reason why an event cannot be processed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// An envelope's content is not JSON.
    #[error("the event is not JSON: {0}")]
    Json(String),
    /// The event has none of the known forms.
    #[error("the event does not have a form that Trailseal reads: {0}")]
    Unknown(&'static str),
    /// Too many nested envelopes.
    #[error("the event is wrapped in more than {MAX_ENVELOPES} envelopes")]
    TooDeep,
    /// The event names more objects than any service sends.
    #[error("the event names more than {MAX_OBJECTS} objects")]
    TooManyObjects,
}

/// The objects that an event names. One bad record does not affect the others.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct EventObjects {
    /// The created objects.
    pub created: Vec<EventObject>,
    /// The deleted objects.
    pub removed: Vec<EventObject>,
    /// The messages that are not about a created or deleted object.
    pub unrelated: Tally,
    /// The first thing in the event that could not be understood, except in what is about deleted
    /// objects.
    pub error: Option<EventError>,
    /// The first thing that could not be understood in what is about deleted objects.
    pub removed_error: Option<EventError>,
}

impl EventObjects {
    /// Records an error, if it is the first.
    pub(super) fn note(&mut self, result: Result<(), EventError>) {
        if let Err(error) = result {
            self.error.get_or_insert(error);
        }
    }

    /// Counts whatever is about deleted objects as unrelated, for a function that works on created
    /// ones.
    #[must_use]
    pub fn of_created(mut self) -> Self {
        let broken = self.removed_error.take().map(|_| ());
        for () in self.removed.drain(..).map(|_| ()).chain(broken) {
            self.unrelated.add(Unrelated::OtherS3Event, OBJECT_DELETED);
        }
        self
    }

    /// Returns the event for a function that works on created and deleted objects: it must understand
    /// what is about either.
    #[must_use]
    pub fn of_all(mut self) -> Self {
        self.error = self.error.or(self.removed_error.take());
        self
    }

    /// Returns all objects, in the order of the event for those of one kind.
    pub fn into_objects(self) -> impl Iterator<Item = EventObject> {
        self.created.into_iter().chain(self.removed)
    }

    /// Adds the object of an event that says what was done to it, or what is wrong with the event.
    pub(super) fn add_with_deed(
        &mut self,
        object: Result<EventObject, EventError>,
        deed: Deed,
    ) -> Result<(), EventError> {
        let is_removed = matches!(deed.action, ObjectAction::Removed { .. });
        let added = object.and_then(|object| self.add(object.with_deed(deed)));
        match added {
            Err(error) if is_removed => {
                self.removed_error.get_or_insert(error);
                Ok(())
            }
            added => added,
        }
    }

    /// Adds an object, if S3 can have an object with this name.
    pub(super) fn add(&mut self, object: EventObject) -> Result<(), EventError> {
        if self.created.len() + self.removed.len() >= MAX_OBJECTS {
            return Err(EventError::TooManyObjects);
        }
        if object.object.key.len() > MAX_KEY_BYTES || object.object.bucket.len() > 255 {
            return Err(EventError::Unknown(
                "a bucket name or key is longer than S3 allows",
            ));
        }
        let deed = object.deed.as_ref().map(|deed| deed.action);
        match deed {
            Some(ObjectAction::Removed { .. }) => self.removed.push(object),
            Some(ObjectAction::Written) | None => self.created.push(object),
        }
        Ok(())
    }
}
