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

#[cfg(test)]
mod tests {
    use super::*;
    use trailseal::names::location::ObjectLocation;
    use trailseal::names::sha256::Sha256;
    use trailseal_tests::memory::Memory;
    use trailseal_tests::trail::tamper::log::{cut_in_half, cut_in_trailer, junk_after, modified};
    use trailseal_tests::trail::{TrailSpec, gzip};

    #[tokio::test]
    async fn bytes_after_the_end_are_named_first_and_then_other_content() {
        let trail = TrailSpec {
            hours: 1,
            ..TrailSpec::default()
        }
        .build();
        let log = &trail.log_files[0].object;
        let listed = ListedLogFile {
            location: ObjectLocation::new(&log.bucket, &log.key),
            hash: Sha256::of(&gzip::inflate(&log.body)),
        };
        let other = modified(log);
        for (object, reason) in [
            (log.clone(), None),
            (other.clone(), Some(OTHER_HASH)),
            (junk_after(log), Some(TRAILING_DATA)),
            (junk_after(&other), Some(TRAILING_DATA)),
            (cut_in_trailer(log), Some(INVALID_FORMAT)),
            (cut_in_trailer(&other), Some(OTHER_HASH)),
            (cut_in_half(log), Some(OTHER_HASH)),
            (log.with_body(&b"{}"[..]), Some(INVALID_FORMAT)),
        ] {
            let mut memory = Memory::default();
            memory.put(object);
            let verdict = match reason {
                None => Verdict::Valid,
                Some(reason) => Verdict::Invalid(reason.into()),
            };
            assert_eq!(check(&&memory, &listed).await, verdict);
        }
    }
}
