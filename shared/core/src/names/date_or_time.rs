//! Dates and times in the parameters of the stack.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The error for a text that is neither a date nor a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is neither a date nor a time in UTC")]
pub struct DateOrTimeError;

/// Reads a time, or a date as its midnight in UTC.
///
/// # Errors
/// [`DateOrTimeError`].
pub fn date_or_time(text: &str) -> Result<Timestamp, DateOrTimeError> {
    let date = || {
        let date: Date = text.parse().ok().filter(|_| text.len() == 10)?;
        Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    text.parse().ok().or_else(date).ok_or(DateOrTimeError)
}
