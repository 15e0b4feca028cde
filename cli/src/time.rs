//! Times on the command line.

use crate::exit::Stop;
use crate::report::Range;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use trailseal::seconds::whole_second;

/// A text that is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no time: give a date (2026-01-15), a time (2026-01-15T08:00:00Z), or how long ago (7d, 24h, 30m)"
)]
pub(crate) struct TimeError(String);

/// Reads a date, a time, or how long before `now`. A date is its midnight in UTC, and a time
/// without an offset is in UTC. Fractions of a second are cut off.
pub(crate) fn parse(text: &str, now: Timestamp) -> Result<Timestamp, TimeError> {
    ago(text, now)
        .or_else(|| text.parse().ok())
        .or_else(|| {
            let date: Date = text.parse().ok().filter(|_| text.len() == 10)?;
            date.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
        })
        .or_else(|| {
            let time: jiff::civil::DateTime = text.parse().ok()?;
            TimeZone::UTC.to_timestamp(time).ok()
        })
        .map(whole_second)
        .ok_or_else(|| TimeError(text.chars().take(100).collect()))
}

/// Reads the begin and the end that are given.
///
/// # Errors
/// [`Stop`] where one is no time, or they are no stretch of it that has begun.
pub(crate) fn range(from: Option<&str>, to: Option<&str>, now: Timestamp) -> Result<Range, Stop> {
    let read = |text: Option<&str>| -> Result<Option<Timestamp>, Stop> {
        text.map(|text| parse(text, now))
            .transpose()
            .map_err(Stop::usage)
    };
    let range = Range {
        from: read(from)?,
        to: read(to)?,
    };
    if let Some(from) = range.from {
        let to = range.to.unwrap_or(now);
        if from >= to {
            return Err(Stop::usage(format_args!(
                "the start time {from} is not before the end time {to}: exchange them, or leave one out"
            )));
        }
        if from > now {
            return Err(Stop::usage(format_args!(
                "the start time {from} is yet to come: give one that has passed"
            )));
        }
    }
    Ok(range)
}

fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    let (number, minutes) = [("w", 7 * 24 * 60), ("d", 24 * 60), ("h", 60), ("m", 1)]
        .into_iter()
        .find_map(|(unit, minutes)| Some((text.strip_suffix(unit)?, minutes)))?;
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let minutes = number.parse::<i64>().ok()?.checked_mul(minutes)?;
    now.checked_sub(SignedDuration::try_from_mins(minutes)?)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_times_and_how_long_ago_are_read() {
        let now: Timestamp = "2026-01-15T12:30:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-01-10", "2026-01-10T00:00:00Z"),
            ("2026-01-10T05:06:07Z", "2026-01-10T05:06:07Z"),
            ("2026-01-10T05:06:07+02:00", "2026-01-10T03:06:07Z"),
            ("2026-01-10T05:06:07", "2026-01-10T05:06:07Z"),
            ("2026-01-10T05:06:07.999Z", "2026-01-10T05:06:07Z"),
            ("2026-01-10 05:06", "2026-01-10T05:06:00Z"),
            ("7d", "2026-01-08T12:30:00Z"),
            ("24h", "2026-01-14T12:30:00Z"),
            ("30m", "2026-01-15T12:00:00Z"),
            ("2w", "2026-01-01T12:30:00Z"),
        ] {
            assert_eq!(parse(text, now).unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_time() {
        let now = Timestamp::UNIX_EPOCH;
        for text in [
            "",
            "d",
            "-7d",
            "7",
            "yesterday",
            "2026-13-01",
            "2026-02-30",
            "99999999999999999999d",
            "9223372036854775807w",
            "1e3d",
        ] {
            assert!(parse(text, now).is_err(), "{text}");
        }
    }
}
