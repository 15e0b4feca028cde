//! The time that a round looks at.

use crate::receipt::STORED_APART_FOR;
use jiff::{SignedDuration, Timestamp};

/// The age up to which a round looks for digests that were not verified.
const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(48);

// A round finds the receipts of these digests by their keys.
const _: () = assert!(LOOKED_BACK.as_secs() < STORED_APART_FOR.as_secs());

/// The maximum difference between the clocks of AWS and of the function.
const CLOCKS: SignedDuration = SignedDuration::from_hours(1);

/// The time that a round looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// The start.
    pub(super) from: Timestamp,
    /// The time of the round.
    pub(super) now: Timestamp,
    /// The end: digests that end later are not CloudTrail's.
    pub(super) to: Timestamp,
}

impl Span {
    /// Returns the span of a round at `now`.
    pub(super) fn at(now: Timestamp) -> Self {
        Self {
            from: now.saturating_sub(LOOKED_BACK).unwrap_or(Timestamp::MIN),
            now,
            to: now.saturating_add(CLOCKS).unwrap_or(Timestamp::MAX),
        }
    }

    /// Returns whether a digest that ends at `end` is in the span.
    pub(super) fn holds(&self, end: Timestamp) -> bool {
        end > self.from && end <= self.to
    }

    /// Returns a time of each day of the span.
    pub(super) fn days(&self) -> Vec<Timestamp> {
        let mut days = Vec::new();
        let mut day = self.from;
        while day < self.to {
            days.push(day);
            match day.checked_add(SignedDuration::from_hours(24)) {
                Ok(next) => day = next,
                Err(_) => break,
            }
        }
        let is_new = |last: &Timestamp| {
            last.strftime("%F").to_string() != self.to.strftime("%F").to_string()
        };
        if days.last().is_none_or(is_new) {
            days.push(self.to);
        }
        days
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_each_of_its_days_once() {
        for (now, days) in [
            ("2026-01-15T00:30:00Z", &["13", "14", "15"][..]),
            ("2026-01-15T12:00:00Z", &["13", "14", "15"]),
            ("2026-01-15T23:30:00Z", &["13", "14", "15", "16"]),
            ("2026-01-15T23:00:00Z", &["13", "14", "15", "16"]),
            ("2026-01-15T22:59:59Z", &["13", "14", "15"]),
        ] {
            let span = Span::at(now.parse().unwrap());
            let found: Vec<String> = span
                .days()
                .iter()
                .map(|day| day.strftime("%d").to_string())
                .collect();
            assert_eq!(found, days, "{now}");
        }
    }

    #[test]
    fn a_span_ends_after_the_clocks_difference() {
        let span = Span::at("2026-01-15T12:00:00Z".parse().unwrap());
        for (end, holds) in [
            ("2026-01-13T12:00:00Z", false),
            ("2026-01-13T12:00:01Z", true),
            ("2026-01-15T13:00:00Z", true),
            ("2026-01-15T13:00:01Z", false),
        ] {
            assert_eq!(span.holds(end.parse().unwrap()), holds, "{end}");
        }
    }
}
