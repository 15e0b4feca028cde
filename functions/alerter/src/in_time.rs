//! Reads of the evidence bucket that do not answer.

use tokio::time::{Instant, timeout_at};
use trailseal::world::{Cause, StoreError};

/// Waits for the result of a read, until a time. What the alerter does not know by then keeps no alert
/// from being published.
///
/// # Errors
/// That of the read; or [`Cause::Unavailable`], if there is no answer in time.
pub(crate) async fn in_time<T>(
    until: Instant,
    key: &str,
    read: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let read = timeout_at(until, read).await;
    read.unwrap_or_else(|_| {
        Err(StoreError {
            action: "read",
            subject: key.to_owned(),
            cause: Cause::Unavailable("there was no answer in time".to_owned()),
        })
    })
}
