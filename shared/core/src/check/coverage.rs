//! The time of a chain that is accounted for: it is verified, or something is reported about it.

use jiff::Timestamp;

/// The time of a chain that is accounted for, in any order.
#[derive(Debug, Clone, Default)]
pub struct AccountedTime {
    stretches: Vec<(Timestamp, Timestamp)>,
}

/// The time for which a chain's digests are requested.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestedTime {
    /// The start of the time.
    pub from: Option<Timestamp>,
    /// The end of the time.
    pub to: Option<Timestamp>,
    /// The time up to which digests should have arrived; `None` if it is unknown.
    pub expected_until: Option<Timestamp>,
}

impl AccountedTime {
    /// Accounts for a range of time.
    pub fn add(&mut self, from: Timestamp, to: Timestamp) {
        self.stretches.push((from, to));
    }

    /// Returns the start of the time that is accounted for.
    #[must_use]
    pub fn start(&self) -> Option<Timestamp> {
        self.stretches.iter().map(|(from, _)| *from).min()
    }

    /// Returns the end of the time that is accounted for.
    #[must_use]
    pub fn end(&self) -> Option<Timestamp> {
        self.stretches.iter().map(|(_, to)| *to).max()
    }

    /// Returns the ranges between `from` and `to` that are not accounted for, oldest first.
    #[must_use]
    pub fn holes(&self, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let mut stretches = self.stretches.clone();
        stretches.sort_unstable();
        let mut holes = Vec::new();
        let mut at = from;
        for (start, end) in stretches {
            if start >= to {
                break;
            }
            if start > at {
                holes.push((at, start));
            }
            at = at.max(end);
        }
        if at < to {
            holes.push((at, to));
        }
        holes
    }

    /// Returns the time that a chain's digests should cover. Returns `None` if there is no such
    /// time.
    ///
    /// `oldest_is_signed`: whether CloudTrail signed the oldest digest that counts. Its own link
    /// states what was before it.
    #[must_use]
    pub fn due(
        &self,
        asked: RequestedTime,
        oldest_is_signed: bool,
    ) -> Option<(Timestamp, Timestamp)> {
        let until = asked.expected_until.or(asked.to);
        let (first, last) = match (self.start(), self.end()) {
            (Some(first), Some(last)) => (first, last),
            // There are only names, of digests next to the requested time, that are not
            // CloudTrail's.
            _ => match (asked.from, until) {
                (Some(from), Some(to)) => (from, to),
                (None, Some(to)) => (to, to),
                _ => return None,
            },
        };
        let from = match asked.from {
            Some(from) if oldest_is_signed => from.max(first),
            Some(from) => from,
            None => first,
        };
        Some((from, asked.expected_until.unwrap_or(last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).unwrap()
    }

    fn accounted(stretches: &[(i64, i64)]) -> AccountedTime {
        let mut time = AccountedTime::default();
        for (from, to) in stretches {
            time.add(hour(*from), hour(*to));
        }
        time
    }

    #[test]
    fn time_that_is_not_accounted_for_is_found() {
        let time = accounted(&[(5, 6), (1, 3), (2, 4), (9, 12)]);
        for (from, to, holes) in [
            (1, 12, &[(4, 5), (6, 9)][..]),
            (0, 14, &[(0, 1), (4, 5), (6, 9), (12, 14)]),
            (2, 4, &[]),
            (7, 8, &[(7, 8)]),
            (13, 14, &[(13, 14)]),
        ] {
            let expected: Vec<_> = holes.iter().map(|(a, b)| (hour(*a), hour(*b))).collect();
            assert_eq!(time.holes(hour(from), hour(to)), expected, "{from} to {to}");
        }
    }

    #[test]
    fn digests_are_due_for_the_requested_range() {
        for (stretches, from, to, expected_until, oldest_is_signed, due) in [
            // The oldest digest states what was before it; names state nothing.
            (&[(3, 9)][..], Some(1), Some(9), Some(9), true, Some((3, 9))),
            (&[(3, 9)], Some(1), Some(9), Some(9), false, Some((1, 9))),
            (&[(3, 9)], Some(5), Some(9), Some(9), true, Some((5, 9))),
            (&[(3, 9)], None, Some(12), Some(12), true, Some((3, 12))),
            // It is unknown when a copy was made.
            (&[(3, 9)], None, Some(12), None, true, Some((3, 9))),
            (&[], Some(1), Some(9), Some(8), false, Some((1, 8))),
            (&[], None, Some(9), Some(8), false, Some((8, 8))),
            (&[], Some(1), None, None, false, None),
        ] {
            let asked = RequestedTime {
                from: from.map(hour),
                to: to.map(hour),
                expected_until: expected_until.map(hour),
            };
            assert_eq!(
                accounted(stretches).due(asked, oldest_is_signed),
                due.map(|(from, to)| (hour(from), hour(to))),
                "{stretches:?} {asked:?}"
            );
        }
    }
}
