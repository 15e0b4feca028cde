//! Times on the command line.

use crate::exit::Stop;
use crate::options;
use crate::report::Range;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use trailseal::names::seconds::whole_second;
use trailseal::names::text::clip;
use trailseal::names::value::plain;

/// A text that is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a time: give a date (2026-01-15), a time (2026-01-15T08:00:00Z), or how long ago (7d, 24h, 30m)"
)]
pub(crate) struct TimeError(String);

/// A text that is not a time in the future.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a time: give a date (2026-01-15), a time (2026-01-15T08:00:00Z), or how long from now (7d, 24h, 30m)"
)]
pub(crate) struct FutureTimeError(String);

/// Reads a date, a time, or a duration before `now`. A date means its midnight in UTC, and a time
/// without an offset is in UTC. Surrounding white space and quotes are ignored, and fractions of a
/// second are cut off.
pub(crate) fn parse(text: &str, now: Timestamp) -> Result<Timestamp, TimeError> {
    let text = plain(text);
    // A zone's name without an offset: only the zone's rules determine which time it means.
    let in_zone = text.contains('[');
    ago(text, now)
        .or_else(|| text.parse().ok())
        .or_else(|| {
            let date: Date = text.parse().ok().filter(|_| text.len() == 10)?;
            date.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
        })
        .or_else(|| {
            let time: jiff::civil::DateTime = text.parse().ok().filter(|_| !in_zone)?;
            TimeZone::UTC.to_timestamp(time).ok()
        })
        .map(whole_second)
        .ok_or_else(|| TimeError(clip(text, 100).to_owned()))
}

/// Reads `--start-time` and `--end-time`, as given on the command line.
///
/// # Errors
/// [`Stop`], if one is not a time, or if they are not a range of time that has started.
pub(crate) fn range(from: Option<&str>, to: Option<&str>, now: Timestamp) -> Result<Range, Stop> {
    let read = |option: &str, text: Option<&str>| -> Result<Option<Timestamp>, Stop> {
        options::one(option, text, |text| parse(text, now))
    };
    let range = Range {
        from: read("--start-time", from)?,
        to: read("--end-time", to)?,
    };
    if let Some(from) = range.from {
        if from > now {
            return Err(Stop::usage(format_args!(
                "--start-time {from} is in the future: it is {} now, in UTC; give a time in the past",
                now.strftime("%Y-%m-%dT%H:%M:%SZ")
            )));
        }
        let to = range.to.unwrap_or(now);
        if from >= to {
            return Err(Stop::usage(format_args!(
                "--start-time {from} is not before --end-time {to}: exchange the two, or leave one out"
            )));
        }
    }
    Ok(range)
}

/// Reads a time in the future: a date, a time, or how long from `now`.
pub(crate) fn parse_future(text: &str, now: Timestamp) -> Result<Timestamp, FutureTimeError> {
    let from_now = duration(plain(text)).and_then(|duration| now.checked_add(duration).ok());
    from_now
        .map(whole_second)
        .or_else(|| parse(text, now).ok())
        .ok_or_else(|| FutureTimeError(clip(plain(text), 100).to_owned()))
}

fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    now.checked_sub(duration(text)?).ok()
}

/// Reads a number of weeks, days, hours or minutes. `M` is refused because it may mean months.
fn duration(text: &str) -> Option<SignedDuration> {
    let (number, minutes) = [
        ("w", 7 * 24 * 60),
        ("W", 7 * 24 * 60),
        ("d", 24 * 60),
        ("D", 24 * 60),
        ("h", 60),
        ("H", 60),
        ("m", 1),
    ]
    .into_iter()
    .find_map(|(unit, minutes)| Some((text.strip_suffix(unit)?, minutes)))?;
    let number = number.trim_end_matches(' ');
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let minutes = number.parse::<i64>().ok()?.checked_mul(minutes)?;
    SignedDuration::try_from_mins(minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_times_and_ages_are_read() {
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
            ("7 d", "2026-01-08T12:30:00Z"),
            ("7D", "2026-01-08T12:30:00Z"),
            (" 24H\n", "2026-01-14T12:30:00Z"),
            ("\"2026-01-10\"\r\n", "2026-01-10T00:00:00Z"),
            ("2026-01-10T05:06:07Z ", "2026-01-10T05:06:07Z"),
            ("2026-01-10T05:06:07.5Z", "2026-01-10T05:06:07Z"),
            ("2026-01-10t05:06:07z", "2026-01-10T05:06:07Z"),
            ("2026-01-10T05:06Z", "2026-01-10T05:06:00Z"),
            ("2026-01-10 05:06:07+02:00", "2026-01-10T03:06:07Z"),
            ("2026-01-10T05:06:07-0800", "2026-01-10T13:06:07Z"),
            (
                "2026-01-10T05:06:07+01:00[Europe/Berlin]",
                "2026-01-10T04:06:07Z",
            ),
            ("20260110", "2026-01-10T00:00:00Z"),
            ("20260110T050607Z", "2026-01-10T05:06:07Z"),
        ] {
            assert_eq!(parse(text, now).unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn other_text_is_not_a_time() {
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
            "30M",
            "7 days ago",
            "7\nd",
            "1d 2h",
            "2026-01-10,2026-01-11",
            "2026-01-10T05:06:07[Europe/Berlin]",
            "2026-01-10T05:06:07+99:00",
            "2026-01-10T05:06:07 CET",
            "2026-01-10T25:00:00Z",
            "15/01/2026",
            "1736899200",
            "1736899200000",
        ] {
            assert!(parse(text, now).is_err(), "{text}");
        }
    }

    #[test]
    fn a_start_in_the_future_is_named_as_such() {
        let now: Timestamp = "2026-01-15T12:30:00Z".parse().unwrap();
        let said = |from, to| format!("{:?}", range(Some(from), to, now).unwrap_err());
        for to in [None, Some("2999-01-02"), Some("2026-01-01")] {
            assert!(said("2999-01-01", to).contains("in the future"), "{to:?}");
        }
        assert!(said("2026-01-10", Some("2026-01-09")).contains("not before --end-time"));
        assert!(said("soon", None).contains("--start-time `soon` is not a time"));
        assert!(said("1d", Some(" ")).contains("--end-time has no value"));
        assert!(range(Some("2026-01-10"), Some("2999-01-01"), now).is_ok());
    }
}
