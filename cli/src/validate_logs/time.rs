//! Times on the command line, read and printed as the AWS CLI does.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The time between two hourly digests.
pub(super) const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The range of time that is validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ValidatedRange {
    /// The start.
    pub(super) start: Timestamp,
    /// The end.
    pub(super) end: Timestamp,
}

impl ValidatedRange {
    /// Reads the range that the flags name. Without an end, it ends at `now`.
    ///
    /// # Errors
    /// The AWS CLI's words for a text that is not a time, or a start after the end.
    pub(super) fn read(start: &str, end: Option<&str>, now: Timestamp) -> Result<Self, String> {
        let read = |text: &str| {
            parse(text).ok_or_else(|| format!("Unable to parse date value: {}", text.trim()))
        };
        let start = read(start)?;
        // To the AWS CLI, an empty text is not an end.
        let end = match end.filter(|text| !text.is_empty()) {
            Some(text) => read(text)?,
            None => now,
        };
        if start > end {
            return Err(
                "Invalid time range specified: start-time must occur before end-time".to_owned(),
            );
        }
        Ok(Self { start, end })
    }
}

/// Returns a time in the form of the AWS CLI's lines.
pub(super) fn display(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns a later time, or the last possible one.
pub(super) fn after(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// Returns an earlier time, or the first possible one.
pub(super) fn before(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

/// Reads an ISO 8601 date, optionally with a time. A zone may follow and is ignored, as the AWS CLI
/// ignores it: every time is UTC.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if !text.is_ascii() {
        return None;
    }
    let (date, rest) = split_date(text)?;
    let time = match rest.strip_prefix(['T', 't', ' ']) {
        Some(rest) => read_time(without_zone(rest.trim_start())?)?,
        None if rest.is_empty() => Time::midnight(),
        None => return None,
    };
    TimeZone::UTC.to_timestamp(date.to_datetime(time)).ok()
}

fn split_date(text: &str) -> Option<(Date, &str)> {
    let separator = text.get(4..5)?;
    if matches!(separator, "-" | "/") {
        let (month, second, day) = (text.get(5..7)?, text.get(7..8)?, text.get(8..10)?);
        if second != separator {
            return None;
        }
        Some((read_date(text.get(..4)?, month, day)?, text.get(10..)?))
    } else {
        let date = read_date(text.get(..4)?, text.get(4..6)?, text.get(6..8)?)?;
        Some((date, text.get(8..)?))
    }
}

fn read_date(year: &str, month: &str, day: &str) -> Option<Date> {
    let (month, day) = (i8::try_from(digits(month)?), i8::try_from(digits(day)?));
    Date::new(i16::try_from(digits(year)?).ok()?, month.ok()?, day.ok()?).ok()
}

/// Removes a zone: `Z`, a name for UTC, or an offset.
fn without_zone(time: &str) -> Option<&str> {
    let time = time.trim_end();
    for zone in ["Z", "z", "UTC", "GMT"] {
        if let Some(time) = time.strip_suffix(zone) {
            return Some(time.trim_end());
        }
    }
    let Some(at) = time.find(['+', '-']) else {
        return Some(time);
    };
    let (time, offset) = time.split_at(at);
    let offset: String = offset.get(1..)?.split(':').collect();
    (matches!(offset.len(), 2 | 4) && digits(&offset)? < 2400).then_some(time.trim_end())
}

fn read_time(time: &str) -> Option<Time> {
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let parts: Vec<&str> = match (time.contains(':'), time.len()) {
        (false, 4) => [time.get(..2), time.get(2..)]
            .into_iter()
            .flatten()
            .collect(),
        (false, 6) => [time.get(..2), time.get(2..4), time.get(4..)]
            .into_iter()
            .flatten()
            .collect(),
        _ => time.split(':').collect(),
    };
    let number = |part: Option<&&str>| match part {
        None => Some(0),
        Some(part) if part.len() == 2 => i8::try_from(digits(part)?).ok(),
        Some(_) => None,
    };
    if parts.len() > 3 || (!fraction.is_empty() && parts.len() != 3) {
        return None;
    }
    let (hour, minute) = (number(parts.first())?, number(parts.get(1))?);
    let second = number(parts.get(2))?;
    Time::new(hour, minute, second, nanoseconds(fraction)?).ok()
}

/// Returns the digits after the point, to the microsecond.
fn nanoseconds(fraction: &str) -> Option<i32> {
    let mut micros = 0;
    for position in 0..6 {
        let digit = match fraction.as_bytes().get(position) {
            None => 0,
            Some(byte) => char::from(*byte).to_digit(10)?,
        };
        micros = micros * 10 + digit;
    }
    fraction
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(())?;
    i32::try_from(micros * 1000).ok()
}

fn digits(text: &str) -> Option<u32> {
    let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        parse(text).map(display)
    }

    #[test]
    fn every_form_of_iso_8601_is_read() {
        for text in [
            "2026-01-15T08:00:00Z",
            "2026-01-15T08:00:00",
            "2026-01-15 08:00",
            "2026-01-15T08",
            "2026/01/15 08:00:00 UTC",
            "20260115T080000Z",
            "20260115T0800",
            " 2026-01-15T08:00:00.25Z ",
            "2026-01-15T08:00:00+05:30",
            "2026-01-15T08:00:00-0800",
        ] {
            assert_eq!(
                shown(text).as_deref(),
                Some("2026-01-15T08:00:00Z"),
                "{text}"
            );
        }
        assert_eq!(shown("2026-01-15").as_deref(), Some("2026-01-15T00:00:00Z"));
        assert_eq!(shown("20260115").as_deref(), Some("2026-01-15T00:00:00Z"));
    }

    #[test]
    fn text_that_is_not_a_time_is_refused() {
        for text in [
            "",
            "foo",
            "2026-13-01",
            "2026-02-30",
            "2026-01-15T25:00:00Z",
            "2026-01-15T08:60",
            "2026-01-15x",
            "2026-01/15",
            "2026-01-15T08:00:00+9999",
            "2026-01-15T8:00",
            "2026-01-15T08:00:00.1x",
            "1736899200",
            "۲۰۲۶-01-15",
            "2026-01-15T080",
            "2026-01-15T08:00:00:00",
            "-",
            "2026",
            "2026-01-15T",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn fractions_count_to_the_microsecond() {
        let time = parse("2026-01-15T08:00:00.1234567Z").unwrap();
        assert_eq!(time.subsec_nanosecond(), 123_456_000);
    }

    #[test]
    fn a_range_must_end_after_it_starts() {
        let now = parse("2026-01-20").unwrap();
        let range = ValidatedRange::read("2026-01-15", Some(""), now).unwrap();
        assert_eq!(range.end, now);
        assert_eq!(
            ValidatedRange::read("2026-01-15", Some("2026-01-14"), now).unwrap_err(),
            "Invalid time range specified: start-time must occur before end-time"
        );
        assert_eq!(
            ValidatedRange::read("tomorrow", None, now).unwrap_err(),
            "Unable to parse date value: tomorrow"
        );
    }
}
