//! The verdict on every stretch of a chain's time, as the report shows it.

use crate::report::{Outcome, Stretch};
use jiff::Timestamp;

/// Stretches of time, added in any order.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    digests: Vec<Stretch>,
    uncovered: Vec<(Timestamp, Timestamp)>,
    /// Time that nothing covers and that could not be verified.
    unverified: Vec<(Timestamp, Timestamp)>,
}

impl Coverage {
    /// Adds the time of a digest.
    pub(crate) fn digest(
        &mut self,
        (from, to): (Timestamp, Timestamp),
        state: Outcome,
        log_files: u64,
    ) {
        self.digests.push(Stretch {
            from,
            to,
            state,
            digests: 1,
            log_files,
        });
    }

    /// Adds time that no digest covers, although one should.
    pub(crate) fn uncovered(&mut self, from: Timestamp, to: Timestamp) {
        if from < to {
            self.uncovered.push((from, to));
        }
    }

    /// Adds time that no digest here covers and that could not be verified. For a copy on disk, a
    /// digest in the bucket may cover it.
    pub(crate) fn unverified(&mut self, from: Timestamp, to: Timestamp) {
        if from < to {
            self.unverified.push((from, to));
        }
    }

    /// Returns everything within `from` and `to`, oldest first, without overlaps. Where stretches
    /// overlap, the worse state counts.
    pub(crate) fn stretches(self, from: Option<Timestamp>, to: Option<Timestamp>) -> Vec<Stretch> {
        let Self {
            mut digests,
            uncovered,
            unverified,
        } = self;
        digests.sort_by_key(|stretch| (stretch.from, stretch.to));
        let mut pieces: Vec<Stretch> = Vec::new();
        for stretch in digests {
            add(&mut pieces, stretch);
        }
        for (windows, state) in [
            (uncovered, Outcome::Finding),
            (unverified, Outcome::CannotTell),
        ] {
            let between: Vec<Stretch> = joined(windows)
                .into_iter()
                .flat_map(|window| gaps(&pieces, window, state))
                .collect();
            pieces.extend(between);
            pieces.sort_by_key(|piece| piece.from);
        }
        let start = from.unwrap_or(Timestamp::MIN);
        let end = to.unwrap_or(Timestamp::MAX);
        let mut merged: Vec<Stretch> = Vec::new();
        for mut piece in pieces {
            piece.from = piece.from.max(start);
            piece.to = piece.to.min(end);
            if piece.from >= piece.to {
                continue;
            }
            match merged.last_mut() {
                Some(last) if last.to == piece.from && last.state == piece.state => {
                    last.to = piece.to;
                    last.digests += piece.digests;
                    last.log_files += piece.log_files;
                }
                _ => merged.push(piece),
            }
        }
        merged
    }
}

/// Adds a stretch after those that start before it.
fn add(pieces: &mut Vec<Stretch>, mut stretch: Stretch) {
    if let Some(last) = pieces.last_mut()
        && last.to > stretch.from
    {
        // Both stretches cover the time: the worse state counts, and the digests of both.
        let (overlap, state) = (last.to.min(stretch.to), last.state.max(stretch.state));
        if last.state == state {
            last.digests += stretch.digests;
            last.log_files += stretch.log_files;
            stretch.digests = 0;
            stretch.log_files = 0;
            stretch.from = overlap;
        } else {
            last.to = stretch.from;
            if last.from >= last.to {
                let gone = pieces.pop();
                stretch.digests += gone.as_ref().map_or(0, |gone| gone.digests);
                stretch.log_files += gone.map_or(0, |gone| gone.log_files);
            }
        }
    }
    if stretch.from < stretch.to {
        pieces.push(stretch);
    }
}

