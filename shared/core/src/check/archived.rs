//! Distinguishes an archived object from one that was put in its place.
//!
//! `GetObject` refuses an object in an archive storage class, so nobody can compare its content
//! (`InvalidObjectState`: "before you can retrieve the object you must first restore a copy",
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>). `HeadObject` still
//! answers. The object's creation date is system metadata, which "only Amazon S3 can modify", and
//! user metadata changes only with a new copy of the object
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>). A lifecycle rule
//! moves an object to another storage class and leaves both unchanged. These objects were therefore
//! put there after their delivery:
//!
//! - A log file that is younger than the digest that lists it.
//! - A digest that is younger than its successor, which CloudTrail signed with this digest's
//!   signature. A digest that CloudTrail delivers late does not count, because its successor is as
//!   late.
//! - An object that is archived on the UTC day on which it was written. CloudTrail delivers
//!   readable objects, and no lifecycle rule that counts days moves them yet. "S3 lifecycle runs
//!   only once per day. Additionally, Amazon S3 rounds the transition or expiration date of an
//!   object to midnight UTC the next day"
//!   (<https://repost.aws/knowledge-center/s3-lifecycle-rule-delay>). A rule that names a date
//!   continues after that date, for new objects, too
//!   (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html>). Nobody
//!   archives logs like that. If somebody does, an object that S3 moves on its first day is a
//!   finding.
//!
//! This check does not find an object that somebody writes again soon after its delivery, with its
//! own metadata, if nobody looks at it before midnight UTC. The object is `object-archived`, and
//! its content is compared after somebody restores it.

use crate::finding::ArchivedMisfit;
use crate::format::digest::DigestMetadata;
use crate::world::Headers;
use jiff::{SignedDuration, Timestamp};

/// The maximum time after the end of a digest at which CloudTrail may still write a log file that
/// the digest lists. The digest lists the log files that were delivered within its time
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>).
/// The margin allows for clocks and for a request that is sent twice.
const LOG_FILE_LATENESS: SignedDuration = SignedDuration::from_mins(15);

/// The maximum time after its successor at which CloudTrail may write a digest. The margin allows
/// for a repeated delivery.
const DIGEST_LATENESS: SignedDuration = SignedDuration::from_hours(2);

/// The maximum time by which the local clock may be behind S3's clock.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// The statements of a digest's successor, which CloudTrail signed, about the digest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    /// The digest's signature.
    pub(crate) signature: &'a str,
    /// The time by which the successor existed; `None` if it is unknown.
    pub(crate) by: Option<Timestamp>,
}

/// Reports whether an archived log file was put into its class, or was written after the digest
/// that lists it. `listed_by` is the end of an hourly digest, or the time at which a backfill
/// digest was generated; `None` if it is unknown.
pub(crate) fn log_file(headers: &Headers, listed_by: Option<Timestamp>) -> Option<ArchivedMisfit> {
    put_into_its_class(headers).or_else(|| written_after(headers, listed_by?, LOG_FILE_LATENESS))
}

/// Reports whether an archived digest has no signature, was put into its class, has another
/// signature than its successor states, or was written after its successor. If something is
/// unknown, it reports nothing about that.
pub(crate) fn digest(headers: &Headers, successor: Option<Signed<'_>>) -> Option<ArchivedMisfit> {
    let metadata = DigestMetadata::from_user_metadata(&headers.metadata);
    let Some(actual) = metadata.signature else {
        return Some(ArchivedMisfit::NoSignature);
    };
    // The signature is the same in upper-case and lower-case hex.
    let signature = successor.map(|successor| successor.signature);
    if let Some(expected) = signature.filter(|expected| !expected.eq_ignore_ascii_case(&actual)) {
        return Some(ArchivedMisfit::OtherSignature {
            expected: expected.to_owned(),
            actual,
        });
    }
    put_into_its_class(headers).or_else(|| written_after(headers, successor?.by?, DIGEST_LATENESS))
}

