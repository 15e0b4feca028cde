//! Another try where a connection broke.

use super::{Cause, StoreError};

/// How often an object is read before it counts as unreadable for now: a connection that breaks
/// must not send a digest of thousands of files round again.
const READ_ATTEMPTS: usize = 3;

/// Reads again where the connection broke: what came through before says nothing.
///
/// # Errors
/// [`StoreError`] of the last try.
pub async fn with_attempts<T, F: Future<Output = Result<T, StoreError>>>(
    mut read: impl FnMut() -> F,
) -> Result<T, StoreError> {
    let mut attempt = 1;
    loop {
        match read().await {
            Err(error)
                if matches!(error.cause, Cause::Unavailable(_)) && attempt < READ_ATTEMPTS =>
            {
                attempt += 1;
            }
            answer => return answer,
        }
    }
}
