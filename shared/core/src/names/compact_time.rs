//! Times as object names contain them, `20260115T120000Z`, and as events do, `2026-01-15T12:00:00Z`.

use jiff::tz::Offset;
use jiff::{Timestamp, civil};
use std::ops::Range;

/// Formats a time to the second, such as `20260115T120000Z`.
#[must_use]
pub fn compact_time(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Reads a time such as `20260115T120000Z`, with `CLOCK` digits after the `T`: hours, minutes and,
/// if there are six, seconds.
#[must_use]
pub fn read_compact_time<const CLOCK: usize>(text: &str) -> Option<Timestamp> {
    let text = text.as_bytes();
    let is_formed = text.len() == 10 + CLOCK && text.get(8) == Some(&b'T');
    if !is_formed || text.last() != Some(&b'Z') {
        return None;
    }
    time_at(text, [4, 6, 9, 11], (CLOCK > 4).then_some(13))
}

/// Reads a time of an event. Almost all have the form `2026-01-15T12:00:00Z`, which needs no general
/// parser.
pub(crate) fn read_event_time(text: &str) -> Option<Timestamp> {
    const FORM: [(usize, u8); 6] = [
        (4, b'-'),
        (7, b'-'),
        (10, b'T'),
        (13, b':'),
        (16, b':'),
        (19, b'Z'),
    ];
    let bytes = text.as_bytes();
    let is_formed = bytes.len() == 20 && FORM.iter().all(|(at, byte)| bytes.get(*at) == Some(byte));
    let usual = is_formed.then(|| time_at(bytes, [5, 8, 11, 14], Some(17)));
    usual.flatten().or_else(|| text.parse().ok())
}

/// Returns the time in UTC whose year is at the start of the text. `places`: the places of the two
/// digits of month, day, hour and minute. Without a place, the second is zero.
fn time_at(text: &[u8], places: [usize; 4], second: Option<usize>) -> Option<Timestamp> {
    let digits = |range: Range<usize>| {
        let mut digits = text.get(range)?.iter();
        digits.try_fold(0, |number: i16, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + i16::from(digit - b'0'))
        })
    };
    let two = |at: usize| i8::try_from(digits(at..at + 2)?).ok();
    let [month, day, hour, minute] = places;
    let time = civil::DateTime::new(
        digits(0..4)?,
        two(month)?,
        two(day)?,
        two(hour)?,
        two(minute)?,
        second.map_or(Some(0), two)?,
        0,
    );
    Offset::UTC.to_timestamp(time.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_hold_times_in_one_form() {
        let noon = "2026-01-15T12:00:00Z".parse().ok();
        assert_eq!(read_compact_time::<6>("20260115T120000Z"), noon);
        assert_eq!(read_compact_time::<4>("20260115T1200Z"), noon);
        for text in [
            "",
            "20260115T1200Z",
            "20260115 120000Z",
            "20260115T120000",
            "20260115T12000éZ",
            "20260115T+20000Z",
            "20260230T120000Z",
            "20260115T250000Z",
            "020260115T120000Z",
        ] {
            assert_eq!(read_compact_time::<6>(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_time_of_an_event_is_what_the_general_parser_reads(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,3})?[Zz]|\\PC{0,24}",
        ) {
            prop_assert_eq!(read_event_time(&text), text.parse().ok());
        }
    }
}
