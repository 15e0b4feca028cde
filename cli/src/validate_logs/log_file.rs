//! One log file, compared with the hash that its digest lists.

use super::digest_file::{NOT_FOUND, TRAILING_DATA, unread};
use super::lines::Verdict;
use trailseal::format::digest::ListedLogFile;
use trailseal::trust::log_file::{LogFileCheck, LogFileError};
use trailseal::world::{Body as _, ReadObject, StoreError, with_attempts};

const INVALID_FORMAT: &str = "invalid format";
const OTHER_HASH: &str = "hash value doesn't match";

/// Checks a listed log file.
pub(super) async fn check<S: ReadObject>(store: &S, listed: &ListedLogFile) -> Verdict {
    // A digest that CloudTrail signed names buckets and keys. An object that S3 cannot hold does
    // not exist.
    if listed.location.bucket.is_empty() || listed.location.key.is_empty() {
        return Verdict::Invalid(NOT_FOUND.into());
    }
    match with_attempts(|| check_once(store, listed)).await {
        Ok(None) => Verdict::Valid,
        Ok(Some(reason)) => Verdict::Invalid(reason.into()),
        Err(error) => unread(&error),
    }
}

/// Returns what is wrong with it, if anything.
async fn check_once<S: ReadObject>(
    store: &S,
    listed: &ListedLogFile,
) -> Result<Option<&'static str>, StoreError> {
    let mut body = store.read(&listed.location).await?.body;
    let mut check = LogFileCheck::new(listed.hash);
    while let Some(bytes) = body.next().await? {
        match check.push(&bytes) {
            Ok(()) => {}
            // Before the object ends, only bytes after the member lead to a comparison of hashes.
            Err(LogFileError::TrailingData | LogFileError::Modified { .. }) => {
                return Ok(Some(TRAILING_DATA));
            }
            Err(LogFileError::TooLarge | LogFileError::Malformed(_)) => {
                return Ok(Some(INVALID_FORMAT));
            }
        }
    }
    let is_same = check.is_listed_content();
    Ok(match (check.finish(), is_same) {
        (Ok(_), _) => None,
        // All its content is there, but it is still not what CloudTrail delivered.
        (Err(_), true) => Some(INVALID_FORMAT),
        (Err(_), false) => Some(OTHER_HASH),
    })
}
