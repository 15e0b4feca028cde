//! The date folders of a log bucket: `YYYY/MM/DD/`, in UTC.

use jiff::Timestamp;
use jiff::civil::Date;

/// Returns the folder of the day of a time, `YYYY/MM/DD/`.
#[must_use]
pub fn day_folder(time: Timestamp) -> String {
    time.strftime("%Y/%m/%d/").to_string()
}

/// Returns the folder of a day, `YYYY/MM/DD/`.
#[must_use]
pub fn date_folder(day: Date) -> String {
    day.strftime("%Y/%m/%d/").to_string()
}

/// Returns the folder of a day's month, `YYYY/MM/`.
#[must_use]
pub fn month_folder(day: Date) -> String {
    day.strftime("%Y/%m/").to_string()
}

/// Returns whether a text is the date `YYYY`, `YYYY/MM` or `YYYY/MM/DD`. CloudTrail never delivers
/// to a folder of the 31st of a month that has 30 days.
#[must_use]
pub fn is_date(text: &str) -> bool {
    const FORM: &[u8] = b"0000/00/00";
    let is_formed = matches!(text.len(), 4 | 7 | 10)
        && text.bytes().zip(FORM).all(|(byte, form)| match form {
            b'/' => byte == b'/',
            _ => byte.is_ascii_digit(),
        });
    let mut parts = text.split('/');
    let year = parts.next().and_then(|year| year.parse().ok());
    let mut next = || parts.next().map_or(Some(1), |part| part.parse().ok());
    let (month, day) = (next(), next());
    is_formed
        && match (year, month, day) {
            (Some(year), Some(month), Some(day)) => Date::new(year, month, day).is_ok(),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_distinguished_from_other_folders() {
        for date in ["2026", "2026/01", "2026/01/15"] {
            assert!(is_date(date), "{date}");
        }
        for other in [
            "",
            "x",
            "202",
            "20260",
            "2026-01",
            "2026/x1",
            "2026/01/1",
            "2026/01/155",
            "２０２６",
            "2026/00",
            "2026/13",
            "2026/09/00",
            "2026/09/31",
        ] {
            assert!(!is_date(other), "{other}");
        }
    }
}
