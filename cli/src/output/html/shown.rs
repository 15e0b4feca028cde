//! The chains that a page lists and draws.

use super::text;
use crate::report::{ChainReport, Outcome, Verification};
use maud::{Markup, html};

/// The maximum number of chains that are listed and drawn: those with the worst verdicts.
pub(super) const MAX_CHAINS: usize = 1000;

/// The chains that are listed and drawn.
pub(super) struct ShownChains<'a> {
    /// The chains, in the order of the report, each with its number there.
    pub(super) shown: Vec<(usize, &'a ChainReport)>,
    /// The number of chains that are left out.
    pub(super) left_out: usize,
}

impl<'a> ShownChains<'a> {
    pub(super) fn of(verification: &'a Verification) -> Self {
        Self::among(&verification.chains)
    }

    /// Returns those of a list of chains.
    pub(super) fn among(chains: &'a [ChainReport]) -> Self {
        let mut shown: Vec<_> = chains.iter().enumerate().collect();
        let left_out = shown.len().saturating_sub(MAX_CHAINS);
        if left_out > 0 {
            shown.sort_by_key(|(_, chain)| std::cmp::Reverse(chain.verdict));
            shown.truncate(MAX_CHAINS);
            shown.sort_by_key(|(number, _)| *number);
        }
        Self { shown, left_out }
    }

    /// Returns whether all are under one prefix of one bucket.
    pub(super) fn in_one_place(&self) -> bool {
        self.shown
            .array_windows()
            .all(|[(_, one), (_, other)]| one.shares_prefix_with(other))
    }

    /// Returns the note that chains are left out.
    pub(super) fn note(&self) -> Markup {
        html! {
            @if self.left_out > 0 {
                p.more {
                    (text::count(self.left_out, "more chain", "more chains"))
                    " not shown. Chains with findings are shown first. "
                    code { "--format json" } " contains every chain."
                }
            }
        }
    }
}

impl ChainReport {
    /// Returns whether another chain is under the same prefix of the same bucket.
    pub(super) fn shares_prefix_with(&self, other: &Self) -> bool {
        (&self.bucket, &self.prefix, &self.organization)
            == (&other.bucket, &other.prefix, &other.organization)
    }
}

/// Returns whether an outcome is as it should be.
pub(super) fn is_fine(outcome: Outcome) -> bool {
    outcome == Outcome::Valid
}
