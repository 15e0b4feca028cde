//! Every object of one event.

use super::attempt::Attempt;
use super::check::Check;
use super::division::Division;
use super::item::Examined;
use super::item_error::ItemError;
use super::outcome::Outcome;
use super::run::Run;
use super::service::Service;
use crate::queue::ports::Ports;
use futures::stream::{self, StreamExt as _};
use tokio::time::Instant;
use trailseal::event::EventObjects;
use trailseal::names::event_object::EventObject;

/// How many objects of one message are worked on at the same time: each may hold about 80 MB for
/// the largest object that is accepted.
const ITEMS_AT_ONCE: usize = 4;

/// How many objects of one message are put on record together.
const RECORDED_TOGETHER: usize = 50;

/// Returns the objects of an event that are a function's work.
pub(super) fn meant_for<C: Check>(event: EventObjects) -> EventObjects {
    if C::REMOVED {
        event.of_all()
    } else {
        event.of_created()
    }
}

/// The results of the objects of an event.
#[derive(Default)]
struct Results {
    outcomes: Vec<Outcome>,
    failed: Vec<(EventObject, ItemError)>,
    /// There was no time to start on these.
    left: Vec<EventObject>,
}

impl<C: Check, P: Ports> Service<C, P> {
    /// Checks every object of an event.
    ///
    /// What is not done of a message that only lists objects continues in messages of its own. Of any
    /// other event, the error with the longest retry schedule becomes the event's; the other objects
    /// are still checked.
    pub(super) async fn event(
        &self,
        event: EventObjects,
        run: &Run,
        attempt: Attempt,
    ) -> Result<Vec<Outcome>, ItemError> {
        self.unrelated.add(&event.unrelated);
        let error = event.error.clone();
        let objects: Vec<EventObject> = event.into_objects().collect();
        let division = Division::of(&objects, attempt).filter(|_| error.is_none());
        if let Some(division) = &division
            && division.is_due()
        {
            let sent = Box::pin(self.divide(objects, division, run)).await;
            return sent.map(|()| Vec::new());
        }
        let mut results = Results::default();
        let mut objects = objects.into_iter();
        loop {
            let together: Vec<_> = objects.by_ref().take(RECORDED_TOGETHER).collect();
            if together.is_empty() {
                break;
            }
            let can_wait = division.is_some();
            let done = self.together(together, run, attempt, can_wait, &mut results);
            Box::pin(done).await?;
        }
        let Results {
            outcomes,
            failed,
            left,
        } = results;
        if let Some(division) = division {
            Box::pin(self.continue_apart(failed, left, &division, run)).await?;
            return Ok(outcomes);
        }
        // Of several such errors, the first.
        let errors = failed.into_iter().map(|(_, error)| error);
        let worst = errors.rev().max_by_key(ItemError::schedule);
        match worst.or(error.map(ItemError::from)) {
            None => Ok(outcomes),
            Some(error) => Err(error),
        }
    }

    /// Checks objects, and puts them on record together. If they `can_wait`, none is started after
    /// the time for new work.
    ///
    /// # Errors
    /// [`ItemError`]: the record was not kept, so that none of the objects is done.
    async fn together(
        &self,
        objects: Vec<EventObject>,
        run: &Run,
        attempt: Attempt,
        can_wait: bool,
        results: &mut Results,
    ) -> Result<(), ItemError> {
        let at_once = if attempt.is_alone() { 1 } else { ITEMS_AT_ONCE };
        let mut examined: Vec<(EventObject, Option<Result<Examined, ItemError>>)> =
            stream::iter(objects)
                .map(|created| async move {
                    let is_late = can_wait && Instant::now() >= run.deadline.wind_down;
                    let examined = if is_late {
                        None
                    } else {
                        Some(self.examine(&created, run, attempt).await)
                    };
                    (created, examined)
                })
                .buffered(at_once)
                .collect()
                .await;
        let receipts: Vec<_> = examined
            .iter_mut()
            .filter_map(|(_, examined)| examined.as_mut()?.as_mut().ok()?.receipt.take())
            .collect();
        Box::pin(self.keep(&receipts, run)).await?;
        for (created, examined) in examined {
            let finished = match examined {
                None => {
                    results.left.push(created);
                    continue;
                }
                Some(Ok(examined)) => self.finish(examined, run, attempt).await,
                Some(Err(error)) => Err(error),
            };
            match finished {
                Ok(outcome) => results.outcomes.extend(outcome),
                Err(error) => results.failed.push((created, error)),
            }
        }
        Ok(())
    }
}
