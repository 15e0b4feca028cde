//! The time of one chain that its digests cover.

use jiff::Timestamp;
use std::collections::BTreeMap;

/// The time of one chain that its hourly digests cover, by their ends, and whether CloudTrail
/// signed them.
#[derive(Debug, Clone, Default)]
pub struct SignedTime {
    hours: BTreeMap<Timestamp, Hour>,
}

/// The time of one digest, up to its end.
#[derive(Debug, Clone, Copy)]
struct Hour {
    start: Timestamp,
    is_signed: bool,
}

impl SignedTime {
    /// Adds the time of a digest. It replaces an earlier one with the same end.
    pub fn add(&mut self, start: Timestamp, end: Timestamp, is_signed: bool) {
        self.hours.insert(end, Hour { start, is_signed });
    }

    /// Returns the start of the oldest digest, regardless of who signed it.
    #[must_use]
    pub fn start(&self) -> Option<Timestamp> {
        self.hours.values().next().map(|hour| hour.start)
    }

    /// Returns the start of the oldest digest that CloudTrail signed.
    #[must_use]
    pub fn signed_start(&self) -> Option<Timestamp> {
        self.signed().next().map(|(start, _)| start)
    }

    /// Returns the end of the newest digest that CloudTrail signed.
    #[must_use]
    pub fn signed_end(&self) -> Option<Timestamp> {
        self.signed().next_back().map(|(_, end)| end)
    }

    /// Returns the end of the time from `time` on that digests signed by CloudTrail cover without a
    /// gap, which is `time` itself if none covers it. Returns `None` if `time` is not between the
    /// oldest of them and the newest.
    #[must_use]
    pub fn covered_from(&self, time: Timestamp) -> Option<Timestamp> {
        let is_between = self.signed_start()? <= time && self.signed_end()? > time;
        is_between.then(|| {
            self.hours
                .range(time..)
                .filter(|(_, hour)| hour.is_signed)
                .fold(time, |covered, (end, hour)| {
                    if hour.start <= covered {
                        covered.max(*end)
                    } else {
                        covered
                    }
                })
        })
    }

    /// Returns the start and end of each digest that CloudTrail signed, oldest first.
    fn signed(&self) -> impl DoubleEndedIterator<Item = (Timestamp, Timestamp)> {
        self.hours
            .iter()
            .filter(|(_, hour)| hour.is_signed)
            .map(|(end, hour)| (hour.start, *end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).unwrap()
    }

    fn of(hours: &[(i64, i64, bool)]) -> SignedTime {
        let mut time = SignedTime::default();
        for (start, end, is_signed) in hours {
            time.add(hour(*start), hour(*end), *is_signed);
        }
        time
    }

    #[test]
    fn time_is_covered_as_far_as_signed_digests_meet() {
        let meet = [(1, 2, true), (2, 3, true), (3, 4, true)];
        let gap = [(1, 2, true), (2, 3, true), (4, 5, true)];
        let unsigned = [(1, 2, true), (2, 3, false), (3, 4, true)];
        let overlap = [(1, 3, true), (2, 4, true)];
        for (hours, from, to) in [
            (&meet[..], 1, Some(4)),
            (&meet, 2, Some(4)),
            (&meet, 0, None),
            (&meet, 4, None),
            (&gap, 1, Some(3)),
            // In a gap, and at its start.
            (&gap, 3, Some(3)),
            (&gap, 4, Some(5)),
            (&unsigned, 1, Some(2)),
            (&unsigned, 2, Some(2)),
            (&unsigned, 3, Some(4)),
            (&overlap, 1, Some(4)),
            (&[(1, 2, false)], 1, None),
            (&[], 1, None),
        ] {
            assert_eq!(
                of(hours).covered_from(hour(from)),
                to.map(hour),
                "{hours:?} from {from}"
            );
        }
    }

    #[test]
    fn only_signed_digests_decide_where_the_time_starts_and_ends() {
        let time = of(&[(1, 2, false), (2, 3, true), (3, 4, true), (4, 5, false)]);
        assert_eq!(time.start(), Some(hour(1)));
        assert_eq!(time.signed_start(), Some(hour(2)));
        assert_eq!(time.signed_end(), Some(hour(4)));
        let none = of(&[(1, 2, false)]);
        assert_eq!((none.signed_start(), none.signed_end()), (None, None));
    }
}
