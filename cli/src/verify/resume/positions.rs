//! Positions of log files in a digest's list.

use std::fmt::Write as _;

/// Positions in a list, as ranges with both ends: in order, without overlaps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Positions(Vec<(u32, u32)>);

impl Positions {
    /// Reads `0-63,70`. Returns none if the text is anything other than ranges in order, below
    /// `of`.
    pub(super) fn parse(text: &str, of: u32) -> Option<Self> {
        let number = |text: &str| -> Option<u32> {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|number| digits && *number < of)
        };
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for range in text.split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last) = (number(first)?, number(last)?);
            let follows = ranges.last().is_none_or(|(_, before)| first > *before);
            if first > last || !follows {
                return None;
            }
            ranges.push((first, last));
        }
        Some(Self(ranges).joined())
    }

    /// Returns the ranges of positions that are given in any order. Each position counts once.
    pub(super) fn of(mut positions: Vec<u32>) -> Self {
        positions.sort_unstable();
        positions.dedup();
        Self(positions.into_iter().map(|at| (at, at)).collect()).joined()
    }

    /// Returns both together, or none if they share a position.
    pub(super) fn with(&self, other: &Self) -> Option<Self> {
        let mut ranges = [self.0.as_slice(), other.0.as_slice()].concat();
        ranges.sort_unstable();
        let apart = ranges
            .array_windows()
            .all(|[(_, last), (first, _)]| first > last);
        apart.then(|| Self(ranges).joined())
    }

    /// Joins neighboring ranges.
    fn joined(self) -> Self {
        let mut joined: Vec<(u32, u32)> = Vec::new();
        for (first, last) in self.0 {
            match joined.last_mut() {
                Some((_, before)) if before.checked_add(1) == Some(first) => *before = last,
                _ => joined.push((first, last)),
            }
        }
        joined.shrink_to_fit();
        Self(joined)
    }

    pub(super) fn count(&self) -> u64 {
        self.0
            .iter()
            .map(|(first, last)| u64::from(last - first) + 1)
            .sum()
    }

    pub(super) fn holds(&self, position: u32) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= position);
        after
            .checked_sub(1)
            .and_then(|at| self.0.get(at))
            .is_some_and(|(_, last)| *last >= position)
    }

    /// Returns a text such as `0-63,70`.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (first, last) in &self.0 {
            let comma = if text.is_empty() { "" } else { "," };
            // Writing to a String cannot fail.
            let _ = if first == last {
                write!(text, "{comma}{first}")
            } else {
                write!(text, "{comma}{first}-{last}")
            };
        }
        text
    }

    /// Returns all positions below `of`, or none if there are no positions.
    pub(super) fn all(of: u32) -> Option<Self> {
        Some(Self(vec![(0, of.checked_sub(1)?)]))
    }

    /// Returns the number of ranges.
    pub(super) fn ranges(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_as_they_are_written() {
        let mut state = 1_u32;
        for size in 1..200 {
            let positions: Vec<u32> = (0..size)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 16) % 300
                })
                .collect();
            let ranges = Positions::of(positions.clone());
            assert_eq!(Positions::parse(&ranges.text(), 300), Some(ranges.clone()));
            for at in 0..300 {
                assert_eq!(ranges.holds(at), positions.contains(&at), "{ranges:?}");
            }
        }
    }
}
