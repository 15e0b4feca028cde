//! Times as object names contain them: `20260115T120000Z`.

use crate::names::split::split_once;
use jiff::tz::Offset;
use jiff::{Timestamp, civil};

/// Formats a time to the second, such as `20260115T120000Z`.
#[must_use]
pub fn compact_time(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Reads a time such as `20260115T120000Z`, with `CLOCK` digits after the `T`: hours, minutes and,
/// if there are six, seconds.
#[must_use]
pub fn read_compact_time<const CLOCK: usize>(text: &str) -> Option<Timestamp> {
    let (date, clock) = split_once(text.strip_suffix('Z')?, b'T')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if date.len() != 8 || clock.len() != CLOCK || !digits(date) || !digits(clock) {
        return None;
    }
    let two = |text: &str, at: usize| text.get(at..at + 2)?.parse::<i8>().ok();
    let second = if CLOCK > 4 { two(clock, 4)? } else { 0 };
    let time = civil::DateTime::new(
        date.get(..4)?.parse().ok()?,
        two(date, 4)?,
        two(date, 6)?,
        two(clock, 0)?,
        two(clock, 2)?,
        second,
        0,
    );
    Offset::UTC.to_timestamp(time.ok()?).ok()
}
