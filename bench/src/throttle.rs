//! A rate that requests may have.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// A bucket of tokens: one is needed for a request, and they come at the rate.
#[derive(Debug)]
pub(crate) struct Throttle {
    rate: f64,
    state: Mutex<(f64, Instant)>,
}

impl Throttle {
    /// Allows `rate` requests a second, of which a tenth may come at once.
    pub(crate) fn new(rate: u32) -> Self {
        let rate = f64::from(rate);
        Self {
            rate,
            state: Mutex::new((rate / 10.0, Instant::now())),
        }
    }

    /// Returns whether a request is within the rate.
    pub(crate) fn admits(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (tokens, filled) = &mut *state;
        let now = Instant::now();
        let more = now.duration_since(*filled).as_secs_f64() * self.rate;
        *tokens = (*tokens + more).min(self.rate / 10.0);
        *filled = now;
        let admitted = *tokens >= 1.0;
        if admitted {
            *tokens -= 1.0;
        }
        admitted
    }
}