/// Returns the windows in order, without overlaps.
fn joined(mut windows: Vec<(Timestamp, Timestamp)>) -> Vec<(Timestamp, Timestamp)> {
    windows.sort_unstable();
    let mut joined: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (from, to) in windows {
        match joined.last_mut() {
            Some((_, end)) if *end >= from => *end = to.max(*end),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// Returns the parts of a window that nothing verifies, between the pieces, which are in order.
///
/// Time that digests cover keeps their state: a window between two digests may touch them, but no
/// more.
fn gaps(pieces: &[Stretch], (from, to): (Timestamp, Timestamp), state: Outcome) -> Vec<Stretch> {
    let first = pieces.partition_point(|piece| piece.to <= from);
    let mut gaps = Vec::new();
    let mut at = from;
    for piece in pieces.iter().skip(first) {
        if piece.from >= to {
            break;
        }
        if piece.from > at {
            gaps.push((at, piece.from));
        }
        at = at.max(piece.to);
    }
    if at < to {
        gaps.push((at, to));
    }
    gaps.into_iter()
        .map(|(from, to)| Stretch {
            from,
            to,
            state,
            digests: 0,
            log_files: 0,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{CannotTell, Finding, Valid};

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).unwrap()
    }

    fn shown(
        coverage: Coverage,
        from: Option<i64>,
        to: Option<i64>,
    ) -> Vec<(i64, i64, Outcome, u64)> {
        coverage
            .stretches(from.map(hour), to.map(hour))
            .into_iter()
            .map(|s| {
                (
                    s.from.as_second() / 3600,
                    s.to.as_second() / 3600,
                    s.state,
                    s.digests,
                )
            })
            .collect()
    }

    #[test]
    fn adjacent_ranges_of_one_state_are_merged() {
        let mut coverage = Coverage::default();
        for (from, state) in [
            (3, Valid),
            (1, Valid),
            (2, Valid),
            (4, Finding),
            (5, CannotTell),
        ] {
            coverage.digest((hour(from), hour(from + 1)), state, 1);
        }
        assert_eq!(
            shown(coverage, None, None),
            [(1, 4, Valid, 3), (4, 5, Finding, 1), (5, 6, CannotTell, 1)]
        );
    }

    #[test]
    fn uncovered_time_is_shown_between_the_digests() {
        let mut coverage = Coverage::default();
        coverage.digest((hour(1), hour(2)), Valid, 1);
        coverage.digest((hour(6), hour(7)), Valid, 1);
        coverage.digest((hour(3), hour(4)), CannotTell, 1);
        coverage.uncovered(hour(2), hour(6));
        coverage.uncovered(hour(4), hour(5));
        assert_eq!(
            shown(coverage, None, None),
            [
                (1, 2, Valid, 1),
                (2, 3, Finding, 0),
                (3, 4, CannotTell, 1),
                (4, 6, Finding, 0),
                (6, 7, Valid, 1)
            ]
        );
    }

    #[test]
    fn time_outside_the_range_is_cut_off() {
        let mut coverage = Coverage::default();
        coverage.digest((hour(1), hour(2)), Valid, 1);
        coverage.digest((hour(2), hour(3)), Valid, 1);
        coverage.uncovered(hour(3), hour(9));
        assert_eq!(
            shown(coverage, Some(2), Some(5)),
            [(2, 3, Valid, 1), (3, 5, Finding, 0)]
        );
    }

    #[test]
    fn overlapping_digests_count_once_with_the_worse_state() {
        let mut coverage = Coverage::default();
        coverage.digest((hour(1), hour(3)), Valid, 1);
        coverage.digest((hour(2), hour(4)), Finding, 1);
        coverage.digest((hour(2), hour(4)), Finding, 1);
        coverage.digest((hour(3), hour(5)), Valid, 1);
        let shown = shown(coverage, None, None);
        assert_eq!(shown.iter().map(|s| s.3).sum::<u64>(), 4);
        assert!(
            shown.windows(2).all(|pair| pair[0].1 <= pair[1].0),
            "{shown:?}"
        );
        assert!(shown.iter().any(|s| s.2 == Finding && s.0 <= 2 && s.1 >= 4));
    }
}
