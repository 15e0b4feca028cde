//! Tells an archived object from one that was put in its place.
//!
//! `GetObject` refuses an object in an archive storage class, so that nobody can compare its content
//! (`InvalidObjectState`: "before you can retrieve the object you must first restore a copy",
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>). `HeadObject` answers all the
//! same. The object's creation date is system metadata, which "only Amazon S3 can modify", and user
//! metadata changes only with a new copy of the object
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>). A lifecycle rule moves
//! an object to another storage class and leaves both as they are. So an object that is younger than
//! its delivery was written again.
//!
//! Whoever writes an object again soon after its delivery, with its own metadata, is not found here:
//! the object is `object-archived`, and its content is compared after somebody restores it.

use crate::digest::DigestMetadata;
use crate::store::Headers;
use jiff::{SignedDuration, Timestamp};

/// How long after the end of a digest CloudTrail may still write a log file that the digest lists. The
/// digest lists the log files that were delivered within its time
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>);
/// this is for clocks and for a request that is sent twice.
const LOG_FILE_LATENESS: SignedDuration = SignedDuration::from_mins(15);

/// How long after the end of its time CloudTrail may write a digest. CloudTrail delivers a digest an
/// hour, some half an hour late.
const DIGEST_LATENESS: SignedDuration = SignedDuration::from_hours(2);

/// What does not fit in the headers of an archived object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// What should be there.
    pub(crate) expected: String,
    /// What is there.
    pub(crate) actual: String,
}

/// Whether a log file was written after the digest that lists it. `listed_by` is the end of an hourly
/// digest, or when a backfill digest was generated.
pub(crate) fn log_file(headers: &Headers, listed_by: Timestamp) -> Option<Misfit> {
    written_after(headers, listed_by, LOG_FILE_LATENESS)
}

/// Whether an archived digest has no signature, another one than `signature`, which its successor gives,
/// or was written too late for a digest that was `due`. Where one of these is not known, it says nothing.
pub(crate) fn digest(
    headers: &Headers,
    due: Option<Timestamp>,
    signature: Option<&str>,
) -> Option<Misfit> {
    let metadata = DigestMetadata::from_user_metadata(&headers.metadata);
    let Some(actual) = metadata.signature else {
        return Some(Misfit {
            expected: "metadata entries signature and signature-algorithm".to_owned(),
            actual: "an archived object with no signature in its metadata".to_owned(),
        });
    };
    // Hex of either case is the same signature.
    if let Some(expected) = signature.filter(|expected| !expected.eq_ignore_ascii_case(&actual)) {
        return Some(Misfit {
            expected: format!("signature {expected}"),
            actual: format!("an archived object with signature {actual}"),
        });
    }
    written_after(headers, due?, DIGEST_LATENESS)
}

fn written_after(headers: &Headers, due: Timestamp, lateness: SignedDuration) -> Option<Misfit> {
    let written = headers.last_modified?;
    let latest = due.saturating_add(lateness).unwrap_or(Timestamp::MAX);
    (written > latest).then(|| Misfit {
        expected: format!("an object that was written by {latest}"),
        actual: format!("an archived object that was written at {written}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn headers(written: &str, signature: Option<&str>) -> Headers {
        let metadata = signature.map(|text| ("signature".to_owned(), text.to_owned()));
        Headers {
            last_modified: written.parse().ok(),
            metadata: metadata.into_iter().collect::<HashMap<_, _>>(),
        }
    }

    #[test]
    fn an_object_that_is_younger_than_its_delivery_was_written_again() {
        let end: Timestamp = "2026-01-15T12:00:00Z".parse().unwrap();
        let log_file = |written| log_file(&headers(written, None), end);
        assert_eq!(log_file("2026-01-15T11:59:00Z"), None);
        assert_eq!(log_file("2026-01-15T12:15:00Z"), None);
        let misfit = log_file("2026-01-15T12:15:01Z").unwrap();
        assert!(misfit.expected.ends_with("by 2026-01-15T12:15:00Z"));
        assert!(misfit.actual.ends_with("at 2026-01-15T12:15:01Z"));
        // What S3 does not say proves nothing.
        assert_eq!(log_file(""), None);

        let digest = |written| digest(&headers(written, Some("ab12")), Some(end), None);
        assert_eq!(digest("2026-01-15T14:00:00Z"), None);
        assert!(digest("2026-01-15T14:00:01Z").is_some());
    }

    #[test]
    fn a_digest_with_another_signature_is_another_digest() {
        let of = |signature, expected| {
            let headers = headers("2026-01-15T12:30:00Z", signature);
            digest(&headers, None, expected)
        };
        assert_eq!(of(Some("AB12"), Some("ab12")), None);
        assert_eq!(of(Some("ab12"), None), None);
        assert!(of(None, None).is_some());
        assert!(of(Some("ab13"), Some("ab12")).is_some());
        let misfit = of(None, Some("ab12")).unwrap();
        assert!(misfit.actual.contains("no signature"));
    }
}
