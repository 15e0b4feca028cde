//! The texts of which a record must contain one to be passed on.
//!
//! The tests are in `shared/core/src/format/records/tests.rs`.

use aho_corasick::{AhoCorasick, MatchKind};

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
}
