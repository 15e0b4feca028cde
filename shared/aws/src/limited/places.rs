//! Places for requests. Their number follows the pace.

use super::pace::Pace;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Places for requests that are in flight at the same time, for all clients that share them.
#[derive(Debug)]
pub struct RequestPlaces {
    free: Arc<Semaphore>,
    /// How many requests wait for a place, in line or for their turn in it.
    waiting: AtomicUsize,
    state: Mutex<State>,
    since: Instant,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    /// How many places there are, free ones and taken ones.
    places: usize,
}

impl RequestPlaces {
    /// Returns `first` places, whose number grows while that makes the work faster, up to
    /// `at_most`, and shrinks if S3 throttles requests.
    #[must_use]
    pub fn growing(first: usize, at_most: usize) -> Arc<Self> {
        Self::with(Pace::growing(first, at_most))
    }

    /// Returns a fixed number of places.
    #[must_use]
    pub fn fixed(places: usize) -> Arc<Self> {
        Self::with(Pace::fixed(places))
    }

    fn with(pace: Pace) -> Arc<Self> {
        let places = pace.at_once();
        Arc::new(Self {
            free: Arc::new(Semaphore::new(places)),
            waiting: AtomicUsize::new(0),
            state: Mutex::new(State { pace, places }),
            since: Instant::now(),
        })
    }

    /// Counts a request that waits, until the count is dropped.
    pub(super) fn waiting(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(&self.waiting)
    }

    /// Waits for a place. Returns `None` if the places are closed.
    pub(super) async fn take(self: &Arc<Self>) -> Option<Place> {
        let permit = Arc::clone(&self.free).acquire_owned().await.ok()?;
        let now = self.since.elapsed();
        self.with_state(|state| state.pace.started(now));
        Some(Place {
            permit: Some(permit),
            taken: now,
            places: Arc::clone(self),
        })
    }

    /// Takes note of a request that S3 throttled, or that timed out.
    pub(crate) fn throttled(&self) {
        let now = self.since.elapsed();
        self.with_state(|state| {
            state.pace.throttled(now);
            self.follow(state);
        });
    }

    /// Returns the number of places that nobody takes.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.free.available_permits()
    }

    pub(super) fn close(&self) {
        self.free.close();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.free.is_closed()
    }

    fn with_state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds places, or removes free ones, until there are as many as the pace wants.
    fn follow(&self, state: &mut State) {
        let wanted = state.pace.at_once();
        if wanted > state.places {
            self.free.add_permits(wanted - state.places);
            state.places = wanted;
        } else {
            state.places -= self.free.forget_permits(state.places - wanted);
        }
    }
}

/// A request that waits.
#[derive(Debug)]
pub(super) struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A place that is taken. It is given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    /// The time when it was taken.
    taken: Duration,
    places: Arc<RequestPlaces>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let places = &self.places;
        // A free place means nothing: the next request may not have taken it yet.
        let crowded = places.waiting.load(Ordering::Relaxed) > 0;
        let now = places.since.elapsed();
        places.with_state(|state| {
            state
                .pace
                .finished(now, now.saturating_sub(self.taken), crowded);
            if state.places > state.pace.at_once()
                && let Some(permit) = self.permit.take()
            {
                permit.forget();
                state.places -= 1;
            }
            places.follow(state);
        });
    }
}
