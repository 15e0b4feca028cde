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
use trailseal::event::{EventError, EventObjects};
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

/// Returns how many objects of one message are worked on at the same time.
fn at_once(attempt: Attempt) -> usize {
    if attempt.is_alone() { 1 } else { ITEMS_AT_ONCE }
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
        let Some(division) = division else {
            return self.each(objects, error, run, attempt).await;
        };
        let mut results = Results::default();
        let mut objects = objects.into_iter();
        loop {
            let together: Vec<_> = objects.by_ref().take(RECORDED_TOGETHER).collect();
            if together.is_empty() {
                break;
            }
            Box::pin(self.together(together, run, attempt, &mut results)).await?;
        }
        let Results {
            outcomes,
            failed,
            left,
        } = results;
        Box::pin(self.continue_apart(failed, left, &division, run)).await?;
        Ok(outcomes)
    }

    /// Checks objects, each with its own record. `error` is what is wrong with the event besides.
    async fn each(
        &self,
        objects: Vec<EventObject>,
        error: Option<EventError>,
        run: &Run,
        attempt: Attempt,
    ) -> Result<Vec<Outcome>, ItemError> {
        let results: Vec<Result<Option<Outcome>, ItemError>> = stream::iter(objects)
            .map(|created| async move {
                let mut examined = self.examine(&created, run, attempt).await?;
                let receipt = examined.receipt.take();
                Box::pin(self.keep(receipt.as_slice(), run)).await?;
                self.finish(examined, run, attempt).await
            })
            .buffered(at_once(attempt))
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
        let worst = errors.into_iter().rev().max_by_key(ItemError::schedule);
        match worst.or(error.map(ItemError::from)) {
            None => Ok(outcomes),
            Some(error) => Err(error),
        }
    }

    /// Checks objects, and puts them on record together. None is started after the time for new work.
    ///
    /// # Errors
    /// [`ItemError`]: the record was not kept, so that none of the objects is done.
    async fn together(
        &self,
        objects: Vec<EventObject>,
        run: &Run,
        attempt: Attempt,
        results: &mut Results,
    ) -> Result<(), ItemError> {
        let mut examined: Vec<(EventObject, Option<Result<Examined, ItemError>>)> =
            stream::iter(objects)
                .map(|created| async move {
                    let examined = if Instant::now() >= run.deadline.wind_down {
                        None
                    } else {
                        Some(self.examine(&created, run, attempt).await)
                    };
                    (created, examined)
                })
                .buffered(at_once(attempt))
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
