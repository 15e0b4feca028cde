//! Hours and times, and what a page leaves out.

use crate::output::html::text;
use crate::report::auditor::AuditorHour;
use jiff::Timestamp;
use maud::{Markup, html};

/// Returns a number of seconds as hours: `744`, or `0.7`.
pub(super) fn hours(seconds: u64) -> String {
    let tenths = (seconds % 3600) / 360;
    match (seconds / 3600, tenths) {
        (0, 0) if seconds > 0 => "less than 0.1".to_owned(),
        (whole, 0) => text::number(whole),
        (whole, tenths) => format!("{}.{tenths}", text::number(whole)),
    }
}

/// Returns the note that a part is only in the JSON form.
pub(super) fn more(left_out: u64) -> Markup {
    html! {
        @if left_out > 0 {
            p.more { (text::number(left_out)) " more are not shown. " code { "--format json" } " contains them." }
        }
    }
}

/// Returns how many of all are left out if so many are shown.
pub(super) fn left_out(all: usize, shown: usize) -> u64 {
    u64::try_from(all.saturating_sub(shown)).unwrap_or(u64::MAX)
}

/// Returns the earliest and the latest of the times.
pub(super) fn times(hours: &[AuditorHour], at: impl Fn(&AuditorHour) -> Timestamp) -> Markup {
    let earliest = hours.iter().map(&at).min();
    let latest = hours.iter().map(&at).max();
    html! {
        @match (earliest, latest) {
            (Some(earliest), Some(latest)) if earliest != latest => {
                (text::moment(earliest)) " –" br; " " (text::moment(latest))
            },
            (Some(at), _) => (text::moment(at)),
            _ => span.none { "never" },
        }
    }
}
