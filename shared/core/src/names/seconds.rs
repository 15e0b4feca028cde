//! Times in messages and reports, in whole seconds.

use jiff::Timestamp;
use serde::{Serialize as _, Serializer};

/// Returns the time without its fraction of a second, rounded down.
#[must_use]
pub fn whole_second(time: Timestamp) -> Timestamp {
    let second = time.as_second();
    let down = if time.subsec_nanosecond() < 0 {
        second - 1
    } else {
        second
    };
    Timestamp::from_second(down).unwrap_or(time)
}

/// Writes a time in whole seconds, for `#[serde(serialize_with = "…")]`.
///
/// # Errors
/// The error of the serializer.
pub fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    whole_second(*time).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_cut_off() {
        for (time, expected) in [
            ("2026-01-15T17:00:00.999999999Z", "2026-01-15T17:00:00Z"),
            ("2026-01-15T17:00:59Z", "2026-01-15T17:00:59Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59Z"),
        ] {
            let time: Timestamp = time.parse().unwrap();
            assert_eq!(whole_second(time).to_string(), expected);
        }
        assert_eq!(whole_second(Timestamp::MIN), Timestamp::MIN);
    }
}
