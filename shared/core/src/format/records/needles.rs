//! The texts of which a record must contain one to be passed on.
//!
//! The tests are in `shared/core/src/format/records/tests.rs`.

use aho_corasick::{AhoCorasick, Input, MatchKind};
use std::ops::Range;

/// Texts to search for. A search takes one pass over the bytes, however many texts there are.
#[derive(Debug, Clone)]
pub struct Needles(Option<AhoCorasick>);

impl Needles {
    /// Returns the search for these texts.
    #[must_use]
    pub fn new(texts: &[&str]) -> Self {
        // A leftmost match lets the search skip bytes with vector instructions. If the texts are
        // too many for an automaton, every record is passed on.
        let mut search = AhoCorasick::builder();
        Self(
            search
                .match_kind(MatchKind::LeftmostFirst)
                .build(texts)
                .ok(),
        )
    }

    /// Returns whether the bytes contain one of the texts.
    #[must_use]
    pub fn are_in(&self, bytes: &[u8]) -> bool {
        self.0.as_ref().is_none_or(|search| search.is_match(bytes))
    }

    /// Returns the first of the texts in the bytes from `start` on.
    fn first_in(&self, bytes: &[u8], start: usize) -> Option<Range<usize>> {
        let Some(search) = &self.0 else {
            return Some(start..start);
        };
        let rest = Input::new(bytes).range(start.min(bytes.len())..);
        Some(search.find(rest)?.range())
    }
}

/// The needles in some bytes, searched for in one pass while a reader goes through the bytes.
pub(super) struct NeedleSearch<'n, 'b> {
    /// Every record is passed on without needles.
    needles: Option<&'n Needles>,
    bytes: &'b [u8],
    next: Option<Range<usize>>,
}

impl<'n, 'b> NeedleSearch<'n, 'b> {
    pub(super) fn new(needles: Option<&'n Needles>, bytes: &'b [u8]) -> Self {
        Self {
            needles,
            bytes,
            next: needles.and_then(|needles| needles.first_in(bytes, 0)),
        }
    }

    /// Returns the number of bytes between `start` and the next needle; `None` if there are no more
    /// needles.
    pub(super) fn distance_from(&mut self, start: usize) -> Option<usize> {
        let Some(needles) = self.needles else {
            return Some(0);
        };
        if self.next.as_ref()?.start < start {
            self.next = needles.first_in(self.bytes, start);
        }
        Some(self.next.as_ref()?.start - start)
    }

    /// Returns whether a needle is between two positions. The next position is not before them.
    pub(super) fn is_between(&mut self, start: usize, end: usize) -> bool {
        let Some(distance) = self.distance_from(start) else {
            return false;
        };
        let (Some(needles), Some(next)) = (self.needles, &self.next) else {
            return true;
        };
        if next.end <= end {
            return true;
        }
        // A needle that does not end there may be longer than another one.
        let between = self.bytes.get(start..end).unwrap_or_default();
        distance < between.len() && needles.are_in(between)
    }
}
