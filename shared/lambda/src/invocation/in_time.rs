//! Work on the stores that must end in time.

use tokio::time::{Instant, timeout_at};
use trailseal::world::StoreError;

/// Returns the result of `work`, if it has one by `end`. `action` and `subject` name the work in the
/// error, as in [`StoreError`].
///
/// # Errors
/// That of the work; or [`trailseal::world::Cause::Unavailable`], if it is not done in time. It is then
/// given up.
pub async fn in_time<T, E: From<StoreError>>(
    end: Instant,
    action: &'static str,
    subject: &(impl ToString + ?Sized),
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let done = timeout_at(end, work).await;
    done.unwrap_or_else(|_| Err(StoreError::no_time(action, subject).into()))
}