/// Reports whether an archived object was written too recently for any lifecycle rule that counts
/// days.
fn put_into_its_class(headers: &Headers) -> Option<ArchivedMisfit> {
    const DAY: i64 = 24 * 60 * 60;
    let (written, answered) = (headers.last_modified?, headers.answered?);
    let latest = answered.saturating_add(CLOCKS_DIFFER).ok()?;
    let day = |time: Timestamp| time.as_second().div_euclid(DAY);
    (day(written) >= day(latest)).then_some(ArchivedMisfit::WrittenToday { written })
}

fn written_after(
    headers: &Headers,
    due: Timestamp,
    lateness: SignedDuration,
) -> Option<ArchivedMisfit> {
    let written = headers.last_modified?;
    let latest = due.saturating_add(lateness).unwrap_or(Timestamp::MAX);
    (written > latest).then_some(ArchivedMisfit::WrittenLate { latest, written })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn headers(written: &str, signature: Option<&str>) -> Headers {
        let metadata = signature.map(|text| ("signature".to_owned(), text.to_owned()));
        Headers {
            last_modified: written.parse().ok(),
            answered: None,
            metadata: metadata.into_iter().collect::<HashMap<_, _>>(),
        }
    }

    #[test]
    fn an_object_newer_than_its_delivery_was_overwritten() {
        let end: Timestamp = "2026-01-15T12:00:00Z".parse().unwrap();
        let log_file = |written| log_file(&headers(written, None), Some(end));
        assert_eq!(log_file("2026-01-15T11:59:00Z"), None);
        assert_eq!(log_file("2026-01-15T12:15:00Z"), None);
        let misfit = log_file("2026-01-15T12:15:01Z").unwrap();
        assert!(misfit.expected().ends_with("by 2026-01-15T12:15:00Z"));
        assert!(misfit.actual().ends_with("at 2026-01-15T12:15:01Z"));
        // A value that S3 does not return proves nothing.
        assert_eq!(log_file(""), None);

        // Lateness alone proves nothing about a digest: its successor shows when it existed.
        let digest = |written, by: Option<Timestamp>| {
            let signature = "ab12";
            let successor = by.map(|by| Signed {
                signature,
                by: Some(by),
            });
            digest(&headers(written, Some(signature)), successor)
        };
        assert_eq!(digest("2026-11-27T12:00:00Z", None), None);
        assert_eq!(digest("2026-01-15T14:00:00Z", Some(end)), None);
        assert!(digest("2026-01-15T14:00:01Z", Some(end)).is_some());
    }

    #[test]
    fn no_lifecycle_rule_archives_an_object_on_its_first_day() {
        let looked_at = |written, answered: &str| {
            let mut headers = headers(written, Some("ab12"));
            headers.answered = answered.parse().ok();
            let misfit = log_file(&headers, None);
            assert_eq!(misfit, digest(&headers, None));
            misfit.is_some()
        };
        assert!(looked_at("2026-01-15T00:00:00Z", "2026-01-15T23:54:59Z"));
        assert!(looked_at("2026-01-15T12:00:00Z", "2026-01-15T12:00:01Z"));
        // A clock that is slow by less than five minutes.
        assert!(!looked_at("2026-01-15T12:00:00Z", "2026-01-15T23:55:00Z"));
        assert!(!looked_at("2026-01-15T23:59:59Z", "2026-01-16T00:00:00Z"));
        assert!(!looked_at("2026-01-15T12:00:00Z", "2027-01-15T12:00:00Z"));
        // An unknown time proves nothing.
        assert!(!looked_at("2026-01-15T12:00:00Z", ""));
        assert!(!looked_at("", "2026-01-15T12:00:00Z"));
    }

    #[test]
    fn a_digest_with_another_signature_is_another_digest() {
        let of = |signature, expected: Option<&str>| {
            let headers = headers("2026-01-15T12:30:00Z", signature);
            let by = None;
            digest(&headers, expected.map(|signature| Signed { signature, by }))
        };
        assert_eq!(of(Some("AB12"), Some("ab12")), None);
        assert_eq!(of(Some("ab12"), None), None);
        assert!(of(None, None).is_some());
        assert!(of(Some("ab13"), Some("ab12")).is_some());
        let misfit = of(None, Some("ab12")).unwrap();
        assert!(misfit.actual().contains("no signature"));
    }
}
