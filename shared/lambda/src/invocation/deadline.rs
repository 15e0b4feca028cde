//! The time that an invocation has left.

use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// The time reserved for publishing alerts and answering: a tenth of the time left, within these
/// bounds.
const MIN_RESERVE: Duration = Duration::from_millis(500);
const MAX_RESERVE: Duration = Duration::from_secs(10);

/// The times at which to stop starting work, and to stop completely.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    /// An object that needs all of the time does not start after this.
    pub half_time: Instant,
    /// No new work starts after this: the rest is handed back.
    pub wind_down: Instant,
    /// Work that is not done by now is given up, and its message goes back to the queue.
    pub give_up: Instant,
    /// Alerts must be accepted by now: the answer must go out before Lambda ends the invocation.
    pub answer_by: Instant,
}

impl Deadline {
    /// Calculates the deadlines from the time at which Lambda ends the invocation.
    #[must_use]
    pub fn of_invocation(ends: SystemTime) -> Self {
        let left = ends.duration_since(SystemTime::now()).unwrap_or_default();
        let reserve = (left / 10).clamp(MIN_RESERVE, MAX_RESERVE);
        let now = Instant::now();
        let give_up = now + left.saturating_sub(reserve);
        Self {
            half_time: now + left / 2,
            wind_down: now + left.saturating_sub(reserve * 2),
            give_up,
            answer_by: give_up + reserve * 3 / 4,
        }
    }
}
