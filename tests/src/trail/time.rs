//! The formats of time that CloudTrail uses.

use jiff::{SignedDuration, Timestamp};

/// `2026-01-15T12:00:00Z`
pub(crate) fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `20260115T120000Z`, in digest names.
pub(crate) fn compact_seconds(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// `20260115T1200Z`, in log file names.
pub(crate) fn compact_minutes(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%MZ").to_string()
}

/// `2026/01/15`
pub(crate) fn date_folder(at: Timestamp) -> String {
    at.strftime("%Y/%m/%d").to_string()
}

/// Returns the moment rounded down to a five-minute step.
pub(crate) fn five_minute_step(at: Timestamp) -> Timestamp {
    let seconds = at.as_second();
    Timestamp::from_second(seconds - seconds.rem_euclid(300)).expect("a moment near another")
}

pub(crate) fn seconds(count: u32) -> SignedDuration {
    SignedDuration::from_secs(i64::from(count))
}

pub(crate) fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}
