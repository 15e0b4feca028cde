//! One log file, compared with the hash that its digest lists.

use super::digest_file::{NOT_FOUND, TRAILING_DATA, unread};
use super::lines::Verdict;
use trailseal::format::digest::ListedLogFile;
use trailseal::format::log_file_size::MAX_INFLATED_BYTES;
use trailseal::format::log_file_size::MAX_OBJECT_BYTES;
use trailseal::gzip::stream::{Gunzip, GunzipError};
use trailseal::names::sha256::Hasher;
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
    let mut gunzip = Gunzip::new(MAX_INFLATED_BYTES);
    let mut hasher = Hasher::default();
    let mut taken = 0_u64;
    while let Some(bytes) = body.next().await? {
        taken = taken.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if taken > MAX_OBJECT_BYTES {
            return Ok(Some(INVALID_FORMAT));
        }
        match gunzip.push(&bytes, |piece| hasher.update(piece)) {
            Ok(()) => {}
            Err(GunzipError::TrailingData) => return Ok(Some(TRAILING_DATA)),
            Err(_) => return Ok(Some(INVALID_FORMAT)),
        }
    }
    let is_same = hasher.finish() == listed.hash;
    Ok(match (gunzip.finish(), is_same) {
        (Ok(_), true) => None,
        // All its content is there, but it is still not what CloudTrail delivered.
        (Err(_), true) => Some(INVALID_FORMAT),
        (_, false) => Some(OTHER_HASH),
    })
}
