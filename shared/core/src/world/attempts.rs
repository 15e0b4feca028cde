//! Tries again after a connection breaks.

use super::{Cause, StoreError};

/// The number of times that an object is read before it counts as unreadable for now. A connection
/// that breaks must not make a digest of thousands of files start over.
const READ_ATTEMPTS: usize = 3;

/// Reads again if the connection broke, because what arrived before then is not an answer.
///
/// # Errors
/// [`StoreError`] of the last attempt.
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
