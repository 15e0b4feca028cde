//! Every object of one event.

use super::attempt::Attempt;
use super::check::Check;
use super::item_error::ItemError;
use super::outcome::Outcome;
use super::run::Run;
use super::service::Service;
use crate::queue::ports::Ports;
use futures::stream::{self, StreamExt as _};
use trailseal::event::EventObjects;

/// How many objects of one message are worked on at the same time: each may hold about 80 MB for
/// the largest object that is accepted.
const ITEMS_AT_ONCE: usize = 4;

/// Returns the objects of an event that are a function's work.
pub(super) fn meant_for<C: Check>(event: EventObjects) -> EventObjects {
    if C::REMOVED {
        event.of_all()
    } else {
        event.of_created()
    }
}

impl<C: Check, P: Ports> Service<C, P> {
    /// Checks every object of an event. The error with the longest retry schedule becomes the
    /// event's; the other objects are still checked.
    pub(super) async fn event(
        &self,
        event: EventObjects,
        run: &Run,
        attempt: Attempt,
    ) -> Result<Vec<Outcome>, ItemError> {
        self.unrelated.add(&event.unrelated);
        let at_once = if attempt.is_alone() { 1 } else { ITEMS_AT_ONCE };
        let error = event.error.clone();
        let results: Vec<_> = stream::iter(event.into_objects())
            .map(|created| async move { self.object(&created, run, attempt).await })
            .buffered(at_once)
            .collect()
            .await;
        let (mut outcomes, mut errors) = (Vec::new(), Vec::new());
        for result in results {
            match result {
                Ok(outcome) => outcomes.extend(outcome),
                Err(error) => errors.push(error),
            }
        }
        // Of several such errors, the first.
        let objects = errors.into_iter().rev().max_by_key(ItemError::schedule);
        match objects.or(error.map(ItemError::from)) {
            None => Ok(outcomes),
            Some(error) => Err(error),
        }
    }
}
